"""What a reader must know first: signals, missed targets, spent budgets and tensions, as one short list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from orchestration.report.numbers import show, show_share, show_target
from orchestration.report.scorecard import Calendar, Figure, Kpi, Period, Segment
from orchestration.report.signals import name_rule
from orchestration.report.source import Row, Source
from orchestration.report.spending import Spending

MOST_WORSE, MOST_BETTER = 9, 5
# A forecast this far beyond its budget is worth a line; below it is within what a month brings.
_OVER_BUDGET = 0.02


@dataclass(frozen=True)
class Point:
    """One line of the list: ``subject`` links to ``anchor``, ``text`` says what is so."""

    subject: str
    text: str
    anchor: str


@dataclass(frozen=True)
class Tension:
    """A pair of KPIs of which one was bettered while the other worsened, each beyond its noise."""

    why: str
    period: Period
    improving: Kpi
    worsening: Kpi
    values: Mapping[str, tuple[float | None, float | None]]


def find_worse(
    figures: Iterable[Figure], budgets: Iterable[Row], spending: Spending | None, currency: str
) -> tuple[Point, ...]:
    """What got worse beyond noise, misses its target or is spent: signals first, then targets."""
    signals, missed = [], []
    for figure in figures:
        if figure.signal and figure.is_improvement is False:
            signals.append(_tell_signal(figure, currency))
        elif figure.status == "missed":
            missed.append(_tell_missed(figure, currency))
    spent = [row for row in budgets if row["budget_remaining"] is not None and row["budget_remaining"] < 0]
    others = []
    if spent:
        others.append(
            Point(
                "Error budgets",
                f"overspent: {len(spent)}, most by {spent[0]['slo_name']} "
                f"({float(spent[0]['budget_consumed']):.1f} times its budget)",
                "reliability",
            )
        )
    if spending and spending.forecast_share is not None and spending.forecast_share > _OVER_BUDGET:
        others.append(
            Point(
                "Budget", f"the year ends {show_share(spending.forecast_share)} over at this pace", "spending"
            )
        )
    return tuple((signals + missed)[: MOST_WORSE - len(others)] + others)


def find_better(figures: Iterable[Figure], currency: str) -> tuple[Point, ...]:
    """What got better beyond noise, then targets that are met again; at most MOST_BETTER."""
    figures = tuple(figures)
    better = [
        _tell_signal(f, currency) for f in figures if f.signal and f.is_improvement and f.status != "missed"
    ]
    met = [
        Point(
            f.kpi.kpi_name,
            f"meets its target{' again' if f.met_before is False else ''}: "
            f"{show(f.value, f.kpi.unit, currency)} ({_target(f, currency)})",
            f"kpi-{f.kpi.kpi_id}",
        )
        for f in figures
        if f.status == "met" and not f.signal
    ]
    return tuple((better + met)[:MOST_BETTER])


def read_tensions(
    source: Source, kpis: Mapping[str, Kpi], calendar: Calendar, segment: Segment, first: date, last: date
) -> tuple[Tension, ...]:
    """Tensions of a segment in periods that ended from ``first`` to ``last``, the newest of each pair."""
    rows = source.rows(
        """
        select * from fct_kpi_tensions
        where
            segment_type = $segment_type and segment_id = $segment_id
            and period_end between $first and $last
        qualify row_number() over (partition by tension_id order by period_end desc, period_start) = 1
        order by period_end desc, tension_id
        """,
        {"segment_type": segment[0], "segment_id": segment[1], "first": first, "last": last},
    )
    return tuple(
        Tension(
            why=row["why"],
            period=calendar.name(row["period_grain"], row["period_start"], row["period_end"]),
            improving=kpis[row["improving_kpi_id"]],
            worsening=kpis[row["worsening_kpi_id"]],
            values={
                row[f"{side}_kpi_id"]: (row[f"{side}_value"], row[f"{side}_baseline"])
                for side in ("first", "second")
            },
        )
        for row in rows
    )


def _tell_signal(figure: Figure, currency: str) -> Point:
    side = "better" if figure.is_improvement else "worse"
    now, usual = (show(value, figure.kpi.unit, currency) for value in (figure.value, figure.centre))
    return Point(
        figure.kpi.kpi_name,
        f"{side} than usual: {now}, usually {usual.number if usual.unit == now.unit else usual} "
        f"({name_rule(figure.signal)})",
        f"kpi-{figure.kpi.kpi_id}",
    )


def _tell_missed(figure: Figure, currency: str) -> Point:
    return Point(
        figure.kpi.kpi_name,
        f"{'newly ' if figure.met_before else ''}misses its target: "
        f"{show(figure.value, figure.kpi.unit, currency)} ({_target(figure, currency)})",
        f"kpi-{figure.kpi.kpi_id}",
    )


def _target(figure: Figure, currency: str) -> str:
    return show_target(figure.target, figure.target_upper, figure.kpi.direction, figure.kpi.unit, currency)
