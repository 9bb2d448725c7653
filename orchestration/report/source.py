"""Reading the published snapshot: the marts that everybody may see, never those about people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.loading.identifiers import quote
from orchestration.publishing.marts import FILE_SCHEMA
from orchestration.publishing.verification import META_TABLE

Row = Mapping[str, Any]


class ReportError(RuntimeError):
    """The snapshot lacks what the report is made from; names it and says what to do."""


@dataclass(frozen=True)
class Source:
    """The snapshot, open for reading, and what it says of itself. Instants are UTC, naive."""

    con: duckdb.DuckDBPyConnection
    run_id: str
    build_id: str
    published_at: datetime
    as_of_date: date
    data_through: datetime | None
    code_version: str
    tables: frozenset[str]

    def rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """The rows of ``query`` as mappings from column name to value."""
        cursor = self.con.execute(query, parameters or {})
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    @property
    def currency(self) -> str:
        """Code of the currency in which costs are reported; empty where there are none yet."""
        found = self.rows(
            """
            select currency from mart_cloud_cost_per_customer where is_reporting_currency
            union all select currency from fct_spend_vs_budget
            limit 1
            """
        )
        return str(found[0]["currency"]) if found else ""


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Opens the snapshot at ``path`` read-only. Raises ReportError if there is none or it is not whole."""
    if not path.exists():
        raise ReportError(f"there is no {path}: publish first (python -m orchestration daily)")
    with duckdb.connect(path, read_only=True) as con:
        con.execute(f"use {quote(FILE_SCHEMA)}")
        meta = con.execute(
            f"""
            select
                max(run_id), max(build_id), max(published_at), max(as_of_date), min(data_through),
                max(code_version)
            from {quote(META_TABLE)}
            """  # noqa: S608  the name is ours
        ).fetchone()
        if meta is None or meta[0] is None:
            raise ReportError(f"{path} says nothing of its publication in {META_TABLE}: publish again")
        tables = frozenset(
            name
            for (name,) in con.execute(
                "select table_name from duckdb_tables() where schema_name = ?", [FILE_SCHEMA]
            ).fetchall()
        )
        if missing := sorted(NEEDED - tables):
            raise ReportError(f"{path} lacks {', '.join(missing)}, which the report reads: publish again")
        run_id, build_id, published_at, as_of_date, data_through, code_version = meta
        yield Source(con, run_id, build_id, published_at, as_of_date, data_through, code_version, tables)


# What the pages are made from; the tables of records beside them are read where a KPI has one.
NEEDED = frozenset(
    {
        "dim_date",
        "dim_kpi",
        "dim_service",
        "dim_team",
        "fct_bus_factor",
        "fct_changes",
        "fct_deployments",
        "fct_incidents",
        "fct_kpi_control_chart",
        "fct_kpi_restatements",
        "fct_kpi_tensions",
        "fct_kpi_value_history",
        "fct_kpi_values",
        "fct_pipeline_runs",
        "fct_quarter_commitments",
        "fct_risk_register",
        "fct_slo_daily",
        "fct_spend_vs_budget",
        "fct_sprint_items",
        "fct_sprints",
        "fct_vulnerabilities",
        "fct_work_items",
        "kpi_scorecard",
        "mart_cloud_cost_per_customer",
        "mart_slo_burn",
        "meta_coverage",
        "meta_source_freshness",
        "meta_unmapped",
    }
)
