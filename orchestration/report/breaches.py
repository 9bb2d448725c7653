"""Targets that are missed, ranked by the risk register, each with the records behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from orchestration.loading.identifiers import quote
from orchestration.publishing.marts import SCHEMA
from orchestration.report.scorecard import Calendar, Kpi, Period, Segment
from orchestration.report.source import Source

SEGMENTS_SHOWN = 5
RECORDS_SHOWN = 5
# Where a record's name stands: the fact, its key, and what is told of it in a few words.
_NAMES = """
    create temp table record_names as
    select incident_id as record_id, title, severity || ', ' || status as told from fct_incidents
    union all
    select
        vulnerability_id, title,
        severity || ', ' || state || coalesce(', due ' || strftime(due_date, '%-d %b %Y'), '')
    from fct_vulnerabilities
    union all
    select work_item_id, title, item_key || coalesce(', ' || status_name, '') from fct_work_items
    union all
    select change_id, title, null from fct_changes
    union all
    select deployment_id, coalesce(version, left(sha, 12), ref), failure_method from fct_deployments
    union all
    select run_id, pipeline_name, final_status || coalesce(' on ' || branch, '') from fct_pipeline_runs
    union all
    select slo_id || '|' || slo_date, slo_name, printf('%.2f %% attained', attainment_share * 100)
    from fct_slo_daily
    union all
    select items.sprint_id || ' ' || items.work_item_id, work.title, items.sprint_name
    from fct_sprint_items as items
    left join fct_work_items as work on items.work_item_id = work.work_item_id
    union all
    -- Two teams that promised the same piece of work share one record.
    select
        quarter || ' ' || commitment_id, any_value(title order by team_id),
        'quarter from ' || any_value(quarter order by team_id)
    from fct_quarter_commitments
    group by quarter, commitment_id
"""
# How far a record is from what it should be, by what the KPI does with its records.
_BADNESS = {
    "measured up": "-measured",
    "measured down": "measured",
    "share up": "denominator - numerator",
    "share down": "numerator",
    "count up": "null",
    "count down": "numerator",
}
_MEASURED = ("median", "p85", "p90", "maximum")


@dataclass(frozen=True)
class Breach:
    """One segment whose figure misses its target. ``distance`` is in targets, as the register counts it."""

    kpi: Kpi
    segment: Segment
    segment_name: str
    tier: str | None
    period: Period
    value: float
    target: float
    target_upper: float | None
    distance: float | None
    signal: str | None
    is_improving: bool | None
    risk_rank: int
    records_query: str

    @property
    def needed(self) -> str:
        """Which way the figure is to go: a band is left at one of its ends."""
        if self.kpi.direction == "band":
            return "up" if self.value < self.target else "down"
        return self.kpi.direction


@dataclass(frozen=True)
class BreachRecord:
    """One record behind a breach, the worst first. ``amount`` is what it measures or adds, in ``unit``."""

    record_id: str
    title: str | None
    told: str | None
    service_name: str | None
    event_date: date | None
    amount: float | None
    unit: str


@dataclass(frozen=True)
class MissedKpi:
    """A KPI, the segments that miss its target (the riskiest first), and the records of the worst one."""

    kpi: Kpi
    breaches: tuple[Breach, ...]
    counts: Mapping[str, int]
    records: tuple[BreachRecord, ...]

    @property
    def worst(self) -> Breach:
        return self.breaches[0]

    @property
    def hidden(self) -> int:
        """Segments that miss the target and are not listed."""
        return sum(self.counts.values()) - len(self.breaches)


def gather_names(source: Source) -> None:
    """Puts the records' names side by side once, in memory: each breach then looks a few of them up."""
    source.con.execute(_NAMES)


def read_breaches(source: Source, kpis: Mapping[str, Kpi], calendar: Calendar) -> tuple[Breach, ...]:
    """The risk register by rank: organisation, groups, teams and services."""
    return tuple(
        Breach(
            kpi=kpis[row["kpi_id"]],
            segment=(row["segment_type"], row["segment_id"]),
            period=calendar.name(row["period_grain"], row["period_start"], row["period_end"]),
            **{
                name: row[name]
                for name in Breach.__dataclass_fields__
                if name not in ("kpi", "segment", "period")
            },
        )
        for row in source.rows(
            """
            select * from fct_risk_register
            where segment_type in ('org', 'group', 'team', 'service')
            order by risk_rank
            """
        )
    )


def gather_missed(
    source: Source, breaches: Iterable[Breach], *, most: int, wanted: Callable[[Breach], bool]
) -> tuple[MissedKpi, ...]:
    """Breaches that are ``wanted``, by KPI, the riskiest KPI first; at most ``most`` KPIs."""
    by_kpi: dict[str, list[Breach]] = {}
    for breach in breaches:
        if wanted(breach):
            by_kpi.setdefault(breach.kpi.kpi_id, []).append(breach)
    missed = []
    for found in list(by_kpi.values())[:most]:
        counts = {
            kind: sum(breach.segment[0] == kind for breach in found)
            for kind in ("org", "group", "team", "service")
        }
        missed.append(
            MissedKpi(
                kpi=found[0].kpi,
                breaches=tuple(found[:SEGMENTS_SHOWN]),
                counts={kind: count for kind, count in counts.items() if count},
                records=read_records(source, found[0]),
            )
        )
    return tuple(missed)


def read_records(source: Source, breach: Breach) -> tuple[BreachRecord, ...]:
    """The records that do most to the breach; none where they are about people and so not published."""
    schema, _, table = breach.kpi.records_table.partition(".")
    if schema != SCHEMA or table not in source.tables:
        return ()
    kind = "count"
    if breach.kpi.aggregation in _MEASURED:
        kind = "measured"
    elif breach.kpi.aggregation.endswith("ratio"):
        kind = "share"
    badness = _BADNESS[f"{kind} {'up' if breach.needed == 'up' else 'down'}"]
    where = "" if breach.segment[0] == "org" else f"and {quote(breach.segment[0] + '_id')} = $segment_id"
    amount = "measured" if kind == "measured" else "null"
    rows = source.rows(
        f"""
        with worst as (
            select
                record_id,
                min(service_id) as service_id,
                min(event_date) as event_date,
                max({badness}) as badness,
                max({amount}) as amount
            from {quote(table)}
            where
                kpi_id = $kpi_id and exclusion_reason is null and event_date between $start and $end {where}
            group by record_id
            having max({badness}) is not null and ('{kind}' = 'measured' or max({badness}) > 0)
            order by badness desc, record_id asc
            limit {RECORDS_SHOWN}
        )

        select
            worst.record_id, worst.event_date, worst.amount,
            min(named.title) as title, min(named.told) as told, min(dim_service.service_name) as service_name
        from worst
        left join record_names as named on worst.record_id = named.record_id
        left join dim_service on worst.service_id = dim_service.service_id
        group by worst.record_id, worst.event_date, worst.amount, worst.badness
        order by worst.badness desc, worst.record_id asc
        """,  # noqa: S608  names are ours or come from the registry and are quoted
        {
            "kpi_id": breach.kpi.kpi_id,
            "start": breach.period.start,
            "end": breach.period.end,
            **({} if breach.segment[0] == "org" else {"segment_id": breach.segment[1]}),
        },
    )
    return tuple(BreachRecord(unit=breach.kpi.unit, **row) for row in rows)
