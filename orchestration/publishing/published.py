"""What stands published now, as the files themselves say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.home import DataHome
from orchestration.loading.identifiers import quote
from orchestration.publishing.marts import FILE_SCHEMA
from orchestration.publishing.verification import META_TABLE

# Connection string of the server that is published to besides; none if it is not set.
POSTGRES_VARIABLE = "METRICS_POSTGRES_DSN"


def snapshot_path(home: DataHome) -> Path:
    """The marts; mode 0644."""
    return home.published / "marts.duckdb"


def people_snapshot_path(home: DataHome) -> Path:
    """The restricted part; mode 0640, for the group that may see it."""
    return home.published / "marts_people.duckdb"


@dataclass(frozen=True)
class Published:
    """The publication that readers see. Instants are UTC, naive; ``data_through`` is the tables' earliest."""

    run_id: str
    build_id: str
    published_at: datetime
    as_of_date: date
    code_version: str
    data_through: datetime | None
    tables: int
    rows: int


def read_published(home: DataHome) -> Published | None:
    """What both files say; None if one is missing, unreadable, or of another publication than the other."""
    snapshot = _read_file(snapshot_path(home))
    people = _read_file(people_snapshot_path(home))
    if snapshot is None or people is None or snapshot.run_id != people.run_id:
        return None
    return snapshot


def _read_file(path: Path) -> Published | None:
    if not path.exists():
        return None
    try:
        with duckdb.connect(path, read_only=True) as con:
            row = con.execute(
                f"""
                select
                    max(run_id), max(build_id), max(published_at), max(as_of_date), max(code_version),
                    min(data_through), count(*), cast(sum(row_count) as bigint)
                from {quote(FILE_SCHEMA, META_TABLE)}
                """  # noqa: S608
            ).fetchone()
    except duckdb.Error:
        # A file that cannot be read is no publication: it is written again.
        return None
    return Published(*row) if row and row[0] is not None else None
