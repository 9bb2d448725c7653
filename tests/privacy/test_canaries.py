"""Nothing personal is anywhere under the data home but in the exports as they came."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from tests.dbt.project import PROJECT, copy_parsed

from .canaries import MAIL, MARKS, NAME, land, search_files, search_tables

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> tuple[DataHome, str]:
    """A home in which a whole run, logging all it can, went over the canaries; and all that it said."""
    home = DataHome(tmp_path_factory.mktemp("canaries") / "home")
    tables = [t for c in read_contracts(PROJECT).values() for t in c.tables.values() if t.personal]
    assert {table.system for table in tables} >= {"workday", "github", "pagerduty"}
    landed = sum(land(home, table) for table in tables)
    assert landed > 12 * len(tables)
    copy_parsed(home)
    done = subprocess.run(
        [sys.executable, "-m", "orchestration", "daily", "--home", str(home.root)],
        cwd=PROJECT.parent,
        env={**os.environ, "METRICS_HOME": str(home.root), "DBT_LOG_LEVEL": "debug", "DBT_DEBUG": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    return home, done.stdout + done.stderr


def test_every_personal_table_was_read_and_had_rows_refused(said: tuple[DataHome, str]) -> None:
    """So the canaries went through every door: loaded, quarantined, failed."""
    home, _ = said
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        files = con.execute(
            """select system, table_name, sum(rows_loaded), sum(rows_quarantined),
                count(*) filter (status = 'failed')
            from ops.ingest_files group by all order by all"""
        ).fetchall()
    for system, table, loaded, quarantined, failed in files:
        # Azure's folders name the view and the delivery, in more ways than are imitated here.
        assert loaded or (system, table) == ("azure_cost", "charges"), (system, table)
        assert quarantined, (system, table)
        assert failed, (system, table)


def test_the_run_reached_the_published_marts(said: tuple[DataHome, str]) -> None:
    home, text = said
    assert (home.published / "marts_people.duckdb").exists(), text[-4000:]


def test_no_file_under_the_home_holds_anything_personal(said: tuple[DataHome, str]) -> None:
    home, _ = said
    assert search_files(home) == []


def test_no_table_holds_anything_personal(said: tuple[DataHome, str]) -> None:
    home, _ = said
    assert search_tables(home) == []


def test_nothing_personal_is_said_on_the_terminal(said: tuple[DataHome, str]) -> None:
    _, text = said
    assert [mark for mark in MARKS if mark.lower() in text.lower()] == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    home = DataHome(tmp_path)
    home.published.mkdir(parents=True)
    (home.root / "a.log").write_bytes(f"born to {NAME}".encode("utf-16-le"))
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute("create table t as select ? as mail from range(10000)", [MAIL])
        con.execute("copy t to ? (format parquet)", [str(home.published / "t.parquet")])
    assert {line.split(":")[0] for line in search_files(home)} >= {"a.log"}
    assert len(search_tables(home)) == 2
