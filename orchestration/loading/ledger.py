"""The ledger: what is known of landed files; a batch is written down in the transaction of its rows."""

# ruff: noqa: S608  names come from one quoting function or are made here, values are parameters

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from orchestration.loading.contract_model import TableContract
from orchestration.loading.identifiers import Parameters, quote
from orchestration.loading.intake import Candidate
from orchestration.loading.outcome import FileOutcome
from orchestration.loading.records import NOT_A_RECORD
from orchestration.loading.staging import STAGE


def known_paths(con: duckdb.DuckDBPyConnection, table: TableContract) -> dict[str, tuple[int, int]]:
    """Size and modification time (ns) of the landed paths that need not be read again."""
    rows = con.execute(
        "select path, bytes, modified_ns from ops.landed_paths where system = $system and table_name = $name",
        {"system": table.system, "name": table.name},
    ).fetchall()
    return {path: (size, modified) for path, size, modified in rows}


def known_deliveries(con: duckdb.DuckDBPyConnection, table: TableContract) -> dict[str, datetime]:
    """Times of delivery by path below the table's folder, where a path names its delivery."""
    if "delivery" not in table.path_pattern.names:
        return {}
    rows = con.execute(
        "select path, delivered_at from ops.ingest_files where system = $system and table_name = $name",
        {"system": table.system, "name": table.name},
    ).fetchall()
    return {path.split("/", 2)[-1]: delivered_at for path, delivered_at in rows}


def known_files(con: duckdb.DuckDBPyConnection, table: TableContract) -> set[str]:
    """Identities of the files of a table that the ledger has, loaded or failed."""
    rows = con.execute(
        "select file_id from ops.ingest_files where system = $system and table_name = $name",
        {"system": table.system, "name": table.name},
    ).fetchall()
    return {row[0] for row in rows}


def note_batch(con: duckdb.DuckDBPyConnection, batch: Sequence[Candidate]) -> None:
    """Make the temporary table ``batch_files`` of the candidates, numbered from 1."""
    con.execute(
        """
        create or replace temp table batch_files (
            number integer, file_id string, path string, delivered_at timestamp, failure string,
            first_rid bigint, rows_read bigint, good bigint, malformed bigint, data_through timestamp
        )
        """
    )
    parameters = Parameters()
    files = parameters.add_rows(
        {"number": "INTEGER", "file_id": "VARCHAR", "path": "VARCHAR", "delivered_at": "TIMESTAMP"},
        [(n, c.file_id, c.file.shown, c.delivered_at) for n, c in enumerate(batch, 1)],
    )
    con.execute(
        f"""
        insert into batch_files (number, file_id, path, delivered_at)
        select number, file_id, path, delivered_at from {files}
        """,
        parameters.values,
    )


