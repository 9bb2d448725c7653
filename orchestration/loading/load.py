"""Loading: every new landed file of a system into its raw table, rows and ledger in one transaction."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from orchestration.home import DataHome
from orchestration.loading.archives import Limits
from orchestration.loading.batch import Batch, load_batch
from orchestration.loading.contract_model import SystemContract, TableContract
from orchestration.loading.headers import matches_any
from orchestration.loading.intake import Candidate, batches, date_deliveries, describe_parquet, take_in
from orchestration.loading.landing import ChangedWhileReadError, LandedFile, discover
from orchestration.loading.ledger import known_deliveries, known_files, known_paths, remember_paths
from orchestration.loading.outcome import FileOutcome
from orchestration.loading.pseudonym import PseudonymKey, read_pseudonym_key
from orchestration.loading.strays import refuse_strays
from orchestration.loading.tables import ensure_tables
from orchestration.loading.warehouse import transaction

__all__ = ["FileOutcome", "ensure_tables", "load_system", "load_table"]

_log = logging.getLogger(__name__)
# So many files or bytes are prepared before they are read; it bounds the space of unpacked files.
_CHUNK_FILES, _CHUNK_BYTES = 2000, 512 * 1024**2


def utc_now() -> datetime:
    """The clock of a run that is given no other: naive UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def load_system(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    contract: SystemContract,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = utc_now,
    limits: Limits | None = None,
) -> list[FileOutcome]:
    """Load all new landed files of a system; the outcome of each, in the order of loading.

    A file that cannot be read is recorded with its reason, and the others go on. ``environ`` (default: the
    process's) is asked for the key of pseudonyms where the system has personal columns. ``clock`` gives naive
    UTC. Raises duckdb.Error where the warehouse itself fails (a full disk, say): then the batch at hand is
    undone and the next run takes it up.
    """
    outcomes = refuse_strays(con, home, contract, clock())
    for outcome in outcomes:
        _log.warning("%s cannot be loaded: it %s", outcome.path, outcome.reason)
    for table in contract.tables.values():
        outcomes += load_table(con, home, table, environ=environ, clock=clock, limits=limits)
    return outcomes


def load_table(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    table: TableContract,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = utc_now,
    limits: Limits | None = None,
) -> list[FileOutcome]:
    """Load all new landed files of one table; see ``load_system``."""
    paths = known_paths(con, table)
    fresh = [
        file
        for file in discover(home, table.system, table.name)
        if paths.get(file.shown) != (file.bytes, file.modified_ns)
        and not matches_any(file.name, list(table.load.ignored_files))
    ]
    return load_files(con, home, table, fresh, environ=environ, clock=clock, limits=limits) if fresh else []


def load_files(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    table: TableContract,
    files: Iterable[LandedFile],
    *,
    environ: Mapping[str, str] | None = None,
    clock: Callable[[], datetime] = utc_now,
    limits: Limits | None = None,
) -> list[FileOutcome]:
    """Load the given landed files of a table, as far as the ledger does not know their content."""
    limits = limits or Limits()
    key: PseudonymKey | None = None
    if table.personal:
        key = read_pseudonym_key(home, os.environ if environ is None else environ)
    files = list(files)
    deliveries = date_deliveries(table, known_deliveries(con, table), files)
    known, known_sizes = known_files(con, table), {size for size, _ in known_paths(con, table).values()}
    outcomes: list[FileOutcome] = []
    loose: list[Candidate] = []
    for folder, chunk in _chunks(con, home, table, files, known, known_sizes, limits, deliveries):
        new: dict[str, Candidate] = {}
        again: list[Candidate] = []
        for candidate in chunk:
            if candidate.file_id in known or candidate.file_id in new:
                again.append(candidate)
            else:
                new[candidate.file_id] = candidate
        for group in batches(list(new.values()), _CHUNK_BYTES):
            outcomes += load_batch(con, Batch(table, group, folder, key, clock, limits))
        known |= {o.file_id for o in outcomes}
        loose += [c for c in new.values() if _is_loose(table, c)]
        if again:
            with transaction(con):
                remember_paths(con, table, again)
    for outcome in outcomes:
        if outcome.status == "failed":
            _log.warning("%s cannot be loaded: it %s", outcome.path, outcome.reason)
    if len(loose) > 1:
        _warn_of_replaced(con, loose)
    return outcomes


def _is_loose(table: TableContract, candidate: Candidate) -> bool:
    """Whether the file is a delivery of its own, because nothing says which one it belongs to."""
    replaces = table.load.mode in ("replace_partition", "snapshot")
    named = table.path_pattern.delivery(candidate.file.below_table) is not None
    return replaces and not (candidate.dated or named or any(c.options.delivered_at for c in table.columns))


def _warn_of_replaced(con: duckdb.DuckDBPyConnection, loose: Iterable[Candidate]) -> None:
    """Say which of the files that came together were replaced: parts of one delivery should not be."""
    rows = con.execute(
        """
        select path, rows_superseded from ops.ingest_files
        where list_contains(?::varchar[], file_id) and rows_superseded > 0
        order by path
        """,
        [[candidate.file_id for candidate in loose]],
    ).fetchall()
    for path, superseded in rows:
        _log.warning(
            "%s: %s rows are replaced by those of a file beside it; parts of one delivery belong in one"
            " folder that is named for its day, such as %s/2026-06-30/",
            path,
            superseded,
            path.rsplit("/", 1)[0],
        )


@contextmanager
def prepared(
    con: duckdb.DuckDBPyConnection, home: DataHome, table: TableContract, file: LandedFile, limits: Limits
) -> Iterator[tuple[Path, Candidate]]:
    """One landed file made ready for reading, whether the ledger knows it or not, and the folder it is in.

    Raises ChangedWhileReadError.
    """
    with _workspace(home, table, 0) as folder:
        candidate = take_in(table, file, set(), folder / "file0", limits)
        describe_parquet(con, table, candidate)
        yield folder, candidate


@contextmanager
def _workspace(home: DataHome, table: TableContract, number: int) -> Iterator[Path]:
    folder = home.temporary / "loading" / f"{table.system}.{table.name}.{number}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _chunks(
    con: duckdb.DuckDBPyConnection,
    home: DataHome,
    table: TableContract,
    files: Iterable[LandedFile],
    known: set[str],
    known_sizes: set[int],
    limits: Limits,
    deliveries: Mapping[str, datetime],
) -> Iterator[tuple[Path, list[Candidate]]]:
    """Candidates in chunks, each with a folder that is removed when the next chunk is asked for."""
    waiting = iter(files)
    for number in range(10**9):
        with _workspace(home, table, number) as folder:
            chunk: list[Candidate] = []
            size = 0
            while len(chunk) < _CHUNK_FILES and size < _CHUNK_BYTES:
                file = next(waiting, None)
                if file is None:
                    break
                try:
                    candidate = take_in(
                        table, file, known, folder / f"file{len(chunk)}", limits, known_sizes, deliveries
                    )
                except ChangedWhileReadError:
                    _log.info("%s is still being written; it is left for the next run", file.shown)
                    continue
                known_sizes.add(file.bytes)
                describe_parquet(con, table, candidate)
                chunk.append(candidate)
                size += candidate.bytes
            if not chunk:
                return
            yield folder, chunk
