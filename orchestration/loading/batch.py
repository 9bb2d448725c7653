"""A batch of files of one table: staged, judged, settled, committed together, divided where one fails."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration.loading.archives import Limits
from orchestration.loading.contract_model import TableContract
from orchestration.loading.identifiers import literal
from orchestration.loading.intake import Candidate
from orchestration.loading.landing import LandingError
from orchestration.loading.ledger import (
    count_batch,
    insert_rows,
    known_files,
    note_batch,
    note_failure,
    read_outcomes,
    record_batch,
    refresh_state,
    remember_paths,
)
from orchestration.loading.modes import settle
from orchestration.loading.outcome import FileOutcome
from orchestration.loading.pseudonym import PseudonymKey
from orchestration.loading.quarantine import (
    begin_split_lines,
    commonest_fault,
    count_split_lines,
    note_split_lines,
    record_drift,
    record_rejects,
    record_split_lines,
)
from orchestration.loading.records import StageRequest
from orchestration.loading.relations import numbered
from orchestration.loading.staging import count_rows, create_stage, fill_stage
from orchestration.loading.texts import blank_broken_lines, ensure_utf8, json_fault
from orchestration.loading.warehouse import transaction

_log = logging.getLogger(__name__)
# Up to here the stage is held in memory, which saves compressing every value twice; beyond it in a file of
# its own. An estimate that is too low takes no more memory than the warehouse may: DuckDB spills the rest.
_MEMORY_BYTES = 1024**3
# Bytes of the stage per byte of a file. Of JSON the contracts read the smaller part, and member names stay
# behind; of flat text nearly everything, with 16 bytes around each value; Parquet is compressed besides.
_STAGED_SHARE = {"json_lines": 0.25, "json_array": 0.25, "json_document": 0.5, "csv": 4.0, "parquet": 30.0}
# What DuckDB raises for a file that it cannot read; all else (no space, a defect) is not the file's fault.
UNREADABLE = (
    duckdb.InvalidInputException,
    duckdb.ConversionException,
    duckdb.OutOfRangeException,
    duckdb.NotImplementedException,  # of a line beyond the reader's buffer
)


@dataclass(frozen=True)
class Batch:
    """Candidates of one table that are read together, and what reading them needs.

    ``repeated``: the batch was staged before, so its files may have become known since.
    """

    table: TableContract
    candidates: list[Candidate]
    folder: Path
    key: PseudonymKey | None
    clock: Callable[[], datetime]
    limits: Limits
    repeated: bool = False


def load_batch(con: duckdb.DuckDBPyConnection, batch: Batch) -> list[FileOutcome]:
    """Load the batch in one transaction, or divided where a file cannot be read; the outcome of each file.

    Raises duckdb.Error where the warehouse itself fails; the batch is undone then.
    """
    started = time.monotonic()
    candidates = batch.candidates
    with scratch(con, batch):
        try:
            stage_files(con, batch)
        except UNREADABLE as error:
            if len(candidates) > 1:
                middle = len(candidates) // 2
                rest = [candidates[:middle], candidates[middle:]]
            else:
                candidates[0].resolve(batch.table)
                fault = _json_fault(candidates[0], batch.limits)
                candidates[0].failure = fault or failure_reason(batch.table, error)
                candidates[0].parts = []
                rest = [candidates]
        else:
            rest = _fit_to_commit(con, batch)
            if rest == [candidates]:
                return _commit(con, batch, started)
    again = replace(batch, repeated=True)
    return [o for part in rest if part for o in load_batch(con, replace(again, candidates=part))]


def _fit_to_commit(con: duckdb.DuckDBPyConnection, batch: Batch) -> list[list[Candidate]]:
    """The candidates, if all can be committed as staged; otherwise those to be staged again, in turn.

    Left out are files that changed meanwhile, and files hashed while being read that turn out to be known.
    """
    unresolved = any(c.hashing for c in batch.candidates)
    for candidate in batch.candidates:
        candidate.resolve(batch.table)
    changed = [c for c in batch.candidates if not c.is_unchanged()]
    for candidate in changed:
        _log.info("%s changed while it was loaded; it is left for the next run", candidate.file.shown)
    known = known_files(con, batch.table) if unresolved or batch.repeated else set()
    seen = [c for c in batch.candidates if c.file_id in known]
    if seen:
        with transaction(con):
            remember_paths(con, batch.table, seen)
    once: dict[str, Candidate] = {}
    again: list[Candidate] = []
    for candidate in batch.candidates:
        if candidate not in changed and candidate not in seen:
            again += [candidate] if candidate.file_id in once else []
            once.setdefault(candidate.file_id, candidate)
    first = list(once.values())
    return [first] if not again else [first, again]


@contextmanager
def scratch(con: duckdb.DuckDBPyConnection, batch: Batch) -> Iterator[None]:
    """The database ``scratch`` for the stage, outside the warehouse: a bad file leaves no trace there."""
    file = batch.folder / "scratch.duckdb"
    staged = sum(part.bytes * _STAGED_SHARE[part.kind] for c in batch.candidates for part in c.parts)
    small = staged <= _MEMORY_BYTES
    con.execute(f"attach {literal(':memory:' if small else str(file))} as scratch")
    try:
        yield
    finally:
        con.execute("detach scratch")
        file.unlink(missing_ok=True)
        file.with_name(file.name + ".wal").unlink(missing_ok=True)


def stage_files(con: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Fill the stage, and ``split_lines`` with the lines that could not be split into fields."""
    create_stage(con, batch.table)
    begin_split_lines(con)
    con.execute("drop table if exists reject_errors")
    con.execute("drop table if exists reject_scans")
    _number(batch)
    captures: dict[str, list[str | None]] = {
        name: [c.captures.get(name) for c in batch.candidates] for name in batch.table.path_pattern.names
    }
    readable = [c for c in batch.candidates if c.parts]
    for position in range(max((len(c.parts) for c in readable), default=0)):
        # Only a candidate that is alone has several parts; then they are read one after the other.
        if position:
            readable[0].parts[position] = replace(readable[0].parts[position], first_row=count_rows(con))
        parts = [c.parts[position] for c in readable]
        request = StageRequest(batch.table, parts, [p.path for p in parts], captures, batch.key, batch.limits)
        try:
            if fill_stage(con, request):
                for candidate in readable:  # a record's number is no longer that of its line
                    candidate.parts[position] = replace(candidate.parts[position], by_line=False)
        except UNREADABLE as error:
            if len(readable) > 1:
                raise
            _fill_repaired(con, request, readable[0], position, error)


