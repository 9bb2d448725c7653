"""In which line of its file a quarantined record stands."""

# ruff: noqa: S608  names come from one quoting function or are made here, values are parameters

from __future__ import annotations

import csv
from collections.abc import Sequence

import duckdb

from orchestration.loading.contract_model import TableContract
from orchestration.loading.formats import Part
from orchestration.loading.identifiers import Parameters
from orchestration.loading.intake import Candidate
from orchestration.loading.records import NOT_A_RECORD
from orchestration.loading.staging import STAGE


def note_lines(con: duckdb.DuckDBPyConnection, table: TableContract, batch: Sequence[Candidate]) -> None:
    """Note the lines of bad records in the temporary tables ``reject_lines`` (by row of the stage) and
    ``reject_linewise`` (files in which record n is line n).
    """
    parameters = Parameters()
    by_row = [len(c.parts) == 1 and _is_linewise(table, c.parts[0]) for c in batch]
    linewise = parameters.add_rows({"number": "INTEGER", "by_row": "BOOLEAN"}, list(enumerate(by_row, 1)))
    con.execute(
        f"create or replace temp table reject_linewise as select * from {linewise}", parameters.values
    )
    con.execute("create or replace temp table reject_lines (rid bigint, line bigint, member string)")
    for number, candidate in enumerate(batch, 1):
        several = len(candidate.parts) > 1
        for part, after in zip(candidate.parts, [*candidate.parts[1:], None], strict=True):
            if part.kind == "csv" or several:
                _note_part(con, table, number, part, after, member_name(table, candidate, part))


def member_name(table: TableContract, candidate: Candidate, part: Part) -> str | None:
    """The name of a file in an archive, or of a sheet, that is one of several; not of a personal table."""
    return part.name if len(candidate.parts) > 1 and not table.personal else None


def _is_linewise(table: TableContract, part: Part) -> bool:
    return part.by_line and table.load.explode is None


def _note_part(
    con: duckdb.DuckDBPyConnection,
    table: TableContract,
    number: int,
    part: Part,
    after: Part | None,
    member: str | None,
) -> None:
    rows = con.execute(
        f"""
        select stage.rowid, stage.rowid - greatest(files.first_rid, $first)
        from {STAGE} as stage
        inner join batch_files as files on stage._file = files.number
        where stage._file = $number and stage._state <> {NOT_A_RECORD}
            and stage.rowid >= $first and ($after is null or stage.rowid < $after)
        order by stage.rowid
        """,
        {"number": number, "first": part.first_row, "after": after and after.first_row},
    ).fetchall()
    if not rows:
        return
    places = [row for _, row in rows]
    lines: list[int | None] = [None] * len(rows)
    if part.kind == "csv":
        lines = csv_lines(part, places)
    elif _is_linewise(table, part):
        lines = [row + 1 for row in places]
    parameters = Parameters()
    found = parameters.add_rows(
        {"rid": "BIGINT", "line": "BIGINT", "member": "VARCHAR"},
        [(rid, line, member) for (rid, _), line in zip(rows, lines, strict=True)],
    )
    con.execute(f"insert into reject_lines select rid, line, member from {found}", parameters.values)


def csv_lines(part: Part, rows: Sequence[int]) -> list[int | None]:
    """Line numbers (from 1) of data rows (from 0, ascending) of a CSV part; None where one is not found.

    Of a sheet it is the number of the row.
    """
    if part.places is not None:
        return [part.places[row] for row in rows]
    wanted = iter(rows)
    target = next(wanted, None)
    lines: list[int | None] = []
    csv.field_size_limit(2**31 - 1)
    with part.path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file, delimiter=part.delimiter)
        width = len(part.headers.names) if part.headers else 0
        index, before, header_seen = 0, part.lines_before, False
        for record in reader:
            started, before = before + 1, part.lines_before + reader.line_num
            if not record:
                continue
            if not header_seen:
                header_seen = True
                continue
            if len(record) != width:
                continue  # DuckDB could not split it either; it has its own reject
            if index == target:
                lines.append(started)
                target = next(wanted, None)
                if target is None:
                    return lines
            index += 1
    return lines + [None] * (len(rows) - len(lines))
