"""Published tables as CSV files that a spreadsheet can open without running what is written in them.

A cell that begins like a formula is one, whatever a source system meant by it, and a name in a pull request
is all that it takes: https://owasp.org/www-community/attacks/CSV_Injection.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.durable import replace_file
from orchestration.home import DataHome
from orchestration.loading.identifiers import literal, quote
from orchestration.publishing.marts import PEOPLE_SCHEMA, SCHEMA
from orchestration.publishing.published import people_snapshot_path, snapshot_path
from orchestration.publishing.snapshot import ANALYSTS_MODE, PEOPLE_MODE

# Excel and LibreOffice show no more.
ROWS_SHOWN = 1_048_576
# What spreadsheets take for the beginning of a formula, in its full-width and small forms too.
_TRIGGERS = r"=+\-@＝＋－＠﹦﹢﹣﹫"
# What may stand before it and is trimmed or taken for quoting: spaces, invisible characters, quotes.
_TRIMMED = r"""[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\p{Z}\p{Cf}"'`´‘’“”„«»]*"""
# A cell begins with the text, and within it wherever a program that takes another separator than the comma,
# or reads no quotes, sees a new cell or line.
_BEGINNING = rf"(^|[;\t\r\n])({_TRIMMED}[{_TRIGGERS}])"
_FIRST_BREAK = r"^([\t\r\n])"
_PUT_BEFORE, _PUT_FIRST = r"\1'\2", r"'\1"
# DuckDB's names of the types that are numbers, and so no text that could be a formula.
_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(.*|DOUBLE|FLOAT|BOOLEAN|BIGNUM")
_TABLE = re.compile(r"\w+(\.\w+)?")


class ExportError(ValueError):
    """Nothing was written; says what is asked for instead."""


@dataclass(frozen=True)
class Export:
    """What was written, and where."""

    path: Path
    rows: int
    columns: int


def export_csv(home: DataHome, asked: str, path: Path, *, people: bool = False) -> Export:
    """Writes a published table, or the answer of one SELECT over them, to ``path``, or nothing.

    ``people`` opens the restricted file besides; the CSV file then has its mode. UTF-8 with a byte order
    mark, as spreadsheets expect; numbers as they are, text in quotes, null empty. An apostrophe stands before
    what would be a formula. Raises ExportError, and DuckDB's errors for a query that fails.
    """
    if path.suffix.lower() != ".csv":
        raise ExportError(f"{path.name}: CSV is what is written, so let the file end in .csv")
    path = path.absolute()
    if not path.parent.is_dir():
        raise ExportError(f"{path.parent} is no folder")
    # Beside its target, so that it is renamed, and closed to others while its mode is not set.
    with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as workplace:
        written, new = Path(workplace) / "rows.csv", Path(workplace) / "export.csv"
        with _open_published(home, people) as con:
            _confine(con, Path(workplace))
            con.execute(f"create temp view asked as {_read_query(con, asked, people)}")
            columns = con.execute("describe asked").fetchall()
            rows = con.execute(_build_copy(con, columns, written)).fetchone()
        with written.open("rb") as source, new.open("wb") as target:
            target.write("\ufeff".encode())
            while block := source.read(1 << 20):
                target.write(block)
        new.chmod(PEOPLE_MODE if people else ANALYSTS_MODE)
        replace_file(new, path)
    return Export(path, int(rows[0]) if rows else 0, len(columns))


def neutralise(expression: str) -> str:
    """SQL of a text in which nothing begins a formula: an apostrophe stands before what would."""
    within = f"regexp_replace({expression}, {literal(_BEGINNING)}, {literal(_PUT_BEFORE)}, 'g')"
    return f"regexp_replace({within}, {literal(_FIRST_BREAK)}, {literal(_PUT_FIRST)})"


def _open_published(home: DataHome, people: bool) -> duckdb.DuckDBPyConnection:
    paths = {SCHEMA: snapshot_path(home), **({PEOPLE_SCHEMA: people_snapshot_path(home)} if people else {})}
    for path in paths.values():
        if not path.exists():
            raise ExportError(f"{path} is not there: nothing is published yet")
    con = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name, path in paths.items():
        con.execute(f"attach {literal(str(path))} as {quote(name)} (read_only)")
    con.execute(f"use {quote(PEOPLE_SCHEMA if people else SCHEMA)}")
    return con


def _confine(con: duckdb.DuckDBPyConnection, workplace: Path) -> None:
    """A query may come from anywhere: it reads no other file, and writes none."""
    folders = sorted({str(workplace), str(workplace.resolve())})
    con.execute(f"set allowed_directories = [{', '.join(map(literal, folders))}]")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")


def _read_query(con: duckdb.DuckDBPyConnection, asked: str, people: bool) -> str:
    if asked.strip().startswith(f"{PEOPLE_SCHEMA}.") and not people:
        raise ExportError(f"{asked.strip()} is in the restricted file: ask for it with --people")
    if _TABLE.fullmatch(asked.strip()):
        return f"from {quote(*asked.strip().split('.'))}"
    statements = con.extract_statements(asked)
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise ExportError("one SELECT is exported, or one table by its name")
    return statements[0].query


def _build_copy(con: duckdb.DuckDBPyConnection, columns: Sequence[Sequence[str]], path: Path) -> str:
    cells, texts = [], []
    for name, kind, *_ in columns:
        cell = quote(name)
        # A column may be named by data too.
        shown = quote(_evaluate(con, neutralise("cast(? as varchar)"), name))
        if not _NUMBERS.fullmatch(kind):
            cell = neutralise(f"cast({cell} as varchar)")
            texts.append(shown)
        cells.append(f"{cell} as {shown}")
    forced = f", force_quote ({', '.join(texts)})" if texts else ""
    return (
        f"copy (select {', '.join(cells)} from asked) to {literal(str(path))} "  # noqa: S608
        f"(format csv, header true, delimiter ',', quote '\"', escape '\"', nullstr ''{forced})"
    )


def _evaluate(con: duckdb.DuckDBPyConnection, expression: str, value: str) -> str:
    row = con.execute(f"select {expression}", [value]).fetchone()
    return str(row[0]) if row else value


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """0 if it was written, 1 if it could not be, and why not."""
    parser = argparse.ArgumentParser(prog="python -m orchestration export", description=__doc__)
    parser.add_argument("asked", help="a published table (marts.kpi_scorecard) or one SELECT over them")
    parser.add_argument("--out", type=Path, required=True, help="the CSV file; one that is there is replaced")
    parser.add_argument("--people", action="store_true", help="marts_people besides; the file gets mode 0640")
    parser.add_argument("--home", type=Path, help="the data home (default: METRICS_HOME, else data/)")
    given = parser.parse_args(arguments)
    home = DataHome(given.home.absolute()) if given.home else DataHome.from_environment(environ)
    try:
        export = export_csv(home, given.asked, given.out, people=given.people)
    except (ExportError, duckdb.Error, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{export.path}: {export.rows:,} rows, {export.columns} columns")
    if export.rows >= ROWS_SHOWN:
        print(f"warning: spreadsheets show the first {ROWS_SHOWN:,} lines only", file=sys.stderr)
    return 0
