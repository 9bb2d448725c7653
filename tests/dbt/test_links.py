"""Links from changes to deployments, held against the sets of ancestors of simulated repositories."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.dbt.simulated_repository import SimulatedRepository

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
LINKS = ("int_commit_chain", "int_deployment_commits", "int_commit_reach", "int_change_deployments")
READ_BY_LINKS = (
    "int_changes",
    "int_change_services",
    "int_commits",
    "int_commit_parents",
    "int_deployments",
    "int_deployment_changes_listed",
    "int_repositories",
)


def fill(con: duckdb.DuckDBPyConnection, model: str, rows: Iterable[dict[str, Any]], scratch: Path) -> None:
    """Creates the model's table with its declared columns and fills it."""
    (declaration,) = PROJECT.glob(f"models/intermediate/**/{model}.yml")
    (declared,) = yaml.safe_load(declaration.read_text())["models"]
    columns = ", ".join(f"{column['name']} {column['data_type']}" for column in declared["columns"])
    con.execute(f"create or replace table intermediate.{model} ({columns})")
    lines = [json.dumps(row, default=str) for row in rows]
    if lines:
        path = scratch / f"{model}.jsonl"
        path.write_text("\n".join(lines))
        con.execute(
            f"insert into intermediate.{model} by name select * from read_json(?, format = 'nd')", [str(path)]
        )


@pytest.fixture(scope="module")
def repositories() -> list[SimulatedRepository]:
    grown = []
    for number in range(60):
        repository = SimulatedRepository(f"r{number:02d}", random.Random(number))
        repository.grow(steps=20 + 3 * number)
        grown.append(repository)
    return grown


@pytest.fixture(scope="module")
def home(repositories: list[SimulatedRepository], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data home in whose warehouse the links of the simulated repositories are built."""
    home = tmp_path_factory.mktemp("links")
    with duckdb.connect(home / "warehouse.duckdb") as con:
        con.execute("create schema intermediate")
        rows: dict[str, list[dict[str, Any]]] = {model: [] for model in READ_BY_LINKS}
        for repository in repositories:
            name = repository.name
            for sha, parents in repository.parents.items():
                first = parents[0] if parents else None
                at = repository.committed_at[sha]
                rows["int_commits"].append(
                    {"repository": name, "sha": sha, "first_parent_sha": first, "committed_at": at}
                )
                rows["int_commit_parents"] += [
                    {"repository": name, "sha": sha, "parent_sha": parent, "parent_index": index}
                    for index, parent in enumerate(parents)
                ]
            for change in repository.changes:
                rows["int_changes"].append({**vars(change), "repository": name})
                rows["int_change_services"].append({"change_id": change.change_id, "service_id": name})
            rows["int_deployments"] += [
                {
                    **vars(deployment),
                    "repository": name,
                    "service_id": name,
                    "is_production": True,
                    "outcome": "success",
                    "version": deployment.sha,
                    "ref": "main",
                }
                for deployment in repository.deployments
            ]
        for model, records in rows.items():
            fill(con, model, records, home)
    subprocess.run(
        [
            *("dbt", "run", "--quiet", "--select", *LINKS),
            *("--target-path", str(home / "target"), "--log-path", str(home / "logs")),
        ],
        cwd=PROJECT,
        env={**os.environ, "METRICS_HOME": str(home)},
        check=True,
    )
    return home


def test_every_change_is_linked_to_the_first_deployment_whose_ancestors_hold_it(
    repositories: list[SimulatedRepository], home: Path
) -> None:
    expected = {}
    for repository in repositories:
        expected.update(repository.first_deployments())
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as con:
        rows = con.execute(
            "select change_id, environment, deployment_id from intermediate.int_change_deployments "
            "where method = 'commit_graph'"
        ).fetchall()
    linked = {(change, environment): deployment for change, environment, deployment in rows}
    assert len(rows) == len(linked)
    assert len(expected) > 3000
    assert linked == expected


def test_a_default_branch_is_numbered_without_gaps_from_its_first_commit_to_its_tip(
    repositories: list[SimulatedRepository], home: Path
) -> None:
    """Committers' clocks are wrong by hours here, and rebased commits belong to no change."""
    with duckdb.connect(home / "warehouse.duckdb", read_only=True) as con:
        rows = con.execute(
            "select repository, sha from intermediate.int_commit_chain where is_mainline "
            "order by repository, chain_position"
        ).fetchall()
    for repository in repositories:
        tip = repository.default_line.index(
            next(change.merge_sha for change in reversed(repository.changes) if change.is_default_branch)
        )
        line = [sha for name, sha in rows if name == repository.name]
        assert line == repository.default_line[: tip + 1]
