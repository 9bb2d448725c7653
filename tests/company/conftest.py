"""The small company that is built once for all tests, and what was planted in it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.company import Truth
from orchestration.home import DataHome
from tests.conftest import planted_truth

Key = tuple[str, str, str]  # segment type, segment, month


@dataclass(frozen=True)
class Company:
    """Where a generated company lies, and what was planted in it."""

    landing: Path
    truth_folder: Path
    truth: Truth


@pytest.fixture(scope="session")
def company(built_company: DataHome) -> Company:
    """The company of the whole session, eight months of it."""
    truth: Truth = pickle.loads(planted_truth(built_company).read_bytes())
    return Company(built_company.landing, built_company.company, truth)


@pytest.fixture(scope="session")
def home(built_company: DataHome) -> DataHome:
    """The company, loaded through its landing folder and built: seeds, models and their data tests."""
    return built_company


@pytest.fixture(scope="session")
def warehouse(home: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    """The built warehouse, opened to read."""
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        yield con


@pytest.fixture(scope="session")
def monthly(warehouse: duckdb.DuckDBPyConnection) -> dict[str, dict[Key, dict[str, Any]]]:
    """``fct_kpi_values`` by month: KPI, then segment and month, then the row's columns."""
    relation = warehouse.sql(
        "select *, strftime(period_start, '%Y-%m') as month "
        "from marts.fct_kpi_values where period_grain = 'month'"
    )
    found: dict[str, dict[Key, dict[str, Any]]] = {}
    for values in relation.fetchall():
        row = dict(zip(relation.columns, values, strict=True))
        found.setdefault(row["kpi_id"], {})[row["segment_type"], row["segment_id"], row["month"]] = row
    return found


@pytest.fixture(scope="session")
def quarterly(warehouse: duckdb.DuckDBPyConnection) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """``fct_kpi_values`` by quarter: KPI, segment type, segment and quarter, then the row's columns."""
    relation = warehouse.sql(
        "select *, strftime(period_start, '%Y-Q') || quarter(period_start) as quarter "
        "from marts.fct_kpi_values where period_grain = 'quarter'"
    )
    rows = (dict(zip(relation.columns, values, strict=True)) for values in relation.fetchall())
    return {(r["kpi_id"], r["segment_type"], r["segment_id"], r["quarter"]): r for r in rows}
