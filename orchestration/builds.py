"""``ops.builds``: which state of the raw tables and of the code the models were last built from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import duckdb

from orchestration.building import BuildState, PastBuilds
from orchestration.loading.identifiers import quote

# What a finished build leaves behind itself: a later one does not depend on it.
OWN_RECORDS = (
    ("ops", "builds"),
    ("ops", "published_values"),
    ("ops", "published_records"),
    ("ops", "published_restatements"),
)

_CREATE = """
    create schema if not exists ops;
    create table if not exists ops.builds (
        build_id varchar not null primary key,
        started_at timestamp not null,
        finished_at timestamp,
        as_of_date date not null,
        code_version varchar not null,
        table_versions varchar not null,
        published_at timestamp
    );
    alter table ops.builds add column if not exists published_at timestamp;
    comment on table ops.builds is
        'One row per build of the models; finished_at is null if it was begun and did not finish, published_at
        if the history of published values does not know it'
"""


def ensure_builds(con: duckdb.DuckDBPyConnection) -> None:
    """Creates the ledger of builds if it is missing."""
    con.execute(_CREATE)


def read_past_builds(con: duckdb.DuckDBPyConnection) -> PastBuilds:
    """The newest finished build, and whether the newest of all did not finish."""
    rows = con.execute(
        """
        select build_id, finished_at is not null, as_of_date, code_version, table_versions
        from ops.builds
        order by build_id desc
        """
    ).fetchall()
    finished = next((number for number, row in enumerate(rows) if row[1]), None)
    interrupted = bool(rows) and not rows[0][1]
    codes = frozenset(row[3] for row in (rows if finished is None else rows[: finished + 1]))
    if finished is None:
        return PastBuilds(None, None, interrupted, codes)
    build_id, _, as_of_date, code_version, versions = rows[finished]
    state = BuildState(as_of_date, code_version, json.loads(versions))
    return PastBuilds(state, build_id, interrupted, codes)


def begin_build(con: duckdb.DuckDBPyConnection, state: BuildState, now: datetime) -> str:
    """Notes that the models are about to be changed; returns the build's id. ``now`` is UTC, naive.

    Until ``finish_build`` says otherwise they count as half built: nothing of them is published, and the next
    run builds them all. Ids sort in the order of the builds, whatever the clock does.
    """
    (number,) = con.execute("select count(*) + 1 from ops.builds").fetchone() or (1,)
    build_id = f"{number:08d}-{uuid4().hex[:8]}"
    versions = json.dumps(dict(state.table_versions), sort_keys=True)
    con.execute(
        """
        insert into ops.builds (build_id, started_at, as_of_date, code_version, table_versions)
        values (?, ?, ?, ?, ?)
        """,
        [build_id, now, state.as_of_date, state.code_version, versions],
    )
    return build_id


def finish_build(con: duckdb.DuckDBPyConnection, build_id: str, now: datetime) -> None:
    """Notes that every model and every test of severity error succeeded. ``now`` is UTC, naive."""
    con.execute("update ops.builds set finished_at = ? where build_id = ?", [now, build_id])


def read_unremembered_build(con: duckdb.DuckDBPyConnection) -> str | None:
    """The newest build if it finished and ``note_publication`` does not know it; None otherwise."""
    row = con.execute(
        "select build_id, finished_at, published_at from ops.builds order by build_id desc limit 1"
    ).fetchone()
    return str(row[0]) if row and row[1] is not None and row[2] is None else None


def note_publication(con: duckdb.DuckDBPyConnection, build_id: str, published_at: datetime) -> None:
    """Notes that what the build showed first is remembered. ``published_at`` is UTC, naive."""
    con.execute("update ops.builds set published_at = ? where build_id = ?", [published_at, build_id])


def read_table_versions(con: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> dict[str, str]:
    """The version of every table that the models read, by ``<schema>.<table>``.

    Raw tables have theirs in ``ops.table_state`` ('0' if nothing was ever loaded). The loader's own tables,
    where a model reads them, have none: their content is summed up instead.
    """
    loaded = {
        (f"raw_{system}", table): str(version)
        for system, table, version in con.execute(
            "select system, table_name, version from ops.table_state"
        ).fetchall()
    }
    versions = {}
    for unique_id, source in manifest["sources"].items():
        schema, table = source["schema"], source["identifier"]
        if (schema, table) in OWN_RECORDS or not manifest["child_map"].get(unique_id):
            continue  # nor does a build depend on what nothing reads
        versions[f"{source['source_name']}.{source['name']}"] = (
            loaded.get((schema, table), "0") if schema.startswith("raw_") else _sum_up(con, schema, table)
        )
    return versions


def _sum_up(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> str:
    relation = quote(schema, table)
    row = con.execute(
        f"select count(*), coalesce(sum(md5_number_lower(cast(t as varchar))), 0) from {relation} as t"  # noqa: S608
    ).fetchone()
    rows, checksum = row if row else (0, 0)
    return f"{rows}:{checksum}"
