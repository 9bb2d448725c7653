"""Everything that several pages show, read from the snapshot once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from orchestration.report.breaches import Breach, gather_names, read_breaches
from orchestration.report.charts import Chart, ChartPoint, draw, read_points
from orchestration.report.completeness import (
    Completeness,
    Restatements,
    read_completeness,
    read_restatements,
)
from orchestration.report.scorecard import (
    ORG,
    Calendar,
    Figure,
    Figures,
    Kpi,
    Segment,
    read_kpis,
    read_scorecard,
)
from orchestration.report.source import Row, Source

UNMAPPED = "unmapped"


@dataclass(frozen=True)
class Team:
    """One team that has a page of its own at ``teams/<slug>.html``."""

    team_id: str
    team_name: str
    group_id: str
    group_name: str
    slug: str

    @property
    def segment(self) -> Segment:
        return ("team", self.team_id)


@dataclass
class Material:
    """What is read once, and the charts that are drawn so far."""

    source: Source
    kpis: Mapping[str, Kpi]
    calendar: Calendar
    scorecard: Figures
    points: Mapping[tuple[str, Segment], tuple[ChartPoint, ...]]
    breaches: tuple[Breach, ...]
    completeness: Completeness
    restatements: Restatements
    teams: tuple[Team, ...]
    currency: str
    _drawn: dict[tuple[str, Segment], Chart | None] = field(default_factory=dict)

    def charts(self, figures: Iterable[Figure], most: int | None = None) -> tuple[Chart, ...]:
        """Charts of headline figures that have points enough, at most ``most``; each is drawn once."""
        charts: list[Chart] = []
        for figure in figures:
            if most is not None and len(charts) >= most:
                break
            key = (figure.kpi.kpi_id, figure.segment)
            if key not in self.points:
                continue
            if key not in self._drawn:
                self._drawn[key] = draw(figure, self.points[key], self.currency)
            chart = self._drawn[key]
            if chart is not None:
                charts.append(chart)
        return tuple(charts)

    @property
    def data_through(self) -> date | None:
        """The day through which every headline of the organisation that has a source has landed."""
        return min((f.data_through for f in self.headlines() if f.data_through), default=None)

    def is_told(self, kpi_id: str) -> bool:
        """Whether any source has delivered what the organisation's figure is made from."""
        figure = self.scorecard.get(ORG, {}).get(kpi_id)
        return figure is None or figure.empty_reason != "no_source"

    @property
    def chart_count(self) -> int:
        """Charts drawn so far."""
        return sum(chart is not None for chart in self._drawn.values())

    def headlines(self, segment: Segment = ORG) -> tuple[Figure, ...]:
        """The scorecard's headline figures of a segment."""
        return tuple(f for f in self.scorecard.get(segment, {}).values() if f.kpi.is_headline)


def read_material(source: Source) -> Material:
    """Reads the snapshot; takes about half a second for a company of 50 services."""
    gather_names(source)
    kpis, calendar = read_kpis(source), Calendar(source)
    return Material(
        source=source,
        kpis=kpis,
        calendar=calendar,
        scorecard=read_scorecard(source, kpis, calendar),
        points=read_points(source, ("org", "team")),
        breaches=read_breaches(source, kpis, calendar),
        completeness=read_completeness(source),
        restatements=read_restatements(source, kpis, calendar),
        teams=read_teams(source),
        currency=source.currency,
    )


def read_teams(source: Source) -> tuple[Team, ...]:
    """Teams that exist on the last day that counts, by group and name."""
    rows = source.rows(
        """
        select team_id, team_name, group_id, group_name from dim_team
        where is_active and team_id <> $unmapped
        order by group_name, team_name, team_id
        """,
        {"unmapped": UNMAPPED},
    )
    slugs = _name_files([row["team_id"] for row in rows])
    return tuple(Team(slug=slugs[row["team_id"]], **row) for row in rows)


def read_services(source: Source, team_id: str) -> list[Row]:
    """The services that a team owns on the last day that counts, the most critical first."""
    return source.rows(
        """
        select
            services.service_id, services.service_name, services.tier, services.lifecycle,
            factors.bus_factor, factors.authors
        from dim_service as services
        left join fct_bus_factor as factors on services.service_id = factors.service_id
        where services.team_id = $team_id and services.is_active
        order by services.tier, services.service_name, services.service_id
        """,
        {"team_id": team_id},
    )


def read_commitments(source: Source, first: date, last: date, team_id: str | None = None) -> list[Row]:
    """What the sprints that closed from ``first`` to ``last`` had committed and delivered, by team."""
    return source.rows(
        """
        select
            sprints.team_id, any_value(teams.team_name) as team_name, count(*) as sprints,
            sum(sprints.committed_items) as committed, sum(sprints.delivered_items) as delivered,
            sum(sprints.added_items) as added, sum(sprints.removed_items) as removed,
            sum(sprints.carried_over_items) as carried_over,
            sum(sprints.delivered_items) / nullif(sum(sprints.committed_items), 0) as plan_share
        from fct_sprints as sprints
        left join dim_team as teams on sprints.team_id = teams.team_id
        where
            sprints.closed_at >= $first and sprints.closed_at < cast($last as date) + interval 1 day
            and ($team_id is null or sprints.team_id = $team_id)
        group by sprints.team_id
        having sum(sprints.committed_items) > 0
        order by plan_share, sprints.team_id
        """,
        {"first": first, "last": last, "team_id": team_id},
    )


def _name_files(team_ids: Iterable[str]) -> dict[str, str]:
    """A file name for each id: its letters and digits, and where that is not all of it, some of its hash."""
    names = {}
    for team_id in team_ids:
        plain = re.sub(r"[^a-z0-9]+", "-", team_id.lower()).strip("-")
        if plain != team_id:
            plain = f"{plain[:60]}-{hashlib.sha256(team_id.encode()).hexdigest()[:8]}".strip("-")
        names[team_id] = plain
    return names
