"""A home into which reports of tests are dropped, and what its warehouse holds afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestration.home import DataHome
from orchestration.loading.archives import Limits
from orchestration.loading.contract import read_contracts
from orchestration.loading.load import FileOutcome, ensure_tables, load_system
from orchestration.loading.warehouse import open_warehouse

PROJECT = Path(__file__).resolve().parents[2]
FIXTURES = PROJECT / "tests" / "fixtures" / "test_reports"
RUN_FOLDER = "acme/shop/77-2/unit (ubuntu)"


@dataclass
class House:
    """A home with the contract of test_reports."""

    home: DataHome
    limits: Limits = field(default_factory=Limits)

    def land(self, table: str, path: str, content: str | bytes) -> None:
        """Write a file below ``landing/test_reports/<table>/``."""
        target = self.home.landing / "test_reports" / table / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def land_fixture(self, table: str, name: str, folder: str = RUN_FOLDER) -> None:
        """Drop a hand-written report."""
        self.land(table, f"{folder}/{name}", (FIXTURES / name).read_bytes())

    def load(self) -> dict[str, FileOutcome]:
        """Load what is new; the outcome by name of the file."""
        contract = read_contracts(PROJECT / "dbt_project")["test_reports"]
        with open_warehouse(self.home, "a test") as con:
            ensure_tables(con, {"test_reports": contract})
            outcomes = load_system(
                con,
                self.home,
                contract,
                environ={"METRICS_PSEUDONYM_KEY": "a key for reports of tests"},
                limits=self.limits,
            )
        return {outcome.path.rsplit("/", 1)[-1]: outcome for outcome in outcomes}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        with open_warehouse(self.home, "a test") as con:
            return con.execute(sql).fetchall()


@pytest.fixture
def new_house(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], House]:
    """Makes homes."""
    return lambda: House(DataHome(tmp_path_factory.mktemp("reports") / "data"))


@pytest.fixture
def house(new_house: Callable[[], House]) -> House:
    """An empty home."""
    return new_house()
