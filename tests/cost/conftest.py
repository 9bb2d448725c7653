"""Data homes in which cloud bills are landed, loaded and built as a run would do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.load import FileOutcome, ensure_tables, load_system
from orchestration.loading.warehouse import open_warehouse
from tests.dbt.project import PROJECT, run_dbt

SYSTEMS = ("focus", "aws_cur", "azure_cost", "gcp_billing", "opencost", "usage", "finance")
COST = (
    *("+mart_cost_reconciliation", "+mart_cloud_cost_per_customer", "+kpi_cloud_cost_per_customer_records"),
    "+fct_spend_vs_budget",
    "path:tests/cost",
)


@dataclass(frozen=True)
class CostHome:
    """A data home with what a cost run needs: land, load, build, ask."""

    home: DataHome

    def land(self, path: str, text: str) -> None:
        """Write ``text`` to ``landing/<path>``."""
        file = self.home.landing / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def load(self) -> list[FileOutcome]:
        """Load all that is new of bills, usage and finance; every file must load."""
        contracts = read_contracts(PROJECT)
        with open_warehouse(self.home, "tests of cost") as con:
            ensure_tables(con, contracts)
            outcomes = [
                outcome for system in SYSTEMS for outcome in load_system(con, self.home, contracts[system])
            ]
        assert [o for o in outcomes if o.status != "loaded"] == []
        return outcomes

    def build(self, *arguments: str, variables: Mapping[str, Any] | None = None) -> None:
        """Seeds, models and their data tests, as far as cost needs them. Fails with dbt's output."""
        # Only the tests named above: others read what is not built here.
        named = ("--exclude-resource-type", "unit_test", "--indirect-selection", "empty")
        told = ("--vars", str(dict(variables or {})))
        run_dbt(self.home, "build", "--select", *COST, *arguments, *named, *told)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse."""
        with duckdb.connect(str(self.home.warehouse), read_only=True) as con:
            return con.execute(query).fetchall()

    def change(self, statement: str) -> None:
        """Run a statement on the warehouse: for what only a replay or a repair would do."""
        with open_warehouse(self.home, "tests of cost") as con:
            con.execute(statement)


@pytest.fixture(scope="module")
def cost_home(tmp_path_factory: pytest.TempPathFactory) -> CostHome:
    """An empty data home, shared by the tests of one module."""
    return CostHome(DataHome(tmp_path_factory.mktemp("cost")))
