"""What stands on each page: the scorecard of today, the week, the quarter, a team."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from orchestration.report.attention import Tension, find_better, find_worse, read_tensions
from orchestration.report.breaches import Breach, MissedKpi, gather_missed
from orchestration.report.material import (
    Material,
    Team,
    read_commitments,
    read_services,
)
from orchestration.report.reliability import Incidents, read_budgets, read_incidents
from orchestration.report.scorecard import ORG, Figure, Figures, Period, by_theme, read_period
from orchestration.report.spending import read_customers, read_spending

MISSED_SHOWN = 6
# So many charts of teams in a report at most: drawing must stay a matter of seconds.
TEAM_CHARTS_IN_ALL = 72
TEAM_CHARTS = 4
QUARTERS_SHOWN = 6
# What a team is compared by on one line: measures that teams have.
COMPARED = (
    "deployment_frequency",
    "lead_time_for_changes",
    "change_failure_rate",
    "time_to_restore",
    "slo_attainment",
    "major_incidents",
    "pipeline_success_rate",
    "vulnerability_sla",
    "throughput",
    "plan_vs_actual",
)

Page = Mapping[str, Any]


@dataclass(frozen=True)
class Count:
    """How many of a page's figures meet, miss or have no target, or have no value."""

    met: int
    missed: int
    no_target: int
    empty: int

    @property
    def figures(self) -> int:
        """Figures that have a value."""
        return self.met + self.missed + self.no_target


def count_status(figures: Iterable[Figure]) -> Count:
    """Counts ``status`` over figures."""
    found = [figure.status for figure in figures]
    return Count(
        met=found.count("met"),
        missed=found.count("missed"),
        no_target=found.count("no_target"),
        empty=found.count("no_data") + found.count("suppressed"),
    )


def describe_today(material: Material) -> Page:
    """The scorecard: each KPI at its own cadence, and everything that explains it."""
    source, headlines = material.source, material.headlines()
    day = source.as_of_date
    month = (day - timedelta(days=27), day)
    budgets = read_budgets(source, day)
    spending = read_spending(source, day)
    return {
        "edition": "index",
        "template": "index.html",
        "themes": by_theme(headlines),
        "count": count_status(headlines),
        "companions": by_theme(material.scorecard.get(ORG, {}).values()),
        "charts": material.charts(headlines),
        "worse": find_worse(headlines, budgets, spending, material.currency),
        "better": find_better(headlines, material.currency),
        "missed": _gather_missed(material, lambda _: True),
        "tensions": read_tensions(
            source, material.kpis, material.calendar, ORG, day - timedelta(days=120), day
        ),
        "incidents": _read_incidents(material, month, 28),
        "incident_days": Period("days", *month, "last 28 days"),
        "budgets": budgets,
        "spending": spending,
        "customers": read_customers(source, day),
        "comparison": _compare_teams(material, material.scorecard),
    }


def describe_week(material: Material, period: Period) -> Page:
    """The week: every KPI that is read weekly against the week before, and what happened in it."""
    figures = _read_period(material, period)
    headlines = [f for f in figures.get(ORG, {}).values() if f.kpi.is_headline]
    is_latest = period == material.calendar.last_complete("week")
    others = [f for f in material.headlines() if is_latest and "week" not in f.kpi.grains.split("|")]
    budgets = read_budgets(material.source, period.end)
    return {
        "edition": "weekly",
        "template": "weekly.html",
        "period": period,
        "themes": by_theme(headlines),
        "count": count_status(headlines),
        "others": by_theme(others),
        "charts": material.charts(f for f in headlines if f.kpi.cadence == "week"),
        "worse": find_worse(headlines, budgets, None, material.currency),
        "better": find_better(headlines, material.currency),
        "missed": _gather_missed(material, lambda b: b.period.end == period.end) if is_latest else None,
        "tensions": _read_tensions(material, period),
        "incidents": _read_incidents(material, (period.start, period.end), 7),
        "incident_days": period,
        "budgets": budgets,
        "comparison": _compare_teams(material, figures),
    }


