"""What a KPI shows in one segment and period, as the marts say it, and how the periods are called."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from orchestration.report.numbers import DURATIONS, MONTHS, show_day
from orchestration.report.source import ReportError, Row, Source

THEMES = ("delivery", "reliability", "quality", "cost", "people")
GRAINS = ("week", "month", "quarter")
ORG = ("org", "org")
# Enough for a year of weeks' worth of eye: what a sparkline shows.
HISTORY = 12
SUNDAY = 6
# Why there is no value, in words that tell the reader what to do about it.
EMPTY_REASONS = {
    "suppressed": "too few people stand behind it",
    "no_source": "no source delivers it yet",
    "nothing_mapped": "records came, but none could be mapped",
    "all_excluded": "all its records were left out, each with a reason",
    "no_complete_period": "no period is complete yet",
    "nothing_happened": "nothing happened that it could count",
}

Segment = tuple[str, str]


@dataclass(frozen=True)
class Kpi:
    """One row of ``dim_kpi``, as far as pages need it."""

    kpi_id: str
    kpi_name: str
    theme: str
    headline_kpi_id: str
    is_headline: bool
    definition: str
    caveats: str | None
    unit: str
    direction: str
    aggregation: str
    grains: str
    segments: str
    cadence: str
    owner: str
    is_people: bool
    records_table: str

    @property
    def is_duration(self) -> bool:
        """Whether a value's unit depends on its size: minutes, hours or days."""
        return self.unit in DURATIONS

    @property
    def order(self) -> tuple[int, int, str, bool, str]:
        """By theme, then the shorter period first, companions behind their headline."""
        theme = THEMES.index(self.theme) if self.theme in THEMES else len(THEMES)
        return (theme, GRAINS.index(self.cadence), self.headline_kpi_id, not self.is_headline, self.kpi_id)


@dataclass(frozen=True)
class Period:
    """A week, month or fiscal quarter with both its days; ``name`` is what people call it."""

    grain: str
    start: date
    end: date
    name: str

    @property
    def days(self) -> str:
        """``16 – 22 Nov 2026``: first and last day."""
        if (self.start.year, self.start.month) == (self.end.year, self.end.month):
            return f"{self.start.day} – {show_day(self.end)}"
        first = show_day(self.start)
        if self.start.year == self.end.year:
            first = first.removesuffix(f" {self.start.year}")
        return f"{first} – {show_day(self.end)}"


@dataclass(frozen=True)
class Figure:
    """One KPI in one segment and period. ``history`` ends with this period, oldest first, None for a gap."""

    kpi: Kpi
    segment: Segment
    period: Period | None
    value: float | None
    status: str
    empty_reason: str | None = None
    target: float | None = None
    target_upper: float | None = None
    previous: float | None = None
    baseline: float | None = None
    signal: str | None = None
    signal_direction: str | None = None
    is_improvement: bool | None = None
    coverage: float | None = None
    excluded: int | None = None
    sample_size: int | None = None
    is_complete: bool = True
    data_through: date | None = None
    centre: float | None = None
    history: tuple[float | None, ...] = field(default=())
    history_starts: tuple[date, ...] = field(default=())

    @property
    def why_empty(self) -> str:
        """Words for ``empty_reason``."""
        return EMPTY_REASONS.get(self.empty_reason or "nothing_happened", str(self.empty_reason))

    @property
    def met_before(self) -> bool | None:
        """Whether the period before would have met today's target; None where that cannot be told."""
        if self.previous is None or self.target is None:
            return None
        if self.target_upper is not None:
            return self.target <= self.previous <= self.target_upper
        return self.previous <= self.target if self.kpi.direction == "down" else self.previous >= self.target

    @property
    def has_limits(self) -> bool:
        """Whether a control chart judges it."""
        return self.centre is not None


Figures = Mapping[Segment, Mapping[str, Figure]]


class Calendar:
    """Names of periods; fiscal quarters as ``dim_date`` has them."""

    def __init__(self, source: Source) -> None:
        self._quarters = {
            row["fiscal_quarter_start_date"]: row
            for row in source.rows(
                """
                select distinct
                    fiscal_quarter_start_date, fiscal_quarter_end_date, fiscal_year, fiscal_quarter
                from dim_date
                where fiscal_quarter_start_date <= $as_of_date
                """,
                {"as_of_date": source.as_of_date},
            )
        }
        self.as_of_date = source.as_of_date

    def name(self, grain: str, start: date, end: date) -> Period:
        """The period of ``grain`` that begins with ``start``."""
        if grain == "week":
            return Period(grain, start, end, f"week {start.isocalendar().week}")
        if grain == "month":
            return Period(grain, start, end, f"{MONTHS[start.month - 1]} {start.year}")
        quarter = self._quarters.get(start)
        name = f"Q{quarter['fiscal_quarter']} {quarter['fiscal_year']}" if quarter else f"quarter of {start}"
        return Period(grain, start, end, name)

    def last_complete(self, grain: str, on: date | None = None) -> Period:
        """The last week or quarter that had ended by ``on`` (default: the last day that counts)."""
        day = on or self.as_of_date
        if grain == "week":
            monday = day - timedelta(days=day.weekday())
            start = monday if day.weekday() == SUNDAY else monday - timedelta(days=7)
            return self.name(grain, start, start + timedelta(days=6))
        ended = [row for row in self._quarters.values() if row["fiscal_quarter_end_date"] <= day]
        if not ended:
            raise ReportError(f"dim_date knows no quarter that had ended by {day}")
        last = max(ended, key=lambda row: row["fiscal_quarter_end_date"])
        return self.name(grain, last["fiscal_quarter_start_date"], last["fiscal_quarter_end_date"])


