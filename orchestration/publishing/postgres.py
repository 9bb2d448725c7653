"""The published files on a PostgreSQL server, for tools that speak no DuckDB: built beside, swapped at once.

The new schemas are built, verified and granted under names of their own, then renamed over the old ones in
one transaction. Readers of the old tables finish on the old tables, which go when nobody holds them any more.
"""

from __future__ import annotations

import itertools
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from orchestration.home import DataHome
from orchestration.loading.identifiers import quote
from orchestration.publishing.marts import FILE_SCHEMA, PEOPLE_SCHEMA, SCHEMA
from orchestration.publishing.postgres_build import NEXT, build_schemas
from orchestration.publishing.postgres_lock import hold_publisher_lock, open_helpers
from orchestration.publishing.postgres_server import (
    OWNER,
    PostgresPublicationError,
    become_owner,
    ensure_roles,
    open_server,
    report_errors,
    restrict_everybody,
    run,
)
from orchestration.publishing.published import people_snapshot_path, snapshot_path
from orchestration.publishing.verification import META_TABLE

# How long the swap waits for an instant in which nobody reads. After that it is made without one.
PATIENCE_SECONDS = 30.0
# How long another publisher is waited for: as long as a killed one's session may live on.
LOCK_WAIT_SECONDS = 10.0
# Sessions that load beside the publisher's own; each keeps a core of the server busy.
HELPERS = 3
# Readers wait for us no longer than this at a time, and then are let through for as long again.
_LONGEST_WAIT_MS = 400
_OLD = "_old_"


@dataclass(frozen=True)
class PostgresPublication:
    """What stands on the server. ``rows`` of each table by schema; ``kept`` says which old schema stays, why.

    ``unchanged`` if this publication stood there already. ``waited`` is false if readers held the old tables
    longer than the patience: a query that named two tables in just the instant of the swap may have found one
    of each publication. ``advice`` is SQL for an administrator, of rights that everybody still has there.
    """

    run_id: str
    unchanged: bool
    rows: Mapping[str, Mapping[str, int]]
    kept: Mapping[str, str]
    waited: bool = True
    advice: tuple[str, ...] = ()


def publish_postgres(
    home: DataHome,
    dsn: str,
    run_id: str,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
) -> PostgresPublication:
    """Brings the server's ``marts`` and ``marts_people`` to the state of the published files, both at once.

    Nothing is changed, and what stood there stands, when it raises: PostgresDsnError for an unusable ``dsn``,
    PublisherBusyError if another publisher is at work there, PostgresPublicationError for everything else.
    Whatever a killed publisher left is removed by the next.
    """
    with (
        open_server(dsn, run_id) as con,
        hold_publisher_lock(con, lock_wait_seconds),
        _open_files(home) as files,
    ):
        ensure_roles(con)
        advice = restrict_everybody(con)
        become_owner(con)
        _require_ownership(con, files)
        kept = _drop_leftovers(con, files)
        published = {schema: _read_rows(file) for schema, file in files.items()}
        file_run = _read_run(files[SCHEMA])
        if all(_read_run_on_server(con, schema) == file_run for schema in files):
            return PostgresPublication(file_run, True, published, kept, advice=advice)
        home.temporary.mkdir(parents=True, exist_ok=True)
        # Mode 0700: what is written into it for a moment can be person-level.
        with (
            _drop_if_it_fails(con, files),
            tempfile.TemporaryDirectory(prefix="postgres-", dir=home.temporary) as workplace,
            open_helpers(dsn, run_id, HELPERS) as helpers,
        ):
            rows = build_schemas(files, (con, *helpers), Path(workplace))
        waited = _swap(con, tuple(files), patience_seconds)
        return PostgresPublication(file_run, False, rows, _drop_leftovers(con, files), waited, advice)


@contextmanager
def _open_files(home: DataHome) -> Iterator[dict[str, duckdb.DuckDBPyConnection]]:
    paths = {SCHEMA: snapshot_path(home), PEOPLE_SCHEMA: people_snapshot_path(home)}
    missing = [path.name for path in paths.values() if not path.exists()]
    if missing:
        raise PostgresPublicationError(f"{', '.join(missing)}: not published yet, nothing to load")
    # Whoever has them open keeps them as they are, even if they are replaced meanwhile.
    with (
        duckdb.connect(paths[SCHEMA], read_only=True) as marts,
        duckdb.connect(paths[PEOPLE_SCHEMA], read_only=True) as people,
    ):
        if _read_run(marts) != _read_run(people):
            raise PostgresPublicationError(
                "marts.duckdb and marts_people.duckdb are of two publications: publish the files again first"
            )
        yield {SCHEMA: marts, PEOPLE_SCHEMA: people}


def _read_run(file: duckdb.DuckDBPyConnection) -> str:
    row = file.execute(f"select max(run_id) from {quote(FILE_SCHEMA, META_TABLE)}").fetchone()  # noqa: S608
    return str(row[0]) if row else ""