def describe_quarter(material: Material, period: Period) -> Page:
    """The quarter for a business review: trends, targets, commitments, risks, money."""
    figures = _read_period(material, period)
    everything = list(figures.get(ORG, {}).values())
    headlines = [figure for figure in everything if figure.kpi.is_headline]
    budgets = read_budgets(material.source, period.end)
    spending = read_spending(material.source, period.end)
    starts = sorted({start for figure in everything for start in figure.history_starts})[-QUARTERS_SHOWN:]
    is_latest = period == material.calendar.last_complete("quarter")
    previous = (period.end - period.start).days + 1
    return {
        "edition": "quarterly",
        "template": "quarterly.html",
        "period": period,
        "themes": by_theme(headlines),
        "count": count_status(headlines),
        "companions": by_theme(everything),
        "quarters": [material.calendar.name("quarter", start, start) for start in starts],
        "trends": {
            figure.kpi.kpi_id: dict(zip(figure.history_starts, figure.history, strict=True))
            for figure in everything
        },
        "charts": material.charts(f for f in material.headlines() if f.kpi.cadence in ("month", "quarter")),
        "worse": find_worse(headlines, budgets, spending, material.currency),
        "better": find_better(headlines, material.currency),
        "missed": _gather_missed(material, lambda _: True) if is_latest else None,
        "tensions": _read_tensions(material, period),
        "commitments": read_commitments(material.source, period.start, period.end),
        "incidents": _read_incidents(material, (period.start, period.end), previous),
        "incident_days": period,
        "budgets": budgets,
        "spending": spending,
        "customers": read_customers(material.source, period.end),
        "comparison": _compare_teams(material, figures),
    }


def describe_team(material: Material, team: Team, *, charts: int = TEAM_CHARTS) -> Page:
    """One team: its figures beside those of its group and of all, its services, breaches and incidents."""
    source, day = material.source, material.source.as_of_date
    figures = material.scorecard.get(team.segment, {})
    headlines = [figure for figure in figures.values() if figure.kpi.is_headline]
    services = read_services(source, team.team_id)
    owned = {row["service_id"] for row in services}
    month = (day - timedelta(days=27), day)
    budgets = read_budgets(source, day, team.team_id)
    spending = read_spending(source, day, team.team_id)

    def is_own(breach: Breach) -> bool:
        kind, segment_id = breach.segment
        return breach.segment == team.segment or (kind == "service" and segment_id in owned)

    return {
        "edition": "team",
        "template": "team.html",
        "team": team,
        "themes": by_theme(headlines),
        "count": count_status(headlines),
        "companions": by_theme(figures.values()),
        "group_figures": material.scorecard.get(("group", team.group_id), {}),
        "org_figures": material.scorecard.get(ORG, {}),
        "services": services,
        "service_figures": {
            row["service_id"]: material.scorecard.get(("service", row["service_id"]), {}) for row in services
        },
        "charts": material.charts(_by_interest(headlines), charts),
        "worse": find_worse(headlines, budgets, spending, material.currency),
        "better": find_better(headlines, material.currency),
        "missed": _gather_missed(material, is_own),
        "tensions": read_tensions(
            source, material.kpis, material.calendar, team.segment, day - timedelta(days=120), day
        ),
        "incidents": _read_incidents(material, month, 28, team.team_id),
        "incident_days": Period("days", *month, "last 28 days"),
        "budgets": budgets,
        "spending": spending,
        "commitments": read_commitments(source, day - timedelta(days=91), day, team.team_id),
    }


def charts_per_team(teams: int) -> int:
    """How many charts each of ``teams`` pages may show for the whole report to stay within its time."""
    return min(TEAM_CHARTS, TEAM_CHARTS_IN_ALL // max(teams, 1))


def _read_period(material: Material, period: Period) -> Figures:
    """Figures of organisation and teams; a measure that no source delivers has none, however many zeros."""
    figures = read_period(material.source, material.kpis, period, ("org", "team"))
    return {
        segment: {
            kpi_id: figure
            if material.is_told(kpi_id)
            else Figure(figure.kpi, segment, period, None, "no_data", "no_source", is_complete=False)
            for kpi_id, figure in found.items()
        }
        for segment, found in figures.items()
    }


def _by_interest(figures: Sequence[Figure]) -> list[Figure]:
    """Signals first, then missed targets, then the rest in the scorecard's order."""
    return sorted(figures, key=lambda f: (f.signal is None, f.status != "missed", f.kpi.order))


def _gather_missed(material: Material, wanted: Any) -> tuple[MissedKpi, ...]:
    return gather_missed(material.source, material.breaches, most=MISSED_SHOWN, wanted=wanted)


def _read_tensions(material: Material, period: Period) -> tuple[Tension, ...]:
    found = read_tensions(material.source, material.kpis, material.calendar, ORG, period.start, period.end)
    return tuple(tension for tension in found if tension.period.grain == period.grain)


def _read_incidents(
    material: Material, days: tuple[date, date], length: int, team_id: str | None = None
) -> Incidents:
    before = (days[0] - timedelta(days=length), days[0] - timedelta(days=1))
    return read_incidents(material.source, *days, before, team_id)


def _compare_teams(material: Material, figures: Figures) -> Mapping[str, Any]:
    """Teams by the measures that all have; columns in which no team has a value are left out."""
    rows = [(team, figures.get(team.segment, {})) for team in material.teams]
    columns = [
        material.kpis[kpi_id]
        for kpi_id in COMPARED
        if kpi_id in material.kpis
        and any(found[kpi_id].value is not None for _, found in rows if kpi_id in found)
    ]
    return {"columns": columns, "rows": rows, "org": figures.get(ORG, {})}
