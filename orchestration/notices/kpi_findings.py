"""What the published file says is wrong: stale sources, missed targets, KPIs that got worse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from orchestration.loading.identifiers import quote
from orchestration.notices.findings import SIGNALS, SOURCES, TARGETS, Finding, Review
from orchestration.publishing.marts import FILE_SCHEMA
from orchestration.report.numbers import show, show_day, show_target
from orchestration.report.signals import name_rule

_FRESHNESS, _SCORECARD, _REGISTER = "meta_source_freshness", "kpi_scorecard", "fct_risk_register"


@dataclass(frozen=True)
class _Card:
    """A line of the scorecard, as it is shown; ``risk_rank`` is null where no target is missed."""

    kpi_id: str
    segment_type: str
    segment_id: str
    kpi_name: str
    segment_name: str
    period_grain: str
    period_start: date
    value: float | None
    unit: str
    target: float | None
    target_upper: float | None
    direction: str
    status: str
    signal: str | None
    is_worse: bool
    risk_rank: int | None

    @property
    def key(self) -> str:
        return f"{self.kpi_id}/{self.segment_type}/{self.segment_id}"

    @property
    def name(self) -> str:
        return f"{self.kpi_name}, {self.segment_name}"

    @property
    def reading(self) -> str:
        return (
            f"{self.kpi_name}, {self.segment_name}: {show(self.value, self.unit)} in the {self.period_grain} "
            f"from {show_day(self.period_start)}"
        )

    @property
    def aim(self) -> str:
        return show_target(self.target, self.target_upper, self.direction, self.unit, "")


def review_publication(con: duckdb.DuckDBPyConnection) -> tuple[Review, ...]:
    """Stale sources, missed targets and signals, as the published file ``con`` tells them."""
    tables = {
        name
        for (name,) in con.execute(
            "select table_name from duckdb_tables() where schema_name = ?", [FILE_SCHEMA]
        ).fetchall()
    }
    reviews: list[Review] = []
    if _FRESHNESS in tables:
        reviews.append(_review_sources(con))
    if {_SCORECARD, _REGISTER} <= tables:
        cards = _read_cards(con)
        reviews += [_review_targets(cards), _review_signals(cards)]
    return tuple(reviews)


def _review_sources(con: duckdb.DuckDBPyConnection) -> Review:
    rows = con.execute(
        f"""
        select system || '.' || table_name, lag_days, stale_after_days
        from {quote(FILE_SCHEMA, _FRESHNESS)}
        where freshness = 'stale'
        order by lag_days - stale_after_days desc, system, table_name
        """  # noqa: S608
    ).fetchall()
    return Review(
        SOURCES,
        tuple(
            Finding(
                table,
                "stale",
                f"{table}: its newest is {lag} days old, and stale after {allowed}.",
                f"{table} is fresh again.",
            )
            for table, lag, allowed in rows
        ),
    )


def _read_cards(con: duckdb.DuckDBPyConnection) -> list[_Card]:
    """Every headline and every card with a target, the greatest risk first; not those of customers.

    A customer can be a person, and what one of hundreds costs is for the mart, not for an alarm.
    """
    rows = con.execute(
        f"""
        select
            kpi_id, segment_type, segment_id, cards.kpi_name, cards.segment_name, cards.period_grain,
            cards.period_start, cards.value, cards.unit, cards.target, cards.target_upper, cards.direction,
            cards.status, cards.signal, coalesce(cards.is_headline and not cards.is_improvement, false),
            risks.risk_rank
        from {quote(FILE_SCHEMA, _SCORECARD)} as cards
        left join {quote(FILE_SCHEMA, _REGISTER)} as risks using (kpi_id, segment_type, segment_id)
        where segment_type <> 'customer' and cards.status is not null
        order by risks.risk_rank nulls last, kpi_id, segment_type, segment_id
        """  # noqa: S608
    ).fetchall()
    return [_Card(*row) for row in rows]


def _review_targets(cards: list[_Card]) -> Review:
    found = tuple(
        Finding(
            card.key,
            "missed",
            f"{card.reading}, target {card.aim}.",
            f"{card.name}: its target is missed no longer.",
        )
        for card in cards
        if card.status == "missed"
    )
    return Review(TARGETS, found, lambda key: key not in _unjudged(cards))


def _review_signals(cards: list[_Card]) -> Review:
    found = tuple(
        Finding(
            card.key,
            str(card.signal),
            f"{card.reading}, {name_rule(card.signal)}.",
            f"{card.name}: no signal any more that it got worse.",
        )
        for card in cards
        if card.signal is not None and card.is_worse
    )
    return Review(SIGNALS, found, lambda key: key not in _unjudged(cards))


def _unjudged(cards: list[_Card]) -> frozenset[str]:
    """A value that is suppressed, or has not come, says neither that it is well nor that it is not."""
    return frozenset(card.key for card in cards if card.status in ("suppressed", "no_data"))
