"""A built warehouse, published as a run does it, with names in it that nobody would choose."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime, time, timedelta

import duckdb

from orchestration.building import BuildState
from orchestration.builds import begin_build, ensure_builds, finish_build
from orchestration.home import DataHome
from orchestration.publishing.marts import PEOPLE_SCHEMA, SCHEMA, read_marts
from orchestration.publishing.published import read_published
from orchestration.publishing.snapshot import PublicationRun, publish
from orchestration.publishing.status import CURRENT, PublicationStatus, mark_current
from tests.dbt.project import parse_once

TEAM_NAME = """<b onclick="x">"Zoë" & 'Sons'</b> 🚀"""
TITLE = "<script>document.title = 'owned'</script> {{ 7 * 7 }}"


def copy_warehouse(built: DataHome, home: DataHome) -> None:
    """Gives ``home`` a copy of the built warehouse."""
    home.root.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(built.warehouse, home.warehouse)


def rename(home: DataHome) -> str:
    """Gives a team and every incident names that are HTML; returns the team's id."""
    with duckdb.connect(str(home.warehouse)) as con:
        (team_id,) = con.execute(
            """
            select segment_id from marts.kpi_scorecard
            where segment_type = 'team' and segment_id <> 'unmapped' and kpi_id = 'deployment_frequency'
            order by value desc nulls last, segment_id
            """
        ).fetchone() or ("",)
        con.execute("update marts.dim_team set team_name = ? where team_id = ?", [TEAM_NAME, team_id])
        for table in ("kpi_scorecard", "fct_risk_register"):
            con.execute(
                f"update marts.{table} set segment_name = ? where segment_type = 'team' and segment_id = ?",
                [TEAM_NAME, team_id],
            )
        con.execute("update marts.fct_incidents set title = ?", [TITLE])
    return str(team_id)


def publish_build(home: DataHome, as_of_date: date, run_id: str = "run-1") -> None:
    """Publishes what the warehouse holds under ``run_id``; its status is current."""
    now = datetime.combine(as_of_date + timedelta(days=1), time(5))
    with duckdb.connect(str(home.warehouse)) as con:
        ensure_builds(con)
        build_id = begin_build(con, BuildState(as_of_date, "code", {}), now)
        finish_build(con, build_id, now)
    manifest = json.loads(parse_once().with_name("manifest.json").read_text(encoding="utf-8"))
    marts, people = read_marts(manifest, SCHEMA), read_marts(manifest, PEOPLE_SCHEMA)
    publish(home, PublicationRun(run_id, build_id, as_of_date, "code", now, marts, people))
    mark_published(home)


def mark_published(home: DataHome) -> None:
    """Says that what stands published is current."""
    published = read_published(home)
    assert published is not None
    mark_current(
        home,
        PublicationStatus(
            CURRENT,
            published.run_id,
            published.build_id,
            published.published_at.isoformat(),
            published.as_of_date.isoformat(),
            published.code_version,
        ),
    )
