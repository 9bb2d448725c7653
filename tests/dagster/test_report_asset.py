"""The report as a step of the daily run: its failure is its own, and what is published stands."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import yaml

from orchestration.assets.report import REPORT
from orchestration.definitions import build_definitions
from orchestration.deployment import read_deployment
from orchestration.home import DataHome
from tests.dagster.conftest import AGENTS, NOW, PROJECT, TICKETS, Line

SCORECARD = {
    "version": 2,
    "models": [
        {
            "name": "kpi_scorecard",
            "description": "One row per KPI, and nothing else that a report needs.",
            "config": {"meta": {"question": "What is reported?"}},
            "columns": [{"name": "kpi_id", "data_type": "string", "description": "KPI"}],
        }
    ],
}


def test_where_nothing_is_scored_there_is_no_report(deploy: Callable[..., Line]) -> None:
    definitions = build_definitions(deploy().deployment)
    assert REPORT not in definitions.resolve_asset_graph().get_all_asset_keys()


def test_a_report_that_cannot_be_made_fails_its_own_step_after_the_publication(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("target", "logs"))
    marts = project / "models" / "marts" / "core"
    (marts / "kpi_scorecard.sql").write_text("select 'tickets' as kpi_id\n")
    (marts / "kpi_scorecard.yml").write_text(yaml.safe_dump(SCORECARD))
    home = DataHome(tmp_path / "home")
    line = Line(read_deployment(os.environ, lambda: NOW, project, home))
    line.drop("tickets", "a.json", TICKETS)
    line.drop("agents", "a.json", AGENTS)
    result = line.run()
    assert not result.success
    assert [event.step_key for event in result.all_events if event.is_step_failure] == ["report"]
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "marts.duckdb lacks dim_date, dim_kpi" in str(failure.step_failure_data.error)
    assert line.published("select kpi_id from kpi_scorecard") == [("tickets",)]
    assert json.loads((home.published / "STATUS.json").read_text())["state"] == "current"
