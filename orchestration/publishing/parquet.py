"""The published marts as Parquet, one folder per mart, each replaced in one step."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from orchestration.home import DataHome
from orchestration.loading.identifiers import literal, quote
from orchestration.publishing.files import publish_file, publisher_lock
from orchestration.publishing.marts import FILE_SCHEMA
from orchestration.publishing.published import snapshot_path
from orchestration.publishing.snapshot import ANALYSTS_MODE
from orchestration.publishing.verification import META_TABLE, PublicationError


def parquet_path(home: DataHome, mart: str) -> Path:
    """``published/parquet/<mart>/<mart>.parquet``; readers may as well read ``<mart>/*.parquet``."""
    return home.published / "parquet" / mart / f"{mart}.parquet"


def publish_parquet(home: DataHome, run_id: str) -> dict[str, int]:
    """Brings the Parquet files to the state of ``marts.duckdb``; returns the rows of those rewritten.

    A mart whose content is the one in its file already (the checksum stands in the file's metadata) is left
    alone, and the folder of a mart that is no longer published goes. The warehouse is not touched. Raises
    PublicationError if a file does not hold the rows it should.
    """
    with (
        publisher_lock(home.published / ".lock", f"Parquet publication of run {run_id}"),
        duckdb.connect(snapshot_path(home), read_only=True) as con,
    ):
        checksums: dict[str, tuple[int, str]] = {
            name: (rows, checksum)
            for name, rows, checksum in con.execute(
                f"select table_name, row_count, checksum from {quote(FILE_SCHEMA, META_TABLE)} order by all"  # noqa: S608
            ).fetchall()
        }
        # What the snapshot says of itself changes with every publication: named by its run, not by its
        # content.
        checksums[META_TABLE] = (len(checksums), f"publication of run {_read_run_id(con)}")
        rewritten = {
            mart: rows
            for mart, (rows, checksum) in checksums.items()
            if read_parquet_checksum(con, parquet_path(home, mart)) != checksum
        }
        for mart, rows in rewritten.items():
            _write_mart(con, parquet_path(home, mart), mart, rows, checksums[mart][1])
    for folder in (home.published / "parquet").iterdir():
        if folder.name not in checksums:
            shutil.rmtree(folder)
    return rewritten


def read_parquet_checksum(con: duckdb.DuckDBPyConnection, path: Path) -> str | None:
    """The checksum that the file's metadata holds; None if there is no such file or it cannot be read."""
    if not path.exists():
        return None
    try:
        row = con.execute(
            "select value from parquet_kv_metadata(?) where key = 'checksum'", [str(path)]
        ).fetchone()
    except duckdb.Error:
        return None
    return bytes(row[0]).decode() if row else None


def _read_run_id(con: duckdb.DuckDBPyConnection) -> str:
    row = con.execute(f"select max(run_id) from {quote(FILE_SCHEMA, META_TABLE)}").fetchone()  # noqa: S608
    return str(row[0]) if row else ""


def _write_mart(con: duckdb.DuckDBPyConnection, path: Path, mart: str, rows: int, checksum: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The name does not end in .parquet: a reader of <mart>/*.parquet never takes it along.
    new = path.with_name(f".{path.name}.tmp")
    con.execute(
        f"copy (from {quote(FILE_SCHEMA, mart)}) to {literal(str(new))} "
        f"(format parquet, compression zstd, kv_metadata {{checksum: {literal(checksum)}}})"
    )
    written = con.execute("select sum(num_rows) from parquet_file_metadata(?)", [str(new)]).fetchone()
    if written is None or written[0] != rows:
        raise PublicationError(
            f"{mart}: {written and written[0]} rows in the Parquet file, {rows} in the snapshot"
        )
    publish_file(new, path, ANALYSTS_MODE)
