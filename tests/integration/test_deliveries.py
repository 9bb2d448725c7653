"""However exports arrive (again, in another order, in ten parts), raw tables and marts are the same."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.landing import discover
from orchestration.loading.load import ensure_tables, load_files
from orchestration.loading.warehouse import open_warehouse
from tests.conftest import LAST_DAY
from tests.dbt.project import PROJECT, build_everything, load_everything

PARTS = 10
DELIVERIES = 12

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


def load_backwards(home: DataHome) -> None:
    """The last file first, one at a time or by the dozenth part, the last table of the last system first."""
    contracts = read_contracts(PROJECT)
    with open_warehouse(home, holder="test") as con:
        ensure_tables(con, contracts)
        for contract in reversed(list(contracts.values())):
            for table in reversed(list(contract.tables.values())):
                files = discover(home, table.system, table.name)[::-1]
                size = max(len(files) // DELIVERIES, 1)
                for begin in range(0, len(files), size):
                    load_files(con, home, table, files[begin : begin + size])


def copy_landing(source: DataHome, root: Path) -> DataHome:
    home = DataHome(root)
    shutil.copytree(source.landing, home.landing)
    shutil.copyfile(source.pseudonym_key_file, home.root / source.pseudonym_key_file.name)
    (home.root / source.pseudonym_key_file.name).chmod(0o600)
    return home


def divide(path: Path) -> None:
    """Put the lines of a file into ten files beside it, each with the file's time."""
    lines = path.read_bytes().splitlines(keepends=True)
    status = path.stat()
    for number in range(PARTS):
        part = path.with_name(f"part{number}-{path.name}")
        part.write_bytes(b"".join(lines[number::PARTS]))
        os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
    path.unlink()


def deliver_again(home: DataHome) -> None:
    """Every file once more: under another name, but where the name tells which report it is."""
    for contract in read_contracts(PROJECT).values():
        for table in contract.tables.values():
            named = any(pattern.endswith("**}") for pattern in table.load.path)
            for path in sorted((home.landing / table.system / table.name).rglob("*")):
                if path.is_file() and named:
                    os.utime(path)
                elif path.is_file():
                    shutil.copy2(path, path.with_name(f"again-{path.name}"))


@pytest.fixture(scope="module")
def plain(built_company: DataHome) -> DataHome:
    """Each export once, in order."""
    return built_company


@pytest.fixture(scope="module")
def disturbed(plain: DataHome, tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    """The same exports backwards, lines of merged and appended tables in ten files, then everything again."""
    home = copy_landing(plain, tmp_path_factory.mktemp("disturbed") / "data")
    divided = 0
    for contract in read_contracts(PROJECT).values():
        for table in contract.tables.values():
            if table.load.mode in ("merge", "append"):
                for path in sorted((home.landing / table.system / table.name).rglob("*.jsonl")):
                    divide(path)
                    divided += 1
    assert divided > 3
    load_backwards(home)
    deliver_again(home)
    load_everything(home)
    build_everything(home, LAST_DAY)
    return home


@pytest.fixture(scope="module")
def both(plain: DataHome, disturbed: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouses of either, as ``plain`` and ``disturbed``."""
    with duckdb.connect() as con:
        con.execute(f"attach '{plain.warehouse}' as plain (read_only)")
        con.execute(f"attach '{disturbed.warehouse}' as disturbed (read_only)")
        yield con


def list_tables(con: duckdb.DuckDBPyConnection, schemas: str) -> list[tuple[str, str]]:
    return con.execute(
        """
        select schema_name, table_name from duckdb_tables()
        where database_name = 'plain' and regexp_full_match(schema_name, ?) order by all
        """,
        [schemas],
    ).fetchall()


def differing(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> int:
    """Rows of one home's table that the other has not, identity of the row in its file apart."""
    columns = con.execute(
        "select column_name from duckdb_columns() where database_name = 'plain' and schema_name = ?"
        " and table_name = ? and column_name not in ('_file_id', '_row') order by column_index",
        [schema, table],
    ).fetchall()
    listed = ", ".join(f'"{name}"' for (name,) in columns)
    row = con.execute(
        f"""
        select
            (select count(*) from plain.{schema}."{table}"),
            (select count(*) from disturbed.{schema}."{table}"),
            (select count(*) from (
                select {listed} from plain.{schema}."{table}"
                except all
                select {listed} from disturbed.{schema}."{table}"
            ))
        """
    ).fetchone()
    assert row is not None
    rows, disturbed_rows, lost = row
    found = disturbed_rows - (rows - lost)
    return int(lost + found)


def test_raw_tables_are_the_same(both: duckdb.DuckDBPyConnection) -> None:
    tables = list_tables(both, "raw_.*")
    assert len(tables) > 30
    assert {table: n for table in tables if (n := differing(both, *table))} == {}


def test_marts_are_the_same(both: duckdb.DuckDBPyConnection) -> None:
    # Freshness counts files, and more of them came.
    tables = [table for table in list_tables(both, "marts(_people)?") if table[1] != "meta_source_freshness"]
    assert len(tables) > 20
    assert {table: n for table in tables if (n := differing(both, *table))} == {}


def test_nothing_is_lost_on_the_way(disturbed: DataHome) -> None:
    with duckdb.connect(str(disturbed.warehouse), read_only=True) as con:
        unbalanced = con.execute(
            """
            select path from ops.ingest_files
            where rows_read <> rows_loaded + rows_duplicate + rows_superseded + rows_quarantined
            """
        ).fetchall()
    assert unbalanced == []