def _number(batch: Batch) -> None:
    """Give every part the name that tells the reader the number of its file in this batch."""
    for number, candidate in enumerate(batch.candidates, 1):
        for position, part in enumerate(candidate.parts):
            target = numbered(batch.folder / f"part{position}", number)
            target.parent.mkdir(exist_ok=True)
            if part.path != target:
                part.path.replace(target)
                if candidate.placed == part.path:
                    candidate.placed = target
                candidate.parts[position] = replace(part, path=target)


def _fill_repaired(
    con: duckdb.DuckDBPyConnection,
    request: StageRequest,
    candidate: Candidate,
    position: int,
    failure: duckdb.Error,
) -> None:
    """Read a part that failed once more: as UTF-8, with one kind of line ends, without the lines that do not
    split, which are noted. Raises duckdb.Error where nothing helps.
    """
    part = candidate.parts[position]
    repaired = part
    if part.kind != "parquet":
        try:
            path = ensure_utf8(part.path, request.table.load.encodings, b"", always=True)
        except LandingError as error:
            raise duckdb.InvalidInputException(str(error)) from error
        repaired = replace(part, path=path)
    if repaired.path != part.path:
        repaired = replace(repaired, path=repaired.path.replace(part.path))
        candidate.placed = None if candidate.placed == part.path else candidate.placed
        try:
            fill_stage(con, request.again())
            return
        except UNREADABLE:
            pass
    if part.kind != "csv" or part.headers is None:
        raise failure
    broken: list[tuple[int, str]] = []
    if len(part.headers.names) > 1:  # of a single column, an empty line is a record
        try:
            broken = blank_broken_lines(part.path, part.delimiter, request.limits.line_bytes)
        except LandingError as error:
            raise duckdb.InvalidInputException(str(error)) from error
        candidate.placed = None if candidate.placed == part.path else candidate.placed
    fill_stage(con, request.again(), rejects=True)
    note_split_lines(con, position, part, broken)


