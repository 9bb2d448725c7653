"""Whether a written file holds what it should: rows, checksums, contract and comments, read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from orchestration.loading.identifiers import literal, quote
from orchestration.publishing.marts import FILE_SCHEMA, Mart

META_TABLE = "meta_publication"
# Hexadecimal digits of a row's MD5 that fit a positive bigint, in DuckDB and in PostgreSQL.
DIGEST_DIGITS = 15

_META_COLUMNS = (
    ("table_name", "varchar not null primary key", "Published table"),
    ("run_id", "varchar not null", "Run that published it"),
    ("build_id", "varchar not null", "Build of the models that it comes from"),
    ("published_at", "timestamp not null", "When the run published it (UTC)"),
    ("as_of_date", "date not null", "Last day that counts in its numbers"),
    (
        "data_through",
        "timestamp",
        "Instant (UTC) up to which every system behind the table has delivered: the earliest of the systems' "
        "newest records; null if none has delivered",
    ),
    ("code_version", "varchar not null", "Hash of the models and their variables"),
    ("row_count", "bigint not null", "Rows of the table"),
    (
        "checksum",
        "varchar not null",
        "Sum over the rows of the first 60 bits of each row's MD5, PostgreSQL's too; order does not matter",
    ),
)
_META_DESCRIPTION = (
    "One row per published table: which run published it, from what data and code, and its checksum"
)


class PublicationError(RuntimeError):
    """Nothing was published; the message says which table differs in what."""


@dataclass(frozen=True)
class TableContent:
    """Rows of a table, and a checksum of their content that knows no order."""

    rows: int
    checksum: str


@dataclass(frozen=True)
class MetaPublication:
    """What ``meta_publication`` says of all tables of one file alike."""

    run_id: str
    build_id: str
    published_at: datetime
    as_of_date: date
    code_version: str


def read_table_content(con: duckdb.DuckDBPyConnection, relation: str, mart: Mart) -> TableContent:
    """Counts and sums up a relation (a quoted name). The checksum is the same on every machine and version.

    PostgreSQL can compute it too (``postgres_tables``). Nulls, empty strings and the borders between columns
    are told apart, a double is its bits, and a row that stands twice counts twice.
    """
    return sum_up_rows(con, relation, [(column.name, column.data_type) for column in mart.columns])


def sum_up_rows(
    con: duckdb.DuckDBPyConnection, relation: str, columns: Iterable[tuple[str, str]]
) -> TableContent:
    """The same of any relation, of these columns (name and DuckDB type)."""
    texts = ", ".join(f"coalesce({_write_text(*column)}, chr(30))" for column in columns)
    digest = f"left(md5(concat_ws(chr(31), {texts})), {DIGEST_DIGITS})"
    row = con.execute(
        f"select count(*), coalesce(sum(cast('0x' || {digest} as bigint)), 0) from {relation}"  # noqa: S608
    ).fetchone()
    rows, checksum = row if row else (0, 0)
    return TableContent(rows=rows, checksum=str(checksum))


def _write_text(name: str, data_type: str) -> str:
    if data_type == "DOUBLE":
        return f"lower(hex(cast(cast({quote(name)} as bit) as blob)))"
    return f"cast({quote(name)} as varchar)"


def create_meta_publication(
    con: duckdb.DuckDBPyConnection,
    marts: Sequence[Mart],
    contents: Mapping[str, TableContent],
    meta: MetaPublication,
) -> None:
    """Writes the table that tells a reader of the file what lies before him."""
    target = quote("publication", FILE_SCHEMA, META_TABLE)
    con.execute(f"create table {target} ({', '.join(f'{name} {kind}' for name, kind, _ in _META_COLUMNS)})")
    con.execute(f"comment on table {target} is {literal(_META_DESCRIPTION)}")
    for name, _, description in _META_COLUMNS:
        con.execute(f"comment on column {target}.{name} is {literal(description)}")
    newest = dict(
        con.execute("select system, max(data_through) from ops.table_state group by system").fetchall()
    )
    for mart in marts:
        delivered = [newest[system] for system in mart.systems if newest.get(system) is not None]
        con.execute(
            f"insert into {target} values (?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
            [
                mart.name,
                meta.run_id,
                meta.build_id,
                meta.published_at,
                meta.as_of_date,
                min(delivered, default=None),
                meta.code_version,
                contents[mart.name].rows,
                contents[mart.name].checksum,
            ],
        )


def verify_database(path: Path, marts: Sequence[Mart], contents: Mapping[str, TableContent]) -> None:
    """Opens the written file as a reader does and holds it against the warehouse's content and the contract.

    Raises PublicationError with every difference found.
    """
    if path.with_name(path.name + ".wal").exists():
        raise PublicationError(f"{path.name} was not checkpointed: a part of it is in its write-ahead log")
    with duckdb.connect(path, read_only=True) as con:
        differences = [
            *_compare_tables(con, marts),
            *(difference for mart in marts for difference in _compare_table(con, mart, contents[mart.name])),
        ]
    if differences:
        raise PublicationError(f"{path.name} is not what it should be: " + "; ".join(differences))


def _compare_tables(con: duckdb.DuckDBPyConnection, marts: Sequence[Mart]) -> list[str]:
    expected = {(FILE_SCHEMA, mart.name, mart.description.strip()) for mart in marts} | {
        (FILE_SCHEMA, META_TABLE, _META_DESCRIPTION)
    }
    found = {
        (found_schema, name, (comment or "").strip())
        for found_schema, name, comment in con.execute(
            "select schema_name, table_name, comment from duckdb_tables()"
        ).fetchall()
    }
    missing = [
        f"table {name} with comment {comment!r} is missing" for _, name, comment in sorted(expected - found)
    ]
    extra = [f"table {a}.{b} with comment {c!r} is not expected" for a, b, c in sorted(found - expected)]
    return missing + extra


def _compare_table(con: duckdb.DuckDBPyConnection, mart: Mart, content: TableContent) -> list[str]:
    found = con.execute(
        """
        select column_name, data_type, coalesce(trim(comment, chr(10) || ' '), '')
        from duckdb_columns()
        where schema_name = ? and table_name = ?
        order by column_index
        """,
        [FILE_SCHEMA, mart.name],
    ).fetchall()
    expected = [(column.name, column.data_type, column.description.strip("\n ")) for column in mart.columns]
    if found != expected:
        pairs = zip([*found, *[None] * len(expected)], [*expected, *[None] * len(found)], strict=False)
        different = next((a, b) for a, b in pairs if a != b)
        return [f"{mart.name}: column {different[0]}, contract {different[1]}"]
    keys = con.execute(
        """
        select constraint_column_names
        from duckdb_constraints()
        where schema_name = ? and table_name = ? and constraint_type = 'PRIMARY KEY'
        """,
        [FILE_SCHEMA, mart.name],
    ).fetchall()
    if mart.primary_key and [tuple(names) for (names,) in keys] != [mart.primary_key]:
        return [f"{mart.name}: primary key {keys}, contract {mart.primary_key}"]
    actual = read_table_content(con, quote(FILE_SCHEMA, mart.name), mart)
    if actual != content:
        return [f"{mart.name}: {actual} in the file, {content} in the warehouse"]
    return []
