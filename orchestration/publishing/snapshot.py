"""The DuckDB files that analysts open: written beside the old ones, verified, then renamed over them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.home import DataHome
from orchestration.loading.identifiers import literal, quote
from orchestration.loading.warehouse import open_warehouse, transaction
from orchestration.publishing.files import publish_file, publisher_lock
from orchestration.publishing.marts import FILE_SCHEMA, PEOPLE_SCHEMA, SCHEMA, Mart
from orchestration.publishing.published import people_snapshot_path, snapshot_path
from orchestration.publishing.verification import (
    META_TABLE,
    MetaPublication,
    PublicationError,
    TableContent,
    create_meta_publication,
    read_table_content,
    verify_database,
)

# Read by every DuckDB since 1.2.0; without it the file can be opened by nothing older than the writer.
STORAGE_VERSION = "v1.2.0"
ANALYSTS_MODE = 0o644
PEOPLE_MODE = 0o640


@dataclass(frozen=True)
class PublicationRun:
    """What is published, by which run, from which build. ``published_at`` is UTC, naive."""

    run_id: str
    build_id: str
    as_of_date: date
    code_version: str
    published_at: datetime
    marts: tuple[Mart, ...]
    people_marts: tuple[Mart, ...]
    failed_checks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Publication:
    """What was published: rows and checksum of each table by schema, and where."""

    snapshot: Path
    people_snapshot: Path
    contents: Mapping[str, TableContent]
    people_contents: Mapping[str, TableContent]


class PublicationRefusedError(PublicationError):
    """A check failed, or the warehouse holds no finished build: the last good publication stands."""


def publish(home: DataHome, run: PublicationRun) -> Publication:
    """Publishes both files from the warehouse, or changes nothing.

    Raises PublicationRefusedError if a check failed, PublicationError (a subclass or itself) if what was
    written is not what the warehouse holds and the contract says, PublisherBusyError or WarehouseBusyError if
    somebody else is at work. Whatever is raised, and wherever the process is killed, the last good files stay
    as they were, and readers who have them open keep them.
    """
    if run.failed_checks:
        raise PublicationRefusedError(
            f"not published, the last good publication stands: failed {', '.join(run.failed_checks)}"
        )
    with publisher_lock(home.published / ".lock", f"publication of run {run.run_id}"):
        remove_leftovers(home.published)
        workplace = home.published / f".marts-{run.run_id}.tmp"
        # Nobody but the owner looks inside while the restricted file is not yet restricted itself.
        workplace.mkdir(mode=0o700)
        try:
            return _write_and_replace(home, run, workplace)
        finally:
            shutil.rmtree(workplace, ignore_errors=True)


def remove_leftovers(published: Path) -> None:
    """Removes what killed publishers left; to be called by the holder of the publisher's lock only."""
    for leftover in published.glob(".marts-*.tmp"):
        shutil.rmtree(leftover)


def _write_and_replace(home: DataHome, run: PublicationRun, workplace: Path) -> Publication:
    new, new_people = workplace / "marts.duckdb", workplace / "marts_people.duckdb"
    with open_warehouse(home, f"publication of run {run.run_id}") as con:
        require_finished_build(con, run.build_id)
        contents = _write_database(con, new, SCHEMA, run.marts, run)
        people_contents = _write_database(con, new_people, PEOPLE_SCHEMA, run.people_marts, run)
    verify_database(new, run.marts, contents)
    verify_database(new_people, run.people_marts, people_contents)
    # The restricted file first: a reader of both may find people newer than marts, never a mart whose people
    # are gone.
    target, people_target = snapshot_path(home), people_snapshot_path(home)
    publish_file(new_people, people_target, PEOPLE_MODE, _previous(people_target))
    publish_file(new, target, ANALYSTS_MODE, _previous(target))
    return Publication(target, people_target, contents, people_contents)


def _previous(target: Path) -> Path:
    return target.with_name(f"{target.stem}.previous{target.suffix}")


def require_finished_build(con: duckdb.DuckDBPyConnection, build_id: str) -> None:
    """Raises PublicationRefusedError unless the newest build is this one, and finished.

    Another run may have begun to build since: its half-built tables are not this one's to publish.
    """
    newest = con.execute(
        "select build_id, finished_at from ops.builds order by build_id desc limit 1"
    ).fetchone()
    if newest is None or newest[0] != build_id or newest[1] is None:
        found = "none" if newest is None else f"{newest[0]} ({'finished' if newest[1] else 'not finished'})"
        raise PublicationRefusedError(
            f"not published: the warehouse should hold build {build_id}, its newest is {found}. Run again."
        )


