"""The raw tables, made from the contracts, and the loader's own tables in schema ``ops``."""

# ruff: noqa: S608  names come from one quoting function or are made here, values are parameters

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from orchestration.loading.contract_model import ContractError, SystemContract, TableContract
from orchestration.loading.identifiers import Parameters, literal, quote
from orchestration.loading.warehouse import transaction

OPS_TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "ingest_files": (
        "One row per landed file, known by its content and the captures of its path",
        {
            "file_id": "string",
            "system": "string",
            "table_name": "string",
            "path": "string",
            "sha256": "string",
            "bytes": "bigint",
            "format": "string",
            "delivered_at": "timestamp",
            "status": "string",
            "reason": "string",
            "rows_read": "bigint",
            "rows_loaded": "bigint",
            "rows_duplicate": "bigint",
            "rows_superseded": "bigint",
            "rows_quarantined": "bigint",
            "data_through": "timestamp",
            "first_seen_at": "timestamp",
            "loaded_at": "timestamp",
            "duration_ms": "bigint",
        },
    ),
    "ingest_rejects": (
        "One row per record that broke its contract",
        {
            "reject_id": "string",
            "file_id": "string",
            "system": "string",
            "table_name": "string",
            "path": "string",
            "row_number": "bigint",
            "line": "bigint",
            "column_name": "string",
            "value": "string",
            "reason": "string",
            "raw_text": "string",
            "rejected_at": "timestamp",
            "replayed_at": "timestamp",
        },
    ),
    "schema_drift": (
        "One row per raw table and member that files have and the contract does not",
        {
            "system": "string",
            "table_name": "string",
            "member": "string",
            "file_id": "string",
            "first_seen_at": "timestamp",
        },
    ),
    "table_state": (
        "One row per raw table: how much it holds, until when, and a version that grows with each change",
        {
            "system": "string",
            "table_name": "string",
            "rows": "bigint",
            "data_through": "timestamp",
            "last_loaded_at": "timestamp",
            "version": "bigint",
        },
    ),
    "landed_paths": (
        "One row per landed path, so that a run that finds nothing new reads no file",
        {
            "system": "string",
            "table_name": "string",
            "path": "string",
            "bytes": "bigint",
            "modified_ns": "bigint",
            "file_id": "string",
        },
    ),
    # Written by the publication; here, because whoever reads the warehouse finds it from the first run.
    "published_values": (
        "One row per KPI figure of a complete period and each value with which it was published",
        {
            "kpi_id": "string",
            "period_grain": "string",
            "period_start": "date",
            "segment_type": "string",
            "segment_id": "string",
            "version": "bigint",
            "publication": "bigint",
            "value": "double",
            "numerator": "decimal(38, 9)",
            "denominator": "decimal(38, 9)",
            "status": "string",
            "definition_version": "string",
            "as_of_date": "date",
            "run_id": "string",
            "published_at": "timestamp",
        },
    ),
    "published_records": (
        "One row per record behind the KPIs of no people, and state in which it was published",
        {
            "publication": "bigint",
            "replaced_by": "bigint",
            "kpi_id": "string",
            "record_id": "string",
            "event_date": "date",
            "group_id": "string",
            "team_id": "string",
            "service_id": "string",
            "tier": "string",
            "severity": "string",
            "provider": "string",
            "customer_id": "string",
            "work_type": "string",
            "numerator": "decimal(38, 9)",
            "denominator": "decimal(38, 9)",
            "measured": "double",
            "exclusion_reason": "string",
        },
    ),
    "published_restatements": (
        "One row per KPI figure that was published anew, its version, and reason why it is another",
        {
            "publication": "bigint",
            "kpi_id": "string",
            "period_grain": "string",
            "period_start": "date",
            "segment_type": "string",
            "segment_id": "string",
            "version": "bigint",
            "reason": "string",
            "record_count": "bigint",
            "sample_size_change": "bigint",
            "numerator_change": "decimal(38, 9)",
            "denominator_change": "decimal(38, 9)",
        },
    ),
    "deliveries": (
        "One row per raw table and partition: when the delivery was made whose rows it holds",
        {
            "system": "string",
            "table_name": "string",
            "partition_key": "string",
            "delivered_at": "timestamp",
        },
    ),
}


