"""Checks of the raw tables against the loader's ledger: the row equation, quarantine, freshness."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import dagster as dg
import duckdb

from orchestration.loading.identifiers import quote

ROWS_ADD_UP = "rows_add_up"
LITTLE_QUARANTINED = "little_is_quarantined"
FRESH = "fresh"

# One row in a hundred is worth a look. More than half of many rows is a format that has changed: most of what
# happened would be missing from the numbers, so they are not published.
QUARANTINE_WARN_SHARE = 0.01
QUARANTINE_ERROR_SHARE = 0.5
QUARANTINE_ERROR_ROWS = 1000

# Days without a newer record before a system counts as stale. Busy systems bring something every day,
# weekends and holidays aside; others are closed, delivered or asked by the month or the quarter. Tables are
# judged one by one in meta_source_freshness, by the seed source_expectations.
MAXIMUM_AGE_DAYS = 7
MAXIMUM_AGE_DAYS_BY_SYSTEM: Mapping[str, int] = {
    "bamboohr": 45,
    "catalogue": 400,
    "dependabot": 15,
    "finance": 70,
    "kev": 14,
    "snyk": 15,
    "surveys": 120,
    "usage": 70,
    "wiz": 40,
    "workday": 45,
}


@dataclass(frozen=True)
class TableLedger:
    """What ledger and table say of each other. Instants are UTC, naive; counts are over all files ever."""

    files: int
    files_failed: int
    rows_read: int
    rows_loaded: int
    rows_duplicate: int
    rows_superseded: int
    rows_quarantined: int
    files_that_do_not_add_up: tuple[str, ...]
    rows_by_ledger: int
    rows_in_table: int
    data_through: datetime | None


def build_table_checks(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Checks of one raw table, as Dagster shows them."""
    return [
        dg.AssetCheckSpec(
            ROWS_ADD_UP,
            asset=key,
            blocking=True,
            description="One row per file: rows read = loaded + duplicate + superseded + quarantined; the "
            "table holds as many rows as the ledger says. Blocks publication.",
        ),
        dg.AssetCheckSpec(
            LITTLE_QUARANTINED,
            asset=key,
            blocking=True,
            description="Share of rows read that broke the contract: warns above "
            f"{QUARANTINE_WARN_SHARE:.0%}, blocks publication above {QUARANTINE_ERROR_SHARE:.0%} of at least "
            f"{QUARANTINE_ERROR_ROWS} rows.",
        ),
        dg.AssetCheckSpec(
            FRESH,
            asset=key,
            description="The system's newest record is not too old. Warns, never blocks.",
        ),
    ]


def evaluate_tables(
    system: str, ledgers: Mapping[dg.AssetKey, TableLedger], as_of_date: date
) -> Iterator[dg.AssetCheckResult]:
    """The results of ``build_table_checks`` for all tables of one system."""
    newest = max((ledger.data_through for ledger in ledgers.values() if ledger.data_through), default=None)
    for key, ledger in ledgers.items():
        yield check_rows(key, ledger)
        yield check_quarantine(key, ledger)
        yield check_freshness(key, system, ledger.data_through, newest, as_of_date)


