"""Reading landed files again after a contract was mended: a file, the quarantined records, a whole table."""

# ruff: noqa: S608  names come from one quoting function or are made here, values are parameters

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.home import DataHome
from orchestration.loading.archives import Limits
from orchestration.loading.batch import UNREADABLE, Batch, failure_reason, scratch, stage_files
from orchestration.loading.contract_model import SystemContract, TableContract
from orchestration.loading.identifiers import quote
from orchestration.loading.landing import ChangedWhileReadError, LandedFile, discover
from orchestration.loading.ledger import count_batch, insert_rows, note_batch, refresh_state
from orchestration.loading.load import load_files, load_table, prepared, utc_now
from orchestration.loading.modes import settle
from orchestration.loading.outcome import FileOutcome
from orchestration.loading.pseudonym import PseudonymKey, read_pseudonym_key
from orchestration.loading.quarantine import count_split_lines
from orchestration.loading.records import NOT_A_RECORD
from orchestration.loading.staging import STAGE
from orchestration.loading.tables import ensure_tables
from orchestration.loading.warehouse import transaction


class ReplayError(ValueError):
    """A replay that cannot be done; the message says why and what can be done instead."""


@dataclass(frozen=True)
class Replayed:
    """What a replay of quarantined records did to one file."""

    path: str
    system: str
    table_name: str
    recovered: int
    still_quarantined: int
    problem: str | None


def replay_file(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    contracts: Mapping[str, SystemContract],
    path_or_id: str,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = utc_now,
    limits: Limits | None = None,
) -> list[FileOutcome]:
    """Forget what a file brought and load it again under today's contract; the outcome.

    ``path_or_id``: its path (absolute, or below the landing folder) or its id in the ledger. Raises
    ReplayError where the ledger does not know it, or the file is no longer in the landing folder.
    """
    shown = path_or_id
    if Path(path_or_id).is_absolute() and Path(path_or_id).is_relative_to(home.landing):
        shown = str(Path(path_or_id).relative_to(home.landing))
    row = con.execute(
        """
        select file_id, system, table_name from ops.ingest_files where file_id = $name or path = $name
        union
        select file_id, system, table_name from ops.landed_paths where path = $name
        order by file_id
        limit 1
        """,
        {"name": shown},
    ).fetchone()
    if row is None:
        raise ReplayError(
            f"the ledger knows no file {path_or_id!r}; see the status command for those it knows"
        )
    file_id, table = row[0], _table(contracts, row[1], row[2])
    files = _landed(con, home, table, file_id)
    if not files:
        raise ReplayError(f"{path_or_id!r} is no longer in the landing folder; land it again and load it")
    with transaction(con):
        forget_file(con, table, file_id)
    return load_files(con, home, table, files, environ=environ, clock=clock, limits=limits)


def replay_table(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    contracts: Mapping[str, SystemContract],
    system: str,
    table_name: str,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = utc_now,
    limits: Limits | None = None,
) -> list[FileOutcome]:
    """Drop a raw table with all that the ledger knows of it, and load its landed files anew.

    Raises ReplayError where the contracts do not have the table.
    """
    table = _table(contracts, system, table_name)
    with transaction(con):
        con.execute(f"drop table if exists {quote(table.schema, table.name)}")
        for owned in ("ingest_files", "ingest_rejects", "schema_drift", "landed_paths", "deliveries"):
            con.execute(
                f"delete from {quote('ops', owned)} where system = $system and table_name = $name",
                {"system": system, "name": table_name},
            )
        _grow_version(con, table)
    ensure_tables(con, contracts)
    return load_table(con, home, table, environ=environ, clock=clock, limits=limits)


def replay_rejects(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    contracts: Mapping[str, SystemContract],
    *,
    system: str | None = None,
    table_name: str | None = None,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = utc_now,
    limits: Limits | None = None,
) -> list[Replayed]:
    """Read the files of quarantined records again and take in the records that are good now.

    The ledger moves them from quarantined to loaded (or duplicate, superseded); their rejects get
    ``replayed_at``. What became of each file, and why where nothing could be done.
    """
    rows = con.execute(
        """
        select distinct rejects.file_id, rejects.system, rejects.table_name, files.path
        from ops.ingest_rejects as rejects
        inner join ops.ingest_files as files on rejects.file_id = files.file_id
        where rejects.replayed_at is null
            and ($system is null or rejects.system = $system)
            and ($name is null or rejects.table_name = $name)
        order by rejects.system, rejects.table_name, files.path, rejects.file_id
        """,
        {"system": system, "name": table_name},
    ).fetchall()
    results: list[Replayed] = []
    for file_id, of_system, of_table, path in rows:
        table = _table(contracts, of_system, of_table)
        key = read_pseudonym_key(home, os.environ if environ is None else environ) if table.personal else None
        files = _landed(con, home, table, file_id)
        problem, recovered = "is no longer in the landing folder", 0
        if files:
            problem, recovered = _recover(con, home, table, files[0], file_id, key, clock, limits or Limits())
        left = con.execute(
            "select count(*) from ops.ingest_rejects where file_id = $file and replayed_at is null",
            {"file": file_id},
        ).fetchone()
        results.append(
            Replayed(path, of_system, of_table, recovered, left[0] if left else 0, problem or None)
        )
    return results


