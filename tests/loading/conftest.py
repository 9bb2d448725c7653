"""A made-up system and a data home of its own for each test; real files, a real DuckDB file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.archives import Limits
from orchestration.loading.contract import SystemContract, read_contracts
from orchestration.loading.load import ensure_tables, load_system
from orchestration.loading.outcome import FileOutcome
from orchestration.loading.warehouse import open_warehouse

PROJECT = Path(__file__).parent / "project"
FIXTURES = Path(__file__).parents[1] / "fixtures"
KEY = "a key that is only for tests"
NOW = datetime(2026, 7, 1, 4, 30)


@dataclass
class Shop:
    """A data home with the contracts of ``project``, and what tests do with it."""

    home: DataHome
    contracts: dict[str, SystemContract] = field(default_factory=lambda: read_contracts(PROJECT))
    limits: Limits = field(default_factory=Limits)

    def land(self, path: str, content: str | bytes, modified: float | None = None) -> Path:
        """Write a file below ``landing/shop/``; ``modified`` is its time in epoch seconds."""
        target = self.home.landing / "shop" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        if modified is not None:
            os.utime(target, (modified, modified))
        return target

    def fixture(self, name: str) -> bytes:
        """The bytes of a hand-written fixture."""
        return (FIXTURES / "shop" / name).read_bytes()

    def open(self) -> Any:
        """The warehouse, as a context manager."""
        return open_warehouse(self.home, "a test")

    def load(self) -> list[FileOutcome]:
        """Load what is new, in a connection of its own."""
        with self.open() as con:
            return self.load_in(con)

    def load_in(
        self, con: duckdb.DuckDBPyConnection, environ: dict[str, str] | None = None
    ) -> list[FileOutcome]:
        """Load what is new in an open warehouse."""
        ensure_tables(con, self.contracts)
        environ = {"METRICS_PSEUDONYM_KEY": KEY} if environ is None else environ
        return load_system(
            con, self.home, self.contracts["shop"], environ=environ, clock=lambda: NOW, limits=self.limits
        )

    def query(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        with self.open() as con:
            return con.execute(sql, parameters).fetchall()

    def rows(self, table: str, columns: str = "* exclude (_file_id, _row)") -> list[tuple[Any, ...]]:
        """All rows of a raw table without the loader's own columns, sorted."""
        return self.query(f"select {columns} from raw_shop.{table} order by all")

    def rejects(self) -> list[tuple[Any, ...]]:
        """Line, column, value and reason of what is quarantined."""
        return self.query(
            """
            select line, column_name, value, reason from ops.ingest_rejects
            where replayed_at is null order by all
            """
        )


@pytest.fixture
def new_shop(tmp_path: Path) -> Callable[..., Shop]:
    """Makes further shops, each with its own home."""

    def make(name: str = "home") -> Shop:
        return Shop(DataHome(tmp_path / name))

    return make


@pytest.fixture
def shop(new_shop: Callable[..., Shop]) -> Iterator[Shop]:
    """An empty shop; after the test the row equation must hold, whatever the test did."""
    made = new_shop()
    yield made
    if made.home.warehouse.exists():
        check_ledger(made)


def check_ledger(shop: Shop) -> None:
    """The row equation per file, the ledger against raw tables and quarantine, and the table states."""
    with shop.open() as con:

        def ask(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
            return con.execute(sql, parameters).fetchall()

        ledger = ask(
            """
            select
                file_id, table_name, path,
                rows_read, rows_loaded, rows_duplicate, rows_superseded, rows_quarantined
            from ops.ingest_files
            """
        )
        for file_id, table, path, read, loaded, duplicate, superseded, quarantined in ledger:
            assert read == loaded + duplicate + superseded + quarantined, path
            assert min(loaded, duplicate, superseded, quarantined) >= 0, path
            if table not in shop.contracts["shop"].tables:
                assert read == 0, path  # of a folder that no contract reads
                continue
            assert ask(f"select count(*) from raw_shop.{table} where _file_id = $1", file_id) == [
                (loaded,)
            ], path
            waiting = "select count(*) from ops.ingest_rejects where file_id = $1 and replayed_at is null"
            assert ask(waiting, file_id) == [(quarantined,)], path
        for table, rows in ask("select table_name, rows from ops.table_state"):
            assert ask(f"select count(*) from raw_shop.{table}") == [(rows,)], table
            twice = f"select count(*) - count(distinct _file_id || '/' || _row) from raw_shop.{table}"
            assert ask(twice) == [(0,)], table
        leftovers = [p for p in (shop.home.temporary / "loading").rglob("*") if p.is_file()]
        assert leftovers == []
