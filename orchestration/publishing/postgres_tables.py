"""Tables of a published DuckDB file on PostgreSQL: created as the file describes them, loaded, verified."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from orchestration.loading.identifiers import literal, quote, quote_all
from orchestration.publishing.marts import FILE_SCHEMA
from orchestration.publishing.postgres_server import PostgresPublicationError, report_errors, run
from orchestration.publishing.verification import DIGEST_DIGITS, META_TABLE, TableContent, sum_up_rows

_TYPES = {
    "VARCHAR": "text",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "DOUBLE": "double precision",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
# PostgreSQL cuts longer names off without an error.
_LONGEST_NAME = 63
_NULL = r"\N"
_BLOCK_BYTES = 1 << 20
# A smaller table is read whole faster than through an index; its keys are indexes anyway.
_ROWS_WORTH_AN_INDEX = 1000


@dataclass(frozen=True)
class TableColumn:
    """A column as the published file has it; ``data_type`` is DuckDB's, the contract's canonical spelling."""

    name: str
    data_type: str
    nullable: bool
    comment: str


@dataclass(frozen=True)
class PublishedTable:
    """A table of a published file, and what was published of it: its rows and their checksum.

    ``keys`` are its primary key and unique constraints, in SQL.
    """

    name: str
    comment: str
    content: TableContent
    columns: tuple[TableColumn, ...]
    primary_key: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def cells(self) -> int:
        """How many values it holds."""
        return self.content.rows * len(self.columns)


def read_tables(con: duckdb.DuckDBPyConnection) -> tuple[PublishedTable, ...]:
    """The tables of a published file, by name: its publication has held them against their contracts."""
    columns: dict[str, list[TableColumn]] = defaultdict(list)
    for table, *column in con.execute(
        """
        select table_name, column_name, data_type, is_nullable, coalesce(comment, '')
        from duckdb_columns()
        where schema_name = ?
        order by table_name, column_index
        """,
        [FILE_SCHEMA],
    ).fetchall():
        columns[table].append(TableColumn(*column))
    keys: dict[str, list[tuple[str, Sequence[str]]]] = defaultdict(list)
    for table, kind, names in con.execute(
        """
        select table_name, constraint_type, constraint_column_names
        from duckdb_constraints()
        where schema_name = ? and constraint_type in ('PRIMARY KEY', 'UNIQUE')
        order by table_name, constraint_index
        """,
        [FILE_SCHEMA],
    ).fetchall():
        keys[table].append((kind, names))
    contents = {
        table: TableContent(rows, checksum)
        for table, rows, checksum in con.execute(
            f"select table_name, row_count, checksum from {quote(FILE_SCHEMA, META_TABLE)}"  # noqa: S608
        ).fetchall()
    }
    # Of itself it says nothing.
    described = [(column.name, column.data_type) for column in columns[META_TABLE]]
    contents[META_TABLE] = sum_up_rows(con, quote(FILE_SCHEMA, META_TABLE), described)
    return tuple(
        PublishedTable(
            name=table,
            comment=comment,
            content=contents[table],
            columns=tuple(columns[table]),
            primary_key=next((tuple(names) for kind, names in keys[table] if kind == "PRIMARY KEY"), ()),
            keys=tuple(f"{kind.lower()} ({quote_all(names)})" for kind, names in keys[table]),
        )
        for table, comment in con.execute(
            """
            select table_name, coalesce(comment, '')
            from duckdb_tables()
            where schema_name = ?
            order by table_name
            """,
            [FILE_SCHEMA],
        ).fetchall()
    )


def find_references(tables: Sequence[PublishedTable]) -> frozenset[str]:
    """Columns by which tables are joined: those that alone are the key of one of ``tables``."""
    return frozenset(table.primary_key[0] for table in tables if len(table.primary_key) == 1)


def choose_indexes(table: PublishedTable, references: frozenset[str]) -> list[str]:
    """Columns worth an index of their own, in the table's order.

    The first date and the first instant, by which dashboards cut time and Power BI refreshes, and the
    columns by which the table is joined; not the one that leads the primary key, whose index serves.
    """
    leading = table.primary_key[:1]
    first_times = [
        next((column.name for column in table.columns if column.data_type == kind), None)
        for kind in ("DATE", "TIMESTAMP")
    ]
    return [
        column.name
        for column in table.columns
        if column.name not in leading and (column.name in first_times or column.name in references)
    ]


def create_table(con: psycopg.Connection[Any], schema: str, table: PublishedTable) -> None:
    """Creates the empty table with its comments; keys and indexes come when the rows are there.

    Raises PostgresPublicationError for a type that a published table does not have, or a name too long.
    """
    target = quote(schema, table.name)
    for name in (table.name, *(column.name for column in table.columns)):
        if len(name.encode()) > _LONGEST_NAME:
            raise PostgresPublicationError(
                f"{schema}.{table.name}: the name {name} is longer than PostgreSQL's {_LONGEST_NAME} bytes"
            )
    columns = [
        f"{quote(column.name)} {_translate_type(table, column)}{'' if column.nullable else ' not null'}"
        for column in table.columns
    ]
    comments = [f"comment on table {target} is {literal(table.comment)}"] + [
        f"comment on column {target}.{quote(column.name)} is {literal(column.comment)}"
        for column in table.columns
    ]
    # In one go: a server far away would be waited for once for each column.
    run(con, ";\n".join([f"create table {target} ({', '.join(columns)})", *comments]))


def _translate_type(table: PublishedTable, column: TableColumn) -> str:
    decimal = _DECIMAL.fullmatch(column.data_type)
    if decimal:
        return f"numeric({decimal[1]}, {decimal[2]})"
    if column.data_type not in _TYPES:
        raise PostgresPublicationError(
            f"{table.name}.{column.name} is a {column.data_type}, which no contract of a mart can say"
        )
    return _TYPES[column.data_type]


def load_table(
    file: duckdb.DuckDBPyConnection,
    con: psycopg.Connection[Any],
    schema: str,
    table: PublishedTable,
    workplace: Path,
) -> None:
    """Copies the rows, in the file's order, by way of a CSV file in ``workplace``.

    Text is quoted always, null never: so an empty string stays one. ``freeze`` because a reader whose
    snapshot is older than the table would find it empty otherwise; it asks that the table was created in the
    same transaction.
    """
    path = workplace / f"{schema}.{table.name}.csv"
    names = quote_all(column.name for column in table.columns)
    text = quote_all(column.name for column in table.columns if column.data_type == "VARCHAR")
    options = f"format csv, header false, nullstr {literal(_NULL)}"
    if text:
        options += f", force_quote ({text})"
    file.execute(
        f"copy (select {names} from {quote(FILE_SCHEMA, table.name)}) to {literal(str(path))} ({options})"  # noqa: S608
    )
    statement = (
        f"copy {quote(schema, table.name)} ({names}) from stdin "
        f"(format csv, null {literal(_NULL)}, freeze true)"
    )
    with path.open("rb") as rows, con.cursor().copy(statement.encode()) as copy:
        while block := rows.read(_BLOCK_BYTES):
            copy.write(block)
    path.unlink()


def finish_table(
    con: psycopg.Connection[Any], schema: str, table: PublishedTable, references: frozenset[str]
) -> None:
    """Adds keys and indexes, and tells the planner what is in the table."""
    target = quote(schema, table.name)
    indexed = choose_indexes(table, references) if table.content.rows >= _ROWS_WORTH_AN_INDEX else ()
    statements = [
        *(f"alter table {target} add {key}" for key in table.keys),
        *(f"create index on {target} ({quote(column)})" for column in indexed),
        f"analyze {target}",
    ]
    run(con, ";\n".join(statements))


def verify_table(con: psycopg.Connection[Any], schema: str, table: PublishedTable) -> None:
    """Holds the rows on the server against what was published in the file: their number and checksum.

    Raises PostgresPublicationError at a difference.
    """
    # Of the ways to put texts together the quickest here; concat_ws is in DuckDB.
    texts = " || chr(31) || ".join(
        f"coalesce({_text_in_postgres(column)}, chr(30))" for column in table.columns
    )
    digest = f"left(md5({texts}), {DIGEST_DIGITS})"
    rows, checksum = run(
        con,
        f"select count(*), coalesce(sum(('x' || {digest})::bit({4 * DIGEST_DIGITS})::bigint), 0) "  # noqa: S608
        f"from {quote(schema, table.name)}",
    ).fetchone() or (0, 0)
    found = TableContent(rows, str(checksum))
    if found != table.content:
        raise PostgresPublicationError(
            f"{schema}.{table.name} is not what was published: {found} on the server, {table.content} in the "
            "file's publication. If the file was changed since, or is an older release's, publish it again"
        )


def require_numbers(file: duckdb.DuckDBPyConnection, table: PublishedTable) -> None:
    """Raises PostgresPublicationError for a NaN or an infinity.

    PostgreSQL sorts them above all numbers, and BI tools show them as one.
    """
    doubles = [column.name for column in table.columns if column.data_type == "DOUBLE"]
    if not doubles:
        return
    strange = " + ".join(f"count_if(not isfinite({quote(name)}))" for name in doubles)
    found = file.execute(f"select {strange} from {quote(FILE_SCHEMA, table.name)}").fetchone()  # noqa: S608
    if found and found[0]:
        raise PostgresPublicationError(
            f"{table.name} holds {found[0]} values that are no numbers (NaN or infinite) in "
            f"{', '.join(doubles)}: a ratio without a denominator is null"
        )


def _text_in_postgres(column: TableColumn) -> str:
    if column.data_type == "DOUBLE":
        return f"encode(float8send({quote(column.name)}), 'hex')"
    return f"{quote(column.name)}::text"


def build_table(
    file: duckdb.DuckDBPyConnection,
    con: psycopg.Connection[Any],
    schema: str,
    table: PublishedTable,
    references: frozenset[str],
    workplace: Path,
) -> int:
    """Creates, loads, verifies and finishes one table in one transaction; returns its rows."""
    require_numbers(file, table)
    with report_errors(f"while writing {schema}.{table.name}"), con.transaction():
        create_table(con, schema, table)
        load_table(file, con, schema, table, workplace)
        verify_table(con, schema, table)
        finish_table(con, schema, table, references)
    return table.content.rows
