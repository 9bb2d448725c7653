"""What was published as the value of a KPI, from which records, and with which publication either changed."""

# ruff: noqa: S608  names are written here, values are parameters

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from orchestration.builds import note_publication, read_unremembered_build
from orchestration.home import DataHome
from orchestration.loading.warehouse import open_warehouse, transaction
from orchestration.publishing.marts import SCHEMA
from orchestration.publishing.published import read_published
from orchestration.publishing.snapshot import PublicationRun, require_finished_build

HISTORY = "fct_kpi_value_history"
RESTATEMENTS = "fct_kpi_restatements"
# Not published: the states of records, of which the marts show those that restated something.
MOVEMENTS = ("intermediate", "int_kpi_record_movements")
_FIGURE = ("kpi_id", "period_grain", "period_start", "segment_type", "segment_id", "version")
_VALUE = ("publication", "value", "numerator", "denominator", "status", "definition_version", "as_of_date")
_EFFECT = ("publication", "record_count", "sample_size_change", "numerator_change", "denominator_change")
_RECORD = (
    *(
        "kpi_id",
        "record_id",
        "event_date",
        "group_id",
        "team_id",
        "service_id",
        "tier",
        "severity",
        "provider",
    ),
    *("customer_id", "work_type", "numerator", "denominator", "measured", "exclusion_reason"),
)


@dataclass(frozen=True)
class Remembered:
    """How many figures, reasons for restating one, and states of records a publication showed first."""

    values: int = 0
    restatements: int = 0
    records: int = 0


def remember_publication(home: DataHome, run: PublicationRun) -> Remembered:
    """Notes in ``ops`` what this publication showed first: figures, why they changed, states of records.

    To be called when the files stand: a build that was never published leaves no trace. All of it is one
    transaction, and a build is remembered once. Called again for the same build, after a kill between the
    files and this, it does what is missing and nothing twice. Raises PublicationRefusedError if another build
    has begun since.
    """
    if HISTORY not in {mart.name for mart in run.marts}:
        return Remembered()
    with open_warehouse(home, f"history of run {run.run_id}") as con:
        require_finished_build(con, run.build_id)
        if read_unremembered_build(con) != run.build_id:
            return Remembered()
        return _remember(con, run.build_id, run.run_id, run.published_at)


def remember_last_publication(con: duckdb.DuckDBPyConnection, home: DataHome) -> Remembered:
    """The same for the publication that stands, if its run was killed before it could.

    To be called before a build begins: until then the warehouse holds what was published, and after it the
    figures that readers saw would be known to nobody.
    """
    build_id = read_unremembered_build(con)
    if build_id is None:
        return Remembered()
    published = read_published(home)
    if published is None or published.build_id != build_id:
        return Remembered()
    return _remember(con, build_id, published.run_id, published.published_at)


def _remember(
    con: duckdb.DuckDBPyConnection, build_id: str, run_id: str, published_at: datetime
) -> Remembered:
    with transaction(con):
        values = _add_new(con, HISTORY, "published_values", _FIGURE, _VALUE, run_id, published_at)
        restatements = _add_new(con, RESTATEMENTS, "published_restatements", (*_FIGURE, "reason"), _EFFECT)
        records = _replace_records(con)
        note_publication(con, build_id, published_at)
    return Remembered(values, restatements, records)


def _has(con: duckdb.DuckDBPyConnection, table: tuple[str, str], columns: Sequence[str]) -> bool:
    """Whether the table is there with these columns: what an older release built may lack either."""
    rows = con.execute(
        "select column_name from duckdb_columns() where schema_name = ? and table_name = ?", table
    ).fetchall()
    return {*columns} <= {name for (name,) in rows}


def _add_new(
    con: duckdb.DuckDBPyConnection,
    mart: str,
    ledger: str,
    identity: Sequence[str],
    content: Sequence[str],
    run_id: str | None = None,
    published_at: datetime | None = None,
) -> int:
    """Adds to the ledger the rows of the mart that it does not have; returns how many."""
    if not _has(con, (SCHEMA, mart), (*identity, *content)):
        return 0
    columns = ", ".join((*identity, *content))
    same = " and ".join(f"shown.{name} = known.{name}" for name in identity)
    by_run = ", $run_id as run_id, $published_at as published_at" if run_id else ""
    (added,) = con.execute(
        f"""
        insert into ops.{ledger} by name
        select {columns}{by_run}
        from {SCHEMA}.{mart} as shown anti join ops.{ledger} as known on {same}
        """,
        {"run_id": run_id, "published_at": published_at} if run_id else {},
    ).fetchone() or (0,)
    return int(added)


def _replace_records(con: duckdb.DuckDBPyConnection) -> int:
    """Closes the states that were told before and adds those after; returns how many were added.

    What a model was left with from a publication that is remembered already is not told again.
    """
    if not _has(con, MOVEMENTS, ("publication", "told", *_RECORD)):
        return 0
    (last,) = con.execute(
        "select coalesce(greatest(max(publication), max(replaced_by)), 0) from ops.published_records"
    ).fetchone() or (0,)
    movements = ".".join(MOVEMENTS)
    con.execute(
        f"""
        update ops.published_records as known
        set replaced_by = moved.publication
        from (
            select distinct kpi_id, record_id, publication
            from {movements}
            where told = 'before' and publication > $last
        ) as moved
        where known.replaced_by is null and known.kpi_id = moved.kpi_id and known.record_id = moved.record_id
        """,
        {"last": last},
    )
    columns = ", ".join(("publication", *_RECORD))
    (added,) = con.execute(
        f"""
        insert into ops.published_records by name
        select {columns} from {movements} where told = 'after' and publication > $last
        """,
        {"last": last},
    ).fetchone() or (0,)
    return int(added)
