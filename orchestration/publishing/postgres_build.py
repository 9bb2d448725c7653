"""New schemas on the PostgreSQL server: loaded by several sessions at once, open to readers when whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import duckdb
import psycopg

from orchestration.loading.identifiers import literal, quote
from orchestration.publishing.marts import READERS
from orchestration.publishing.postgres_server import report_errors, run
from orchestration.publishing.postgres_tables import (
    PublishedTable,
    build_table,
    find_references,
    read_tables,
)

NEXT = "_next"


def build_schemas(
    files: Mapping[str, duckdb.DuckDBPyConnection],
    sessions: Sequence[psycopg.Connection[Any]],
    workplace: Path,
) -> dict[str, Mapping[str, int]]:
    """Builds the tables of each file in a schema of its name and ``NEXT``; returns their rows by schema.

    ``sessions`` are the owner's. A table is there whole or not at all, and nobody but the owner sees any
    before all are there. Raises PostgresPublicationError; what was built until then stays, for the caller or
    the next publisher to drop.
    """
    tables = {schema: read_tables(file) for schema, file in files.items()}
    references = find_references([table for schema in tables.values() for table in schema])
    con = sessions[0]
    with report_errors("while creating the new schemas"), con.transaction():
        for schema in files:
            run(con, f"create schema {quote(schema + NEXT)}")
            comment = literal("Published metrics, replaced whole")
            run(con, f"comment on schema {quote(schema + NEXT)} is {comment}")
            run(con, f"revoke all on schema {quote(schema + NEXT)} from public")

    def build(session: psycopg.Connection[Any], schema: str, table: PublishedTable) -> int:
        with files[schema].cursor() as file:
            return build_table(file, session, schema + NEXT, table, references, workplace)

    # The largest first, so that no session is left alone with one of them at the end.
    todo = sorted(
        ((schema, table) for schema in tables for table in tables[schema]),
        key=lambda task: task[1].cells,
        reverse=True,
    )
    rows = _share_out(sessions, todo, build)
    with report_errors("while granting the new schemas"), con.transaction():
        for schema in files:
            new, reader = quote(schema + NEXT), quote(READERS[schema])
            run(con, f"revoke all on all tables in schema {new} from public")
            run(con, f"grant usage on schema {new} to {reader}")
            run(con, f"grant select on all tables in schema {new} to {reader}")
    return {schema: {table.name: rows[schema, table.name] for table in tables[schema]} for schema in tables}


def _share_out(
    sessions: Sequence[psycopg.Connection[Any]],
    todo: Sequence[tuple[str, PublishedTable]],
    build: Callable[[psycopg.Connection[Any], str, PublishedTable], int],
) -> dict[tuple[str, str], int]:
    """Builds each table by whichever session is free; the first error ends it when tables begun are done."""
    free: SimpleQueue[psycopg.Connection[Any]] = SimpleQueue()
    for session in sessions:
        free.put(session)

    def take_turn(schema: str, table: PublishedTable) -> int:
        session = free.get()
        try:
            return build(session, schema, table)
        finally:
            free.put(session)

    with ThreadPoolExecutor(len(sessions)) as pool:
        building = {pool.submit(take_turn, schema, table): (schema, table.name) for schema, table in todo}
        try:
            return {building[done]: done.result() for done in as_completed(building)}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