def ensure_tables(con: duckdb.DuckDBPyConnection, contracts: Mapping[str, SystemContract]) -> None:
    """Create what is missing of the ``ops`` tables and the raw tables of ``contracts``.

    Columns that a contract gained are added (null until a replay), columns that it lost or drops as personal
    are removed. Raises ContractError where a column of a table with rows changed its type.
    """
    with transaction(con):  # one commit instead of one per statement: each waits for the disk
        existing = _existing_columns(con)
        con.execute("create schema if not exists ops")
        for name, (comment, columns) in OPS_TABLES.items():
            _ensure_table(con, ("ops", name), columns, existing.get(("ops", name)), comment)
        tables = [table for contract in contracts.values() for table in contract.tables.values()]
        for contract in contracts.values():
            con.execute(f"create schema if not exists {quote(contract.schema)}")
            for table in contract.tables.values():
                _ensure_raw_table(con, contract, table, existing.get((table.schema, table.name)))
        parameters = Parameters()
        known = parameters.add_rows(
            {"system": "VARCHAR", "table_name": "VARCHAR"}, [(table.system, table.name) for table in tables]
        )
        con.execute(
            f"""
            insert into ops.table_state (system, table_name, rows, version)
            select known.system, known.table_name, 0, 0
            from {known} as known
            anti join ops.table_state as state
                on known.system = state.system and known.table_name = state.table_name
            """,
            parameters.values,
        )


def raw_columns(table: TableContract) -> dict[str, str]:
    """Columns of the raw table with their types, the loader's own two at the end."""
    columns = {column.name: column.data_type for column in table.stored}
    return columns | {"_file_id": "string", "_row": "bigint"}


def _existing_columns(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], dict[str, str]]:
    rows = con.execute(
        """
        select schema_name, table_name, column_name, data_type
        from duckdb_columns()
        where database_name = current_database()
            and (schema_name = 'ops' or starts_with(schema_name, 'raw_'))
        order by schema_name, table_name, column_index
        """
    ).fetchall()
    tables: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, data_type in rows:
        tables.setdefault((schema, table), {})[column] = data_type
    return tables


def _ensure_table(
    con: duckdb.DuckDBPyConnection,
    name: tuple[str, str],
    columns: Mapping[str, str],
    existing: Mapping[str, str] | None,
    comment: str,
) -> None:
    if existing is None:
        listed = ", ".join(f"{quote(column)} {data_type}" for column, data_type in columns.items())
        con.execute(f"create table if not exists {quote(*name)} ({listed})")
        con.execute(f"comment on table {quote(*name)} is {literal(comment)}")
        return
    for column, data_type in columns.items():
        if column not in existing:
            con.execute(f"alter table {quote(*name)} add column {quote(column)} {data_type}")


def _ensure_raw_table(
    con: duckdb.DuckDBPyConnection,
    contract: SystemContract,
    table: TableContract,
    existing: Mapping[str, str] | None,
) -> None:
    name, columns = (table.schema, table.name), raw_columns(table)
    if existing is not None:
        changed = [c for c, t in columns.items() if c in existing and existing[c] != canonical_type(t)]
        if changed:
            rows = con.execute(f"select count(*) from {quote(*name)}").fetchone()
            if rows and rows[0]:
                raise ContractError(
                    contract.file,
                    table.name,
                    changed[0],
                    f"is {existing[changed[0]]} in the warehouse and {columns[changed[0]]} in the contract: "
                    "rename the column, or load the table anew "
                    f"(replay --all --system {table.system} --table {table.name})",
                )
            con.execute(f"drop table {quote(*name)}")
            existing = None
    _ensure_table(con, name, columns, existing, table.description)
    for column in existing or {}:
        if column not in columns:
            con.execute(f"alter table {quote(*name)} drop column {quote(column)}")


def canonical_type(data_type: str) -> str:
    """A contract's type as DuckDB names it."""
    if data_type.startswith("decimal"):
        return data_type.replace(" ", "").upper()
    return {"string": "VARCHAR"}.get(data_type, data_type.upper())