def _read_rows(file: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(
        file.execute(
            f"select table_name, row_count from {quote(FILE_SCHEMA, META_TABLE)} order by table_name"  # noqa: S608
        ).fetchall()
    )


def _read_run_on_server(con: psycopg.Connection[Any], schema: str) -> str | None:
    if META_TABLE not in _list_tables(con, schema):
        return None
    row = run(con, f"select max(run_id) from {quote(schema, META_TABLE)}").fetchone()  # noqa: S608
    return row[0] if row else None


def _list_tables(con: psycopg.Connection[Any], schema: str) -> list[str]:
    return [
        name
        for (name,) in con.execute(
            "select tablename::text from pg_tables where schemaname = %s order by tablename", [schema]
        ).fetchall()
    ]


def _list_schemas(con: psycopg.Connection[Any], pattern: str) -> list[str]:
    return [
        name
        for (name,) in con.execute(
            "select nspname::text from pg_namespace where nspname ~ %s order by nspname", [pattern]
        ).fetchall()
    ]


def _require_ownership(con: psycopg.Connection[Any], schemas: Sequence[str] | Mapping[str, object]) -> None:
    """A schema of that name which somebody else made is not replaced."""
    foreign = con.execute(
        "select nspname::text, nspowner::regrole::text from pg_namespace "
        "where nspname = any(%s) and nspowner <> %s::regrole",
        [[name for schema in schemas for name in (schema, schema + NEXT)], OWNER],
    ).fetchall()
    if foreign:
        names = ", ".join(f"{schema} (of {owner})" for schema, owner in foreign)
        raise PostgresPublicationError(
            f"the database {con.info.dbname} holds {names}, not made by a publication and so not replaced: "
            f"rename it, or give it to {OWNER}, or publish to another database"
        )


@contextmanager
def _drop_if_it_fails(
    con: psycopg.Connection[Any], files: Mapping[str, duckdb.DuckDBPyConnection]
) -> Iterator[None]:
    """Drops what an attempt that fails has built; where the server is lost, the next publisher does."""
    try:
        yield
    except BaseException:
        with suppress(PostgresPublicationError, psycopg.Error):
            _drop_leftovers(con, files)
        raise


def _swap(con: psycopg.Connection[Any], schemas: Sequence[str], patience_seconds: float) -> bool:
    """Renames the new schemas over the old; returns whether it did so in an instant without readers.

    A query finds its tables by name one after the other. Renaming between two of them would give it one table
    of each publication, so for the instant of the swap the old tables are locked, and who comes then waits
    and finds the new ones.
    """
    with report_errors("while swapping the schemas"):
        deadline = time.monotonic() + patience_seconds
        for attempt in itertools.count():
            if time.monotonic() >= deadline:
                break
            if _try_swap(con, schemas, attempt):
                return True
            time.sleep(_LONGEST_WAIT_MS / 1000)
        _try_swap(con, schemas, None)
        return False


def _try_swap(con: psycopg.Connection[Any], schemas: Sequence[str], attempt: int | None) -> bool:
    try:
        with con.transaction():
            if attempt is not None:
                _lock_tables(con, schemas, attempt)
            for schema in schemas:
                if _list_schemas(con, f"^{schema}$"):
                    _set_aside(con, schema, schema)
                run(con, f"alter schema {quote(schema + NEXT)} rename to {quote(schema)}")
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
        return False
    return True


def _set_aside(con: psycopg.Connection[Any], name: str, schema: str) -> None:
    numbers = [int(old.rpartition("_")[2]) for old in _list_schemas(con, f"^{schema}{_OLD}[0-9]+$")]
    aside = f"{schema}{_OLD}{max(numbers, default=0) + 1}"
    run(con, f"alter schema {quote(name)} rename to {quote(aside)}")


def _bound_wait(con: psycopg.Connection[Any]) -> int:
    """Milliseconds that a lock may be waited for, so that no reader ever fails because of us.

    A reader that holds one table and waits for another which we hold is in a deadlock with us for as long as
    we wait; it looks for that after the server's deadlock_timeout, and by then we have given up.
    """
    row = con.execute("select setting::integer from pg_settings where name = 'deadlock_timeout'").fetchone()
    return min(_LONGEST_WAIT_MS, int(row[0]) // 2) if row else _LONGEST_WAIT_MS


def _lock_tables(con: psycopg.Connection[Any], schemas: Sequence[str], attempt: int = 0) -> None:
    tables = [quote(schema, table) for schema in schemas for table in _list_tables(con, schema)]
    if tables:
        # Whoever takes two of them in the other order than we do cannot go on, nor can we: so every second
        # attempt takes them backwards.
        if attempt % 2:
            tables.reverse()
        wait_ms = _bound_wait(con)
        # lock_timeout starts anew with every table, statement_timeout bounds them all together.
        run(con, f"set local lock_timeout = {wait_ms}")
        run(con, f"set local statement_timeout = {wait_ms}")
        run(con, f"lock table {', '.join(tables)} in access exclusive mode")
        run(con, "set local statement_timeout = 0")


def _drop_leftovers(
    con: psycopg.Connection[Any], schemas: Sequence[str] | Mapping[str, object]
) -> dict[str, str]:
    """Drops replaced and unfinished schemas; returns those in use, which stay until the next run, and why."""
    kept = {}
    with report_errors("while dropping old schemas"):
        for schema in schemas:
            # Renamed like a replaced one, as somebody may be looking at it, and dropping would have to wait.
            if _list_schemas(con, f"^{schema}{NEXT}$"):
                _set_aside(con, schema + NEXT, schema)
            for old in _list_schemas(con, f"^{schema}{_OLD}[0-9]+$"):
                reason = _try_drop(con, old)
                if reason:
                    kept[old] = reason
    return kept


def _try_drop(con: psycopg.Connection[Any], schema: str) -> str | None:
    """Drops a schema; returns why not if it could not be dropped now."""
    try:
        with con.transaction():
            _lock_tables(con, [schema])
            tables = ", ".join(quote(schema, table) for table in _list_tables(con, schema))
            if tables:
                # Not cascade: that would drop what others have built on these tables, without a word.
                run(con, f"drop table {tables}")
            run(con, f"drop schema {quote(schema)}")
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
        return "a reader holds its tables"
    except psycopg.errors.DependentObjectsStillExist as error:
        return f"others depend on it: {error.diag.message_detail}"
    except psycopg.errors.InsufficientPrivilege:
        return f"it does not belong to {OWNER}"
    return None
