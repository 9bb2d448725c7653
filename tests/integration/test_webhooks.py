"""Bodies of GitHub's webhooks, dropped as files, feed the tables that the API feeds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome
from tests.dbt.project import load_everything, run_dbt

BODIES = Path(__file__).resolve().parents[1] / "fixtures" / "github" / "webhooks"
FOLDERS = sorted(folder.name for folder in BODIES.iterdir())
READERS = [
    "int_commits", "int_direct_commits", "int_pull_requests", "int_pull_request_reviews",
    "int_pipeline_attempts", "int_github_deployments", "int_github_work_items",
]  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = DataHome(tmp_path_factory.mktemp("webhooks") / "data")
    shutil.copytree(BODIES, home.landing / "github")
    # The listing of the branch tells of the squash merge too, and of its parent.
    listed = BODIES.parent / "commits_of_the_branch.json"
    (home.landing / "github" / "commits").mkdir()
    shutil.copyfile(listed, home.landing / "github" / "commits" / listed.name)
    shutil.copyfile(
        BODIES / "pushes" / "push_to_a_branch.json", home.landing / "github" / "commits" / "push.json"
    )
    load_everything(home)
    selected = [f"+{model}" for model in READERS]
    run_dbt(home, "build", "--select", *selected, "--exclude-resource-types", "unit_test", "test")
    return home


@pytest.fixture
def warehouse(built: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.warehouse), read_only=True) as con:
        yield con


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[tuple[Any, ...]]:
    return con.execute(query).fetchall()


@pytest.mark.parametrize("folder", [f for f in FOLDERS if f != "check_run"])
def test_a_body_lands_in_the_table_of_what_it_tells_of(
    warehouse: duckdb.DuckDBPyConnection, folder: str
) -> None:
    assert rows(warehouse, f"select count(*) > 0 from raw_github.{folder}") == [(True,)]


def test_an_event_that_no_table_takes_is_named(warehouse: duckdb.DuckDBPyConnection) -> None:
    (found,) = rows(warehouse, "select table_name, reason from ops.ingest_files where status = 'failed'")
    assert found[0] == "check_run"
    assert found[1].startswith("is in no contract: github takes commits, deployment_statuses, deployments,")


def test_a_body_of_another_event_in_a_tables_folder_is_no_row(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        warehouse, "select path, column_name, reason from ops.ingest_rejects order by path, row_number"
    ) == [
        ("github/commits/push.json", "sha", "is required, and is null or absent"),
        ("github/commits/push.json", "sha", "is required, and is null or absent"),
        (
            "github/pull_requests/check_suite_completed.json",
            "repository",
            "is required, and is null or absent",
        ),
    ]


def test_pushes_to_the_default_branch_are_its_commits_and_the_listing_wins(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    shas = {name: name * 40 for name in "abcef"}
    assert rows(
        warehouse,
        "select sha, first_parent_sha, message_title, committed_at from intermediate.int_commits order by 1",
    ) == [
        (shas["c"], shas["a"], "Pay by invoice (#12)", datetime(2026, 3, 3, 12)),
        (shas["e"], None, "Fix at once", datetime(2026, 3, 5, 9)),
        (shas["f"], None, 'Revert "Fix at once"', datetime(2026, 3, 5, 9, 30)),
    ]
    assert rows(warehouse, "select sha from intermediate.int_direct_commits order by 1") == [
        (shas["e"],),
        (shas["f"],),
    ]
    assert rows(warehouse, "select reverts_sha from raw_github.pushes where reverts_sha is not null") == [
        (shas["e"],)
    ]


def test_a_later_body_wins_over_an_earlier_one(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert rows(warehouse, "select state, state_reason, closed_at from raw_github.issues") == [
        ("closed", "completed", datetime(2026, 3, 4, 8))
    ]


def test_webhooks_reach_the_concepts(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert rows(warehouse, "select repository, pull_number, state from intermediate.int_pull_requests") == [
        ("acme/shop", 12, "closed")
    ]
    assert rows(warehouse, "select count(*) from intermediate.int_pull_request_reviews") == [(1,)]
    assert rows(
        warehouse, "select native_run_id, attempt, raw_status from intermediate.int_pipeline_attempts"
    ) == [("5001", 1, "success")]
    assert rows(warehouse, "select count(*) from intermediate.int_github_deployments") == [(1,)]
    assert rows(warehouse, "select count(*) from intermediate.int_github_work_items") == [(1,)]


def test_no_person_of_a_body_is_in_the_warehouse(built: DataHome) -> None:
    assert b"canary" not in built.warehouse.read_bytes()