def _write_database(
    con: duckdb.DuckDBPyConnection, path: Path, schema: str, marts: Sequence[Mart], run: PublicationRun
) -> dict[str, TableContent]:
    """Copies the marts of one schema into a new file; returns what the warehouse holds of each."""
    con.execute(f"attach {literal(str(path))} as publication (storage_version {literal(STORAGE_VERSION)})")
    try:
        with transaction(con):  # one for all: each of a thousand comments would be a transaction of its own
            contents = {mart.name: _copy_table(con, schema, mart) for mart in marts}
            meta = MetaPublication(
                run.run_id, run.build_id, run.published_at, run.as_of_date, run.code_version
            )
            create_meta_publication(con, marts, contents, meta)
        con.execute("checkpoint publication")
    finally:
        con.execute("detach publication")
    return contents


def _copy_table(con: duckdb.DuckDBPyConnection, schema: str, mart: Mart) -> TableContent:
    if mart.name == META_TABLE:
        raise PublicationError(
            f"{schema}.{META_TABLE} is written by the publication: no model may have its name"
        )
    source, target = quote("warehouse", schema, mart.name), quote("publication", FILE_SCHEMA, mart.name)
    columns = _read_column_definitions(con, schema, mart)
    con.execute(f"create table {target} ({', '.join([*columns, *_read_constraints(con, schema, mart)])})")
    names = ", ".join(quote(column.name) for column in mart.columns)
    order = ", ".join(quote(name) for name in mart.primary_key) or "all"
    con.execute(f"insert into {target} ({names}) select {names} from {source} order by {order}")  # noqa: S608
    _copy_comments(con, schema, mart, target)
    return read_table_content(con, source, mart)


def _read_column_definitions(con: duckdb.DuckDBPyConnection, schema: str, mart: Mart) -> list[str]:
    found = dict(
        con.execute(
            """
            select column_name, data_type || case when is_nullable then '' else ' not null' end
            from duckdb_columns()
            where database_name = 'warehouse' and schema_name = ? and table_name = ?
            """,
            [schema, mart.name],
        ).fetchall()
    )
    if not found:
        raise PublicationError(
            f"{schema}.{mart.name} is not in the warehouse: build it (full_refresh), then run again"
        )
    missing = [column.name for column in mart.columns if column.name not in found]
    if missing:
        raise PublicationError(
            f"{schema}.{mart.name} in the warehouse lacks {', '.join(missing)}: build it again"
        )
    return [f"{quote(column.name)} {found[column.name]}" for column in mart.columns]


def _read_constraints(con: duckdb.DuckDBPyConnection, schema: str, mart: Mart) -> list[str]:
    """Keys and checks as the warehouse has them; not null stands with its column."""
    found = con.execute(
        """
        select constraint_type, constraint_column_names, expression
        from duckdb_constraints()
        where
            database_name = 'warehouse' and schema_name = ? and table_name = ?
            and constraint_type in ('PRIMARY KEY', 'UNIQUE', 'CHECK')
        order by constraint_index
        """,
        [schema, mart.name],
    ).fetchall()
    return [
        f"check ({expression})" if kind == "CHECK" else f"{kind.lower()} ({', '.join(map(quote, columns))})"
        for kind, columns, expression in found
    ]


def _copy_comments(con: duckdb.DuckDBPyConnection, schema: str, mart: Mart, target: str) -> None:
    """Copies what dbt has written as comments; the verification compares it with the contract."""
    where = "database_name = 'warehouse' and schema_name = ? and table_name = ? and comment is not null"
    relations = con.execute(
        f"""
        select comment
        from (
            from duckdb_tables() select database_name, schema_name, table_name, comment
            union all
            from duckdb_views() select database_name, schema_name, view_name, comment
        )
        where {where}
        """,  # noqa: S608
        [schema, mart.name],
    ).fetchall()
    for (comment,) in relations:
        con.execute(f"comment on table {target} is {literal(comment)}")
    columns = con.execute(
        f"select column_name, comment from duckdb_columns() where {where} order by column_index",  # noqa: S608
        [schema, mart.name],
    ).fetchall()
    declared = {column.name for column in mart.columns}
    for name, comment in columns:
        if name in declared:
            con.execute(f"comment on column {target}.{quote(name)} is {literal(comment)}")