def failure_reason(table: TableContract, error: Exception) -> str:
    """Why a file cannot be read, without any of its text where the table is personal."""
    first = str(error).splitlines()[0].removeprefix("Invalid Input Error: ")
    first = re.sub(
        r"[^\s\"']*/part\d+/\d{8}", "it", first
    )  # its name in the workspace means nothing to anybody
    return "cannot be read" if table.personal else f"cannot be read: {first[:500]}"


def _commit(con: duckdb.DuckDBPyConnection, batch: Batch, started: float) -> list[FileOutcome]:
    table, candidates = batch.table, batch.candidates
    now = batch.clock()
    with transaction(con):
        note_batch(con, candidates)
        count_batch(con, table)
        split = count_split_lines(con)
        if split:
            record_split_lines(con, table, candidates[0], batch.key, now)
            con.execute("update batch_files set rows_read = rows_read + $split", {"split": split})
        _judge(con, batch)
        if split and candidates[0].failure is not None:
            # Of a failed file no row counts as read, so none may wait in the quarantine.
            con.execute(
                "delete from ops.ingest_rejects where file_id = $file_id", {"file_id": candidates[0].file_id}
            )
        settle(con, table)
        insert_rows(con, table)
        record_rejects(con, table, candidates, batch.key, now)
        record_drift(con, table, candidates, batch.key, now)
        milliseconds = int((time.monotonic() - started) * 1000 / len(candidates))
        record_batch(con, table, candidates, now, milliseconds)
        refresh_state(con, table, now)
        return read_outcomes(con)


def _judge(con: duckdb.DuckDBPyConnection, batch: Batch) -> None:
    """Fail files that are wholly unreadable, and snapshots that would empty their table."""
    table = batch.table
    rows = con.execute(
        "select number, rows_read, good, malformed, delivered_at from batch_files order by number"
    ).fetchall()
    filled = {delivered_at for _, _, good, _, delivered_at in rows if good}
    for (number, read, good, malformed, delivered_at), candidate in zip(rows, batch.candidates, strict=True):
        kinds = {part.kind for part in candidate.parts}
        if candidate.failure is None and malformed and ("json_document" in kinds or malformed == read):
            candidate.failure = _json_fault(candidate, batch.limits) or "is not JSON"
        guarded = table.load.mode == "snapshot" and not table.load.allow_empty
        empty = not good and delivered_at not in filled and not _delivered_before(con, table, delivered_at)
        if candidate.failure is None and guarded and empty:
            fault = commonest_fault(con, table, candidate, number) if read else "has no row"
            candidate.failure = (
                f"{fault}, and as a snapshot it would empty the table (allow_empty is not set)"
            )
        if candidate.failure is not None:
            note_failure(con, number, candidate.failure)


def _json_fault(candidate: Candidate, limits: Limits) -> str | None:
    """What is wrong with a file that is one JSON text, if it is one and that can be told."""
    whole = len(candidate.parts) == 1 and candidate.parts[0].kind in ("json_array", "json_document")
    return json_fault(candidate.parts[0].path, limits.parsed_bytes) if whole else None


def _delivered_before(con: duckdb.DuckDBPyConnection, table: TableContract, delivered_at: datetime) -> bool:
    found = con.execute(
        """
        select 1 from ops.ingest_files
        where system = $system and table_name = $name
            and delivered_at = $delivered and rows_read > rows_quarantined
        limit 1
        """,
        {"system": table.system, "name": table.name, "delivered": delivered_at},
    ).fetchone()
    return found is not None
