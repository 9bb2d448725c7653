"""Control charts as inline SVG: drawn by Vega-Lite without a browser, coloured by the page's own style.

Colours are written as values that nobody would choose and replaced by CSS variables afterwards, so one
drawing serves light, dark and print. One chart costs some 30 ms, so the specification is compiled once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from markupsafe import Markup

from orchestration.report.numbers import show
from orchestration.report.scorecard import Figure, Kpi, Segment
from orchestration.report.source import Source

WIDTH, HEIGHT = 340, 140
# The most periods that a chart of each grain shows: half a year, a year and a half, three years.
POINTS = {"week": 26, "month": 18, "quarter": 12}
# Fewer than these are a list of numbers, not a chart.
FEWEST_POINTS = 4
_TIME_FORMAT = {"week": "%-d %b", "month": "%b %y", "quarter": "%b %y"}
_INKS = {
    name: f"#f0000{number:x}"
    for number, name in enumerate(("line", "band", "centre", "target", "good", "bad", "note", "text", "grid"))
}
_KIND_NAMES = {
    "xmr": "XmR chart",
    "p": "p chart",
    "p_prime": "p′ chart",
    "u": "u chart",
    "u_prime": "u′ chart",
}


@dataclass(frozen=True)
class ChartPoint:
    """One period of a control chart."""

    start: date
    value: float | None
    centre: float | None
    lower: float | None
    upper: float | None
    signal: str | None
    is_improvement: bool | None
    limits_status: str
    chart_kind: str


@dataclass(frozen=True)
class Chart:
    """One KPI in one segment over its last periods, oldest first, with its picture."""

    kpi: Kpi
    segment: Segment
    points: tuple[ChartPoint, ...]
    target: float | None
    svg: Markup

    @property
    def signals(self) -> tuple[ChartPoint, ...]:
        """The points that are more than noise."""
        return tuple(point for point in self.points if point.signal)

    @property
    def kind(self) -> str:
        """The kind of control chart as experts call it; empty where its points are not judged."""
        return "" if self.points[-1].centre is None else _KIND_NAMES.get(self.points[-1].chart_kind, "")

    @property
    def limits_note(self) -> str:
        """What the reader must know of the limits."""
        status = self.points[-1].limits_status
        return {"none": "no limits: too few or too rare to judge", "trial": "trial limits"}.get(status, "")


def read_points(
    source: Source, segment_types: Iterable[str]
) -> dict[tuple[str, Segment], tuple[ChartPoint, ...]]:
    """The newest points of every headline's chart at its cadence, by KPI and segment; periods without any
    value at their beginning are left out."""
    rows = source.rows(
        """
        select
            charts.kpi_id, charts.segment_type, charts.segment_id, charts.period_grain, charts.period_start,
            charts.value, charts.centre, charts.lower_limit, charts.upper_limit, charts.signal,
            charts.is_improvement, charts.limits_status, charts.chart_kind
        from fct_kpi_control_chart as charts
        inner join dim_kpi
            on charts.kpi_id = dim_kpi.kpi_id
            and charts.period_grain = dim_kpi.cadence
        where dim_kpi.is_headline and list_contains($segment_types, charts.segment_type)
        order by charts.kpi_id, charts.segment_type, charts.segment_id, charts.period_start
        """,
        {"segment_types": list(segment_types)},
    )
    found: dict[tuple[str, Segment], list[ChartPoint]] = {}
    grains: dict[tuple[str, Segment], str] = {}
    for row in rows:
        key = (row["kpi_id"], (row["segment_type"], row["segment_id"]))
        grains[key] = row["period_grain"]
        found.setdefault(key, []).append(
            ChartPoint(
                row["period_start"],
                row["value"],
                row["centre"],
                row["lower_limit"],
                row["upper_limit"],
                row["signal"],
                row["is_improvement"],
                row["limits_status"],
                row["chart_kind"],
            )
        )
    return {
        key: points
        for key, all_points in found.items()
        if (points := _without_gap_ahead(all_points[-POINTS[grains[key]] :]))
    }


def draw(figure: Figure, points: Sequence[ChartPoint], currency: str) -> Chart | None:
    """The chart of a figure's KPI; None where there are too few values to make one."""
    if sum(point.value is not None for point in points) < FEWEST_POINTS:
        return None
    scale, suffix = _axis(figure, points, currency)
    target = figure.target if figure.target_upper is None else None
    specification = json.loads(_compile())
    values = [_describe(point, scale, target) for point in points]
    for data in specification["data"]:
        if data["name"] == "points":
            data["values"] = values
    for signal in specification["signals"]:
        if signal["name"] == "suffix":
            signal["value"] = suffix
        if signal["name"] == "time_format":
            signal["value"] = _TIME_FORMAT[figure.kpi.cadence]
    # Imported late: half a second that only those pay who draw.
    import vl_convert

    svg = vl_convert.vega_to_svg(specification)
    return Chart(figure.kpi, figure.segment, tuple(points), target, Markup(_restyle(svg)))  # noqa: S704


