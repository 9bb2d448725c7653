"""What dbt's manifest says of the marts, and what it must say."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.publishing.marts import MartDeclarationError, read_marts


def describe_manifest(**changes: Any) -> dict[str, Any]:
    node = {
        "unique_id": "model.p.dim_team",
        "resource_type": "model",
        "schema": "marts",
        "alias": "dim_team",
        "original_file_path": "models/marts/core/dim_team.sql",
        "description": "One row per team.",
        "columns": {
            "team_id": {"name": "team_id", "data_type": "string", "description": "Team", "constraints": []},
            "budget": {"name": "budget", "data_type": "decimal(38, 9)", "description": "Money"},
        },
        "constraints": [{"type": "primary_key", "columns": ["team_id"]}],
        **changes,
    }
    return {
        "nodes": {node["unique_id"]: node},
        "sources": {
            "source.p.raw_catalogue.teams": {"schema": "raw_catalogue"},
            "source.p.ops.table_state": {"schema": "ops"},
        },
        "parent_map": {
            "model.p.dim_team": ["model.p.int_teams", "source.p.ops.table_state"],
            "model.p.int_teams": ["source.p.raw_catalogue.teams"],
        },
    }


def test_a_mart_has_duckdb_types_its_key_and_the_systems_behind_it() -> None:
    (mart,) = read_marts(describe_manifest(), "marts")
    assert [(column.name, column.data_type) for column in mart.columns] == [
        ("team_id", "VARCHAR"),
        ("budget", "DECIMAL(38,9)"),
    ]
    assert mart.primary_key == ("team_id",)
    assert mart.systems == {"catalogue"}


def test_models_of_other_schemas_are_no_marts() -> None:
    assert read_marts(describe_manifest(schema="intermediate"), "marts") == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"description": "  "}, "dim_team.sql: model dim_team has no description"),
        ({"columns": {}}, "model dim_team declares no columns"),
        ({"columns": {"a": {"name": "a", "description": "A"}}}, "column dim_team.a has no data_type"),
        ({"columns": {"a": {"name": "a", "data_type": "date", "description": ""}}}, "dim_team.a has no desc"),
    ],
)
def test_what_is_published_is_described_without_exception(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(MartDeclarationError, match=message):
        read_marts(describe_manifest(**changes), "marts")
