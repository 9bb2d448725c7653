"""The README's generated tables say what contracts, models and seeds say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestration.home import DataHome
from orchestration.reference import README, concepts_by_system, kpi_table, main, make_tables, refresh
from tests.dbt.project import copy_parsed


def test_the_readme_is_what_the_project_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_HOME", str(tmp_path))
    copy_parsed(DataHome(tmp_path))
    text = README.read_text(encoding="utf-8")
    assert refresh(text, make_tables(os.environ)) == text, "run python -m orchestration.reference"

    stale = tmp_path / "README.md"
    stale.write_text(text.replace("| `pagerduty` |", "| `pager` |"), encoding="utf-8")
    assert main(["--check"], stale) == 1
    assert main([], stale) == 0
    assert stale.read_text(encoding="utf-8") == text


def test_a_table_without_a_place_and_a_place_without_a_table_are_errors() -> None:
    with pytest.raises(ValueError, match="no place for systems"):
        refresh("nothing is asked for here", {"systems": "| a |"})
    with pytest.raises(KeyError):
        refresh("<!-- generated: unknown -->\n<!-- /generated -->", {"systems": "| a |"})


def test_concepts_are_the_first_intermediate_models_and_none_behind_them() -> None:
    manifest = {
        "sources": {"source.x.raw_shop.sales": {"source_name": "raw_shop"}},
        "nodes": {
            "model.x.stg_shop__sales": {"name": "stg_shop__sales"},
            "model.x.int_deployments": {"name": "int_deployments"},
            "model.x.int_links": {"name": "int_links"},
        },
        "child_map": {
            "source.x.raw_shop.sales": ["model.x.stg_shop__sales", "test.x.not_null"],
            "model.x.stg_shop__sales": ["model.x.int_deployments"],
            "model.x.int_deployments": ["model.x.int_links"],
            "model.x.int_links": [],
        },
    }
    assert concepts_by_system(manifest) == {"raw_shop": ["deployments"]}


def test_a_companion_is_told_from_its_headline_and_marked_for_its_segments() -> None:
    table = kpi_table(
        [
            {
                "kpi_id": "a",
                "headline_kpi_id": "a",
                "unit": "share",
                "direction": "up",
                "grains": "week|month",
                "segments": "org|team",
            },
            {
                "kpi_id": "b",
                "headline_kpi_id": "a",
                "unit": "days",
                "direction": "down",
                "grains": "month",
                "segments": "org",
            },
        ]
    )
    assert table.splitlines()[2:] == [
        "| `a` | share | up | week, month | ● | ● |",
        "| – `b` | days | down | month | ● |  |",
    ]