def _recover(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    table: TableContract,
    file: LandedFile,
    file_id: str,
    key: PseudonymKey | None,
    clock: Callable[[], datetime],
    limits: Limits,
) -> tuple[str, int]:
    """Take in the records of one file that are good now; what stood in the way ('' if nothing), how many."""
    ledger = con.execute(
        "select rows_read, delivered_at from ops.ingest_files where file_id = $file and status = 'loaded'",
        {"file": file_id},
    ).fetchone()
    if ledger is None:
        return "is not in the ledger as loaded", 0
    try:
        with prepared(con, home, table, file, limits) as (folder, candidate):
            if candidate.failure or candidate.file_id != file_id:
                return candidate.failure or "has another content than when it was loaded", 0
            candidate.delivered_at = ledger[1]
            batch = Batch(table, [candidate], folder, key, clock, limits)
            with scratch(con, batch):
                stage_files(con, batch)
                return _commit_recovered(con, batch, ledger[0])
    except ChangedWhileReadError as error:
        return str(error), 0
    except UNREADABLE as error:
        return failure_reason(table, error), 0


def _commit_recovered(con: duckdb.DuckDBPyConnection, batch: Batch, rows_read: int) -> tuple[str, int]:
    table, file_id = batch.table, batch.candidates[0].file_id
    records = con.execute(
        f"select count(*) filter (where _state is null or _state <> {NOT_A_RECORD}), min(rowid) from {STAGE}"
    ).fetchone()
    read, first = records or (0, 0)
    if read + count_split_lines(con) != rows_read:
        return f"now reads as {read} records instead of {rows_read}: replay the file as a whole", 0
    con.execute("create or replace temp table waiting (rid bigint)")
    con.execute(
        """
        insert into waiting
        select row_number + $first - 1 from ops.ingest_rejects
        where file_id = $file and replayed_at is null and row_number is not null
        """,
        {"file": file_id, "first": first},
    )
    # Everything else of the file is loaded already. The stage is another database than the warehouse, and a
    # transaction writes to one of them only, so this stands outside of it.
    con.execute(f"update {STAGE} set _state = {NOT_A_RECORD} where rowid not in (select rid from waiting)")
    now = batch.clock()
    with transaction(con):
        note_batch(con, batch.candidates)
        count_batch(con, table)
        con.execute("update batch_files set first_rid = $first", {"first": first})
        settle(con, table)
        insert_rows(con, table)
        con.execute(
            """
            update ops.ingest_files as ledger
            set
                rows_loaded = ledger.rows_loaded + files.good - lost.duplicate - lost.superseded,
                rows_duplicate = ledger.rows_duplicate + lost.duplicate,
                rows_superseded = ledger.rows_superseded + lost.superseded,
                rows_quarantined = ledger.rows_quarantined - files.good,
                data_through = greatest(ledger.data_through, files.data_through)
            from
                batch_files as files,
                (
                    select
                        count(*) filter (where reason = 'duplicate') as duplicate,
                        count(*) filter (where reason = 'superseded') as superseded
                    from beaten
                ) as lost
            where ledger.file_id = files.file_id
            """
        )
        con.execute(
            f"""
            update ops.ingest_rejects set replayed_at = $now
            where file_id = $file and replayed_at is null
                and row_number in (select rowid - $first + 1 from {STAGE} where _state is null)
            """,
            {"now": now, "file": file_id, "first": first},
        )
        (good,) = con.execute("select good from batch_files").fetchone() or (0,)
        if good:
            refresh_state(con, table, now)
    return "", good


def forget_file(con: duckdb.DuckDBPyConnection, table: TableContract, file_id: str) -> None:
    """Remove a file's rows, its rejects and its ledger row, inside the caller's transaction."""
    con.execute(f"delete from {quote(table.schema, table.name)} where _file_id = $file", {"file": file_id})
    for owned in ("ingest_files", "ingest_rejects", "landed_paths"):
        con.execute(f"delete from {quote('ops', owned)} where file_id = $file", {"file": file_id})
    _grow_version(con, table)


def _grow_version(con: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    con.execute(
        "update ops.table_state set version = version + 1 where system = $system and table_name = $name",
        {"system": table.system, "name": table.name},
    )


def _table(contracts: Mapping[str, SystemContract], system: str, name: str) -> TableContract:
    if system not in contracts or name not in contracts[system].tables:
        raise ReplayError(f"no contract has a table {system}.{name}")
    return contracts[system].tables[name]


def _landed(
    con: duckdb.DuckDBPyConnection, home: DataHome, table: TableContract, file_id: str
) -> list[LandedFile]:
    """Where the file lies in the landing folder today, of all the paths that it ever had."""
    paths = {
        row[0]
        for row in con.execute(
            """
            select path from ops.landed_paths where file_id = $file
            union
            select path from ops.ingest_files where file_id = $file
            """,
            {"file": file_id},
        ).fetchall()
    }
    return [file for file in discover(home, table.system, table.name) if file.shown in paths]
