"""Landed files that no table takes in: refused in the ledger, never passed over in silence."""

from __future__ import annotations

import hashlib
from datetime import datetime

import duckdb

from orchestration.home import DataHome
from orchestration.loading.contract_model import SystemContract
from orchestration.loading.landing import LandedFile, discover, misplaced, unclaimed
from orchestration.loading.outcome import FileOutcome
from orchestration.loading.warehouse import transaction

# Marks the ledger rows of strays: once a contract reads their folder, they are forgotten and loaded.
STRAY = "stray"


def refuse_strays(
    con: duckdb.DuckDBPyConnection, home: DataHome, contract: SystemContract, now: datetime
) -> list[FileOutcome]:
    """Note each new file below ``landing/<system>/`` that belongs to no table of the contract as failed, and
    what stands in the place of a folder.

    They are known by path, size and time; their content is not read. Folders that a contract has come to read
    are forgotten here, so that their files load.
    """
    tables = ", ".join(sorted(contract.tables))
    prefix = f"{contract.system}/"
    strays = unclaimed(home, {contract.system: contract})
    folders = [name.removeprefix(prefix) for name in strays if name.startswith(prefix)]
    noted = con.execute(
        "select file_id, table_name from ops.ingest_files where system = ? and format = ?",
        [contract.system, STRAY],
    ).fetchall()
    claimed = [file_id for file_id, table in noted if table in contract.tables]
    found: list[tuple[LandedFile, str, str]] = [
        (file, "", f"{file.refusal}: {contract.system} takes {tables}, a folder each")
        for file in misplaced(home, contract.system)
    ]
    for folder in folders:
        reason = f"is in no contract: {contract.system} takes {tables}"
        found += [(file, folder, reason) for file in discover(home, contract.system, folder)]
    if not found and not claimed:
        return []
    known = {file_id for file_id, _ in noted}
    outcomes = []
    with transaction(con):
        con.execute("delete from ops.ingest_files where list_contains(?::varchar[], file_id)", [claimed])
        for file, folder, reason in found:
            mark = f"{file.shown} {file.bytes} {file.modified_ns}"
            file_id = hashlib.sha256(f"{STRAY} {mark}".encode()).hexdigest()[:16]
            if file_id in known:
                continue
            con.execute(
                """
                insert into ops.ingest_files by name
                select ? as file_id, ? as system, ? as table_name, ? as path, ? as bytes, ? as format,
                    'failed' as status, ? as reason, 0 as rows_read, 0 as rows_loaded,
                    0 as rows_duplicate, 0 as rows_superseded, 0 as rows_quarantined,
                    ? as first_seen_at, 0 as duration_ms
                """,
                [file_id, contract.system, folder, file.shown, file.bytes, STRAY, reason, now],
            )
            place = (file_id, contract.system, folder, file.shown)
            outcomes.append(FileOutcome(*place, "failed", reason, 0, 0, 0, 0, 0, None, 0))
    return outcomes