def read_kpis(source: Source) -> dict[str, Kpi]:
    """Every KPI and companion by its id, in the order in which they are shown."""
    names = ", ".join(Kpi.__dataclass_fields__)
    kpis = [Kpi(**row) for row in source.rows(f"select {names} from dim_kpi")]  # noqa: S608  our names
    return {kpi.kpi_id: kpi for kpi in sorted(kpis, key=lambda kpi: kpi.order)}


def read_scorecard(source: Source, kpis: Mapping[str, Kpi], calendar: Calendar) -> Figures:
    """``kpi_scorecard`` of organisation, groups, teams and services: each KPI's last complete period."""
    found: dict[Segment, dict[str, Figure]] = {}
    for row in source.rows(
        "select * from kpi_scorecard where segment_type in ('org', 'group', 'team', 'service')"
    ):
        segment = (row["segment_type"], row["segment_id"])
        period = (
            calendar.name(row["period_grain"], row["period_start"], row["period_end"])
            if row["period_start"]
            else None
        )
        found.setdefault(segment, {})[row["kpi_id"]] = Figure(
            kpi=kpis[row["kpi_id"]],
            segment=segment,
            period=period,
            previous=row["previous_value"],
            data_through=row["data_through_date"],
            centre=row["centre"],
            history=tuple(json.loads(row["sparkline_values"] or "[]")),
            **_take(row, "value", "status", "empty_reason", "target", "target_upper", "baseline", "signal"),
            **_take(row, "signal_direction", "is_improvement", "coverage", "excluded", "sample_size"),
        )
    return _in_order(found, kpis)


def read_period(
    source: Source, kpis: Mapping[str, Kpi], period: Period, segment_types: Sequence[str]
) -> Figures:
    """``fct_kpi_values`` of one period, with the periods before it as history.

    A KPI that is not reported at the period's grain is missing; one whose data had not landed through the
    period's end has ``is_complete`` false.
    """
    rows = source.rows(
        """
        select
            shown.kpi_id, shown.segment_type, shown.segment_id, shown.period_start, shown.value, shown.status,
            shown.target, shown.target_upper, shown.baseline, shown.coverage, shown.excluded,
            shown.sample_size, shown.is_complete,
            charts.signal, charts.signal_direction, charts.is_improvement, charts.centre
        from fct_kpi_values as shown
        left join fct_kpi_control_chart as charts
            on shown.kpi_id = charts.kpi_id
            and shown.period_grain = charts.period_grain
            and shown.period_start = charts.period_start
            and shown.segment_type = charts.segment_type
            and shown.segment_id = charts.segment_id
        where
            shown.period_grain = $grain
            and shown.period_start between $first and $start
            and list_contains($segment_types, shown.segment_type)
        order by shown.kpi_id, shown.segment_type, shown.segment_id, shown.period_start
        """,
        {
            "grain": period.grain,
            "start": period.start,
            "first": period.start
            - timedelta(days=HISTORY * {"week": 7, "month": 31, "quarter": 92}[period.grain]),
            "segment_types": list(segment_types),
        },
    )
    series: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        series.setdefault((row["segment_type"], row["segment_id"], row["kpi_id"]), []).append(row)
    found: dict[Segment, dict[str, Figure]] = {}
    for (segment_type, segment_id, kpi_id), points in series.items():
        if points[-1]["period_start"] != period.start:
            continue
        row = points[-1]
        figure = Figure(
            kpi=kpis[kpi_id],
            segment=(segment_type, segment_id),
            period=period,
            previous=points[-2]["value"] if len(points) > 1 and points[-2]["is_complete"] else None,
            empty_reason=_explain(row),
            centre=row["centre"],
            history=tuple(point["value"] for point in points[-HISTORY:]),
            history_starts=tuple(point["period_start"] for point in points[-HISTORY:]),
            **_take(row, "value", "status", "target", "target_upper", "baseline", "signal", "is_complete"),
            **_take(row, "signal_direction", "is_improvement", "coverage", "excluded", "sample_size"),
        )
        found.setdefault((segment_type, segment_id), {})[kpi_id] = figure
    return _in_order(found, kpis)


def by_theme(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    """Figures under the heading of their KPI; headings in the order of THEMES, unknown ones last."""
    found: dict[str, list[Figure]] = {}
    for figure in sorted(figures, key=lambda figure: figure.kpi.order):
        found.setdefault(figure.kpi.theme, []).append(figure)
    return found


def _explain(row: Row) -> str | None:
    if row["value"] is not None:
        return None
    if row["status"] == "suppressed":
        return "suppressed"
    if not row["is_complete"]:
        return "no_complete_period"
    return "all_excluded" if row["excluded"] else "nothing_happened"


def _take(row: Row, *names: str) -> dict[str, Any]:
    return {name: row[name] for name in names}


def _in_order(found: Mapping[Segment, Mapping[str, Figure]], kpis: Mapping[str, Kpi]) -> Figures:
    return {
        segment: {kpi_id: figures[kpi_id] for kpi_id in kpis if kpi_id in figures}
        for segment, figures in sorted(found.items())
    }