def count_batch(con: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    """Count the stage per file into ``batch_files``; ``data_through`` is taken over good rows."""
    positions = {column.name: f"v{i}" for i, column in enumerate(table.stored, 1)}
    time = (
        f"max({positions[table.load.time_column]}) filter (where _state is null)"
        if table.load.time_column
        else "null"
    )
    con.execute(
        f"""
        update batch_files
        set
            first_rid = counted.first_rid, rows_read = counted.rows_read, good = counted.good,
            malformed = counted.malformed, data_through = counted.data_through
        from (
            select
                _file, min(rowid) as first_rid,
                count(*) filter (where _state is null or _state <> {NOT_A_RECORD}) as rows_read,
                count(*) filter (where _state is null) as good,
                count(*) filter (where _state = -1) as malformed,
                cast({time} as timestamp) as data_through
            from {STAGE}
            group by _file
        ) as counted
        where batch_files.number = counted._file
        """
    )
    con.execute(
        "update batch_files set rows_read = 0, good = 0, malformed = 0, first_rid = 0 where rows_read is null"
    )
    dating = next((c.name for c in table.stored if c.options.delivered_at), None)
    if dating and "delivered_at" not in table.path_pattern.names:
        con.execute(
            f"""
            update batch_files set delivered_at = dated.delivered_at
            from (
                select _file, cast(max({positions[dating]}) as timestamp) as delivered_at
                from {STAGE} where _state is null group by _file
            ) as dated
            where batch_files.number = dated._file and dated.delivered_at is not null
            """
        )


def insert_rows(con: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    """Copy the good rows of the stage that are not beaten into the raw table."""
    columns = ", ".join(quote(column.name) for column in table.stored)
    values = ", ".join(f"stage.v{i}" for i in range(1, len(table.stored) + 1))
    beaten = "anti join beaten on stage.rowid = beaten.rid" if _count(con, "beaten") else ""
    files = con.execute("select file_id, first_rid from batch_files where failure is null").fetchall()
    if len(files) == 1 and _count(con, "batch_files") == 1:
        parameters = {"file": files[0][0], "first": files[0][1]}
        source, file_id, first = f"{STAGE} as stage {beaten}", "$file", "$first"
    else:
        parameters = {}
        source = f"{STAGE} as stage inner join batch_files as files on stage._file = files.number {beaten}"
        file_id, first = "files.file_id", "files.first_rid"
    kept = "" if parameters else "and files.failure is null"
    if not files:
        return
    con.execute(
        f"""
        insert into {quote(table.schema, table.name)} ({columns}, _file_id, _row)
        select {values}, {file_id}, stage.rowid - {first} + 1
        from {source}
        where stage._state is null {kept}
        """,
        parameters,
    )


def record_batch(
    con: duckdb.DuckDBPyConnection,
    table: TableContract,
    batch: Sequence[Candidate],
    now: datetime,
    duration_ms: int,
) -> None:
    """Write the ledger rows of a batch and remember its paths."""
    parameters = Parameters()
    facts = parameters.add_rows(
        {"number": "INTEGER", "sha256": "VARCHAR", "bytes": "BIGINT", "format": "VARCHAR"},
        [(n, c.sha256, c.file.bytes, c.format) for n, c in enumerate(batch, 1)],
    )
    given = {"system": table.system, "name": table.name, "now": now, "duration": duration_ms}
    con.execute(
        f"""
        insert into ops.ingest_files (
            file_id, system, table_name, path, sha256, bytes, format, delivered_at, status, reason,
            rows_read, rows_loaded, rows_duplicate, rows_superseded, rows_quarantined,
            data_through, first_seen_at, loaded_at, duration_ms
        )
        select
            files.file_id, $system, $name, files.path, facts.sha256, facts.bytes, facts.format,
            files.delivered_at,
            case when files.failure is null then 'loaded' else 'failed' end, files.failure,
            case when files.failure is null then files.rows_read else 0 end,
            case when files.failure is null
                then files.good - coalesce(lost.duplicate, 0) - coalesce(lost.superseded, 0) else 0 end,
            case when files.failure is null then coalesce(lost.duplicate, 0) else 0 end,
            case when files.failure is null then coalesce(lost.superseded, 0) else 0 end,
            case when files.failure is null then files.rows_read - files.good else 0 end,
            files.data_through, $now, case when files.failure is null then $now end, $duration
        from batch_files as files
        inner join {facts} as facts on files.number = facts.number
        left join (
            select
                stage._file,
                count(*) filter (where beaten.reason = 'duplicate') as duplicate,
                count(*) filter (where beaten.reason = 'superseded') as superseded
            from beaten
            inner join {STAGE} as stage on beaten.rid = stage.rowid
            group by stage._file
        ) as lost on files.number = lost._file
        """,
        parameters.values | given,
    )
    remember_paths(con, table, batch)


def remember_paths(con: duckdb.DuckDBPyConnection, table: TableContract, batch: Sequence[Candidate]) -> None:
    """Remember size and time of landed paths, so that the next run need not read them."""
    parameters = Parameters()
    paths = parameters.add_rows(
        {"path": "VARCHAR", "bytes": "BIGINT", "modified_ns": "BIGINT", "file_id": "VARCHAR"},
        [(c.file.shown, c.file.bytes, c.file.modified_ns, c.file_id) for c in batch],
    )
    values = parameters.values | {"system": table.system, "name": table.name}
    con.execute(
        f"""
        delete from ops.landed_paths
        where system = $system and table_name = $name and path in (select path from {paths})
        """,
        values,
    )
    con.execute(
        f"""
        insert into ops.landed_paths (system, table_name, path, bytes, modified_ns, file_id)
        select $system, $name, path, bytes, modified_ns, file_id from {paths}
        """,
        values,
    )


def note_failure(con: duckdb.DuckDBPyConnection, number: int, reason: str) -> None:
    """Mark a file of the batch as failed: none of its rows is loaded."""
    con.execute(
        "update batch_files set failure = $reason where number = $number",
        {"reason": reason, "number": number},
    )


def read_outcomes(con: duckdb.DuckDBPyConnection) -> list[FileOutcome]:
    """The ledger rows of a batch as outcomes, in the order of the batch."""
    rows = con.execute(
        """
        select
            ledger.file_id, ledger.system, ledger.table_name, ledger.path, ledger.status, ledger.reason,
            ledger.rows_read, ledger.rows_loaded, ledger.rows_duplicate, ledger.rows_superseded,
            ledger.rows_quarantined, ledger.data_through, ledger.duration_ms
        from ops.ingest_files as ledger
        inner join batch_files as files on ledger.file_id = files.file_id
        order by files.number
        """
    ).fetchall()
    return [FileOutcome(*row) for row in rows]


def refresh_state(con: duckdb.DuckDBPyConnection, table: TableContract, now: datetime) -> None:
    """Bring ``ops.table_state`` of a table up to date; its version grows if the batch changed its rows."""
    time = f"cast(max({quote(table.load.time_column)}) as timestamp)" if table.load.time_column else "null"
    con.execute(
        f"""
        update ops.table_state
        set
            rows = counted.rows, data_through = counted.data_through, last_loaded_at = $now,
            version = version + case when changed.rows > 0 then 1 else 0 end
        from
            (
                select count(*) as rows, cast({time} as timestamp) as data_through
                from {quote(table.schema, table.name)}
            ) as counted,
            (
                select
                    (select count(*) from losing) + coalesce(sum(ledger.rows_loaded), 0) as rows
                from ops.ingest_files as ledger
                inner join batch_files as files on ledger.file_id = files.file_id
            ) as changed
        where system = $system and table_name = $name
        """,
        {"system": table.system, "name": table.name, "now": now},
    )


def _count(con: duckdb.DuckDBPyConnection, temporary: str) -> int:
    row = con.execute(f"select count(*) from {quote(temporary)}").fetchone()
    return int(row[0]) if row else 0