@cache
def _compile() -> str:
    """The Vega specification of a control chart without its data, as JSON."""
    import altair as alt
    import vl_convert

    data = alt.Data(values=[], name="points")
    x = alt.X(
        "start:T",
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(
            title=None,
            tickCount=4,
            labelExpr="utcFormat(datum.value, time_format)",
            labelOverlap="greedy",
            labelSeparation=16,
            labelFlush=True,
        ),
    )
    axis = alt.Axis(title=None, tickCount=4, labelExpr="datum.label + suffix")
    y = alt.Scale(zero=False, nice=True)
    base = alt.Chart(data).encode(x=x)
    band = base.mark_area(interpolate="step", color=_INKS["band"], opacity=1).encode(
        y=alt.Y("lower:Q", scale=y, axis=axis), y2="upper:Q"
    )
    centre = base.mark_line(interpolate="step", color=_INKS["centre"], strokeWidth=1).encode(y="centre:Q")
    target = base.mark_line(color=_INKS["target"], strokeWidth=1.25, strokeDash=[5, 3]).encode(y="target:Q")
    line = base.mark_line(color=_INKS["line"], strokeWidth=1.75, strokeJoin="round").encode(y="value:Q")
    points = base.mark_point(filled=True, opacity=1).encode(
        y="value:Q",
        color=alt.Color("kind:N", legend=None, scale=_per_kind("line", "good", "bad", "note")),
        shape=alt.Shape(
            "kind:N", legend=None, scale=_per_kind_values("circle", "triangle-up", "diamond", "square")
        ),
        size=alt.Size("kind:N", legend=None, scale=_per_kind_values(9, 70, 70, 55)),
    )
    chart = (
        alt.layer(band, centre, target, line, points)
        .properties(
            width=WIDTH,
            height=HEIGHT,
            padding={"left": 8, "right": 8, "top": 6, "bottom": 2},
            autosize=alt.AutoSizeParams(type="fit", contains="padding"),
        )
        .add_params(alt.param(name="suffix", value=""), alt.param(name="time_format", value="%b"))
        .configure(background="transparent", font="Arial, sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=_INKS["text"],
            labelFontSize=11,
            domain=False,
            ticks=False,
            gridColor=_INKS["grid"],
            labelPadding=6,
        )
        .configure_axisX(grid=False)
    )
    return json.dumps(vl_convert.vegalite_to_vega(chart.to_dict()))


_KINDS = ["noise", "better", "worse", "signal"]


def _per_kind(*inks: str) -> Any:
    return _per_kind_values(*(_INKS[ink] for ink in inks))


def _per_kind_values(*values: Any) -> Any:
    import altair as alt

    return alt.Scale(domain=_KINDS, range=list(values))


def _describe(point: ChartPoint, scale: float, target: float | None) -> Mapping[str, Any]:
    kind = "noise"
    if point.signal:
        kind = {True: "better", False: "worse", None: "signal"}[point.is_improvement]
    numbers = {
        "value": point.value,
        "centre": point.centre,
        "lower": point.lower,
        "upper": point.upper,
        "target": target,
    }
    return {
        "start": point.start.isoformat(),
        "kind": kind,
        **{name: None if number is None else number * scale for name, number in numbers.items()},
    }


def _axis(figure: Figure, points: Sequence[ChartPoint], currency: str) -> tuple[float, str]:
    """Scale and suffix of the axis: the unit in which the greatest value is read."""
    unit = figure.kpi.unit
    if unit in ("share", "share per year"):
        return 100, " %"
    greatest = max((abs(point.value) for point in points if point.value is not None), default=0)
    if figure.kpi.is_duration:
        read_in = show(greatest, unit, currency).unit
        seconds = {"min": 60, "h": 3600, "d": 86400}
        return {"minutes": 60, "hours": 3600, "days": 86400}[unit] / seconds[read_in], f" {read_in}"
    return 1, ""


def _restyle(svg: str) -> str:
    """The drawing as part of the page: its colours, font and width, and one picture to a screen reader."""
    for name, ink in _INKS.items():
        svg = svg.replace(ink, f"var(--chart-{name})")
    svg = re.sub(
        r'\s(?:aria-[a-z]+|role|font-family|pointer-events|xmlns(?::xlink)?|version)="[^"]*"', "", svg
    )
    svg = re.sub(r'\sclass="[^"]*"', "", svg)
    svg = re.sub(r"<path[^>]*(?:display=\"none\"|d=\"M0,0h0v0h0Z\")[^>]*/>", "", svg)
    inside = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    return f'viewBox="0 0 {WIDTH} {HEIGHT}">{inside}'


def _without_gap_ahead(points: Sequence[ChartPoint]) -> tuple[ChartPoint, ...]:
    first = next((n for n, point in enumerate(points) if point.value is not None), len(points))
    return tuple(points[first:])
