"""A re-run that is told of later makes the test runs of its commit anew, and leaves the others alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from orchestration.home import DataHome
from orchestration.loading.warehouse import open_warehouse
from tests.dbt.project import run_dbt

from .conftest import House

PAYS = '<testcase classname="C" name="pays" time="2"/>'
PASSED = f'<testsuite name="s">{PAYS}<testcase classname="C" name="reads" time="1"/></testsuite>'
FAILED = PASSED.replace(PAYS, '<testcase classname="C" name="pays" time="3"><failure/></testcase>')


def build(house: House, *arguments: str) -> None:
    """Load what has landed, and build the test runs over the pipelines that are known already."""
    house.load()
    as_of = ("--vars", "as_of_date: '2026-03-31'")
    run_dbt(
        house.home,
        "run",
        "--select",
        "int_test_reports",
        "int_test_runs",
        "fct_flaky_tests",
        *as_of,
        *arguments,
    )


def kept_runs(house: House) -> list[tuple[Any, ...]]:
    return house.query(
        """
        select
            commit_key, test_name, attempt_count, has_passed, has_failed, is_flaky, lost_attempt_count,
            wasted_ms
        from intermediate.int_test_runs
        where repository = 'acme/shop' and test_name = 'pays' and exclusion_reason is null
        order by all
        """
    )


def tell(house: House, number: int, attempt: int, sha: str, report: str) -> None:
    """A report whose sidecar says run and commit."""
    house.land("junit_test_cases", f"ci-{number}-{attempt}/r.xml", report)
    house.land(
        "report_contexts",
        f"ci-{number}-{attempt}/c.json",
        f'{{"repository": "acme/shop", "commit": "{sha}", "run": "{number}", "attempt": {attempt},'
        f' "job": "unit", "finished_at": "2026-03-0{attempt}T10:00:00Z"}}',
    )


def test_a_rerun_restates_its_commit_and_no_other(built_company: DataHome, tmp_path: Path) -> None:
    house = House(DataHome(tmp_path / "data"))
    house.home.root.mkdir()
    shutil.copyfile(built_company.warehouse, house.home.warehouse)
    tell(house, 1, 1, "aaa", FAILED)
    tell(house, 2, 1, "bbb", FAILED)
    build(house)
    assert kept_runs(house) == [
        ("aaa", "pays", 1, False, True, False, 0, 0),
        ("bbb", "pays", 1, False, True, False, 0, 0),
    ]
    with open_warehouse(house.home, "a test") as con:
        # What is kept must not be made anew: a mark in it survives.
        con.execute("update intermediate.int_test_runs set project = 'kept' where commit_key = 'bbb'")
    tell(house, 1, 2, "aaa", PASSED)
    tell(house, 3, 1, "ccc", PASSED)
    build(house)
    assert kept_runs(house) == [
        ("aaa", "pays", 2, True, True, True, 1, 4000),
        ("bbb", "pays", 1, False, True, False, 0, 0),
        ("ccc", "pays", 1, True, False, False, 0, 0),
    ]
    marked = "select distinct commit_key from intermediate.int_test_runs where project = 'kept'"
    assert house.query(marked) == [("bbb",)]
    ranked = """
        select test_name, lost_runs, flaky_test_runs, test_runs from marts.fct_flaky_tests
        where repository = 'acme/shop'
        """
    assert house.query(ranked) == [("pays", 1, 1, 3)]
    with open_warehouse(house.home, "a test") as con:
        con.execute("update intermediate.int_test_runs set project = null where commit_key = 'bbb'")
    kept = house.query("select * from intermediate.int_test_runs order by all")
    build(house, "--full-refresh")
    assert house.query("select * from intermediate.int_test_runs order by all") == kept