def check_rows(key: dg.AssetKey, ledger: TableLedger) -> dg.AssetCheckResult:
    """Fails where a file's rows do not add up or the table holds other than its ledger."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=ROWS_ADD_UP,
        passed=not ledger.files_that_do_not_add_up and ledger.rows_by_ledger == ledger.rows_in_table,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "rows_read": ledger.rows_read,
            "rows_loaded": ledger.rows_loaded,
            "rows_duplicate": ledger.rows_duplicate,
            "rows_superseded": ledger.rows_superseded,
            "rows_quarantined": ledger.rows_quarantined,
            "rows_in_table": ledger.rows_in_table,
            "rows_by_ledger": ledger.rows_by_ledger,
            "files_that_do_not_add_up": ", ".join(ledger.files_that_do_not_add_up) or "none",
        },
    )


def check_quarantine(key: dg.AssetKey, ledger: TableLedger) -> dg.AssetCheckResult:
    """Warns of a noticeable share of quarantined rows, blocks at a format that must have changed."""
    share = ledger.rows_quarantined / ledger.rows_read if ledger.rows_read else 0.0
    blocks = share > QUARANTINE_ERROR_SHARE and ledger.rows_read >= QUARANTINE_ERROR_ROWS
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=LITTLE_QUARANTINED,
        passed=share <= QUARANTINE_WARN_SHARE and ledger.files_failed == 0,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        metadata={
            "quarantined_share": share,
            "rows_quarantined": ledger.rows_quarantined,
            "rows_read": ledger.rows_read,
            "files_not_readable": ledger.files_failed,
            "what_to_do": "select * from ops.ingest_rejects; mend the file or its contract, then "
            "python -m orchestration.loading replay",
        },
    )


def check_freshness(
    key: dg.AssetKey,
    system: str,
    data_through: datetime | None,
    newest: datetime | None,
    as_of_date: date,
) -> dg.AssetCheckResult:
    """Warns where a system's newest record (``newest``) is too old at the end of the as-of date.

    The system is judged, not the table: no incident for a month is no export that failed, but a system that
    is in use and has nothing new anywhere is.
    """
    allowed = timedelta(days=MAXIMUM_AGE_DAYS_BY_SYSTEM.get(system, MAXIMUM_AGE_DAYS))
    end = datetime.combine(as_of_date + timedelta(days=1), time.min)
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=FRESH,
        # A system that no file has ever fed is not in use, and not late.
        passed=newest is None or end - newest <= allowed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "data_through": str(data_through),
            "data_through_of_the_system": str(newest),
            "allowed_days": allowed.days,
        },
    )


def read_ledger(con: duckdb.DuckDBPyConnection, system: str) -> dict[str, TableLedger]:
    """The ledger of each raw table of a system, by table name. A table that no file has fed has zeros."""
    tables = [
        name
        for (name,) in con.execute(
            """
            select table_name
            from duckdb_tables()
            where database_name = current_database() and schema_name = ?
            """,
            [f"raw_{system}"],
        ).fetchall()
    ]
    files = {row[0]: row[1:] for row in con.execute(_FILES, [system]).fetchall()}
    states = {row[0]: row[1:] for row in con.execute(_STATES, [system]).fetchall()}
    ledgers = {}
    for table in tables:
        counted = con.execute(f"select count(*) from {quote(f'raw_{system}', table)}").fetchone()  # noqa: S608
        loaded, failed, read, kept, duplicate, superseded, quarantined, wrong = files.get(
            table, (0, 0, 0, 0, 0, 0, 0, None)
        )
        rows_by_ledger, data_through = states.get(table, (0, None))
        ledgers[table] = TableLedger(
            files=loaded,
            files_failed=failed,
            rows_read=read,
            rows_loaded=kept,
            rows_duplicate=duplicate,
            rows_superseded=superseded,
            rows_quarantined=quarantined,
            files_that_do_not_add_up=tuple(wrong or ()),
            rows_by_ledger=rows_by_ledger,
            rows_in_table=counted[0] if counted else 0,
            data_through=data_through,
        )
    return ledgers


_FILES = """
    select
        table_name,
        count(*) filter (where status = 'loaded'),
        count(*) filter (where status = 'failed'),
        coalesce(sum(rows_read), 0)::bigint,
        coalesce(sum(rows_loaded), 0)::bigint,
        coalesce(sum(rows_duplicate), 0)::bigint,
        coalesce(sum(rows_superseded), 0)::bigint,
        coalesce(sum(rows_quarantined), 0)::bigint,
        list(path order by path) filter (
            where
                status = 'loaded'
                and rows_read <> rows_loaded + rows_duplicate + rows_superseded + rows_quarantined
        )[1:5]
    from ops.ingest_files
    where system = ?
    group by table_name
"""

_STATES = """
    select table_name, rows, data_through
    from ops.table_state
    where system = ?
"""
