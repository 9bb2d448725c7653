"""Raw and ops tables as Parquet, for engines that do not read DuckDB files."""

# ruff: noqa: S608  names come from one quoting function

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from orchestration.durable import replace_text
from orchestration.home import DataHome
from orchestration.loading.contract_model import SystemContract
from orchestration.loading.identifiers import literal, quote
from orchestration.loading.tables import OPS_TABLES, raw_columns


def export_lake(
    con: duckdb.DuckDBPyConnection, home: DataHome, contracts: Mapping[str, SystemContract]
) -> list[str]:
    """Write ``lake/<schema>/<table>/data.parquet`` for raw tables that changed since the last time, and ops.

    Empty tables are written too, so that a reader finds every schema. Returns the names written. A table is
    replaced in one step; ``lake/manifest.json`` keeps the versions and is written last, so a killed export is
    made again.
    """
    versions = {
        (f"raw_{system}", name): version
        for system, name, version in con.execute(
            "select system, table_name, version from ops.table_state"
        ).fetchall()
    }
    manifest_file = home.lake / "manifest.json"
    manifest: dict[str, str] = json.loads(manifest_file.read_text()) if manifest_file.exists() else {}
    written: list[str] = []
    for contract in contracts.values():
        for table in contract.tables.values():
            name = f"{table.schema}.{table.name}"
            columns = raw_columns(table)
            state = json.dumps([versions.get((table.schema, table.name), 0), columns])
            if manifest.get(name) == state and _target(home, table.schema, table.name).exists():
                continue
            _export(con, home, table.schema, table.name, list(columns))
            manifest[name] = state
            written.append(name)
    for name, (_, ops_columns) in OPS_TABLES.items():
        _export(con, home, "ops", name, list(ops_columns))
        written.append(f"ops.{name}")
    replace_text(manifest_file, json.dumps(manifest, indent=1))
    return written


def _target(home: DataHome, schema: str, table: str) -> Path:
    return home.lake / schema / table / "data.parquet"


def _export(
    con: duckdb.DuckDBPyConnection, home: DataHome, schema: str, table: str, columns: list[str]
) -> None:
    target = _target(home, schema, table)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = home.temporary / f"{schema}.{table}.parquet"
    part.parent.mkdir(parents=True, exist_ok=True)
    listed = ", ".join(quote(column) for column in columns)
    con.execute(
        f"copy (select {listed} from {quote(schema, table)}) to {literal(str(part))}"
        " (format parquet, compression zstd)"
    )
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
