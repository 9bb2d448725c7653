"""Records that broke their contract, and members that no contract knows."""

# ruff: noqa: S608  names come from one quoting function or are made here, values are parameters

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from orchestration.loading.contract_model import TableContract
from orchestration.loading.conversion import expectation
from orchestration.loading.formats import Part
from orchestration.loading.headers import contract_words, is_made_of, matches_any
from orchestration.loading.identifiers import Parameters
from orchestration.loading.intake import Candidate
from orchestration.loading.lines import member_name, note_lines
from orchestration.loading.pseudonym import PseudonymKey
from orchestration.loading.records import (
    MALFORMED,
    NOT_A_RECORD,
    NOT_AN_OBJECT,
    NOTHING_TO_EXPLODE,
    OTHER_KIND,
    REFUSED,
    claimed_members,
)
from orchestration.loading.staging import STAGE
from orchestration.loading.trees import REFUSED_BECAUSE


def record_rejects(
    con: duckdb.DuckDBPyConnection,
    table: TableContract,
    batch: Sequence[Candidate],
    key: PseudonymKey | None,
    now: datetime,
) -> None:
    """Write the bad records of the stage to ``ops.ingest_rejects``, with their lines if they have any."""
    bad = f"stage._state <> {NOT_A_RECORD} and files.failure is null"
    found = con.execute(
        f"""
        select count(*) from {STAGE} as stage
        inner join batch_files as files on stage._file = files.number
        where {bad}
        """
    ).fetchone()
    if not found or not found[0]:
        return
    _note_reasons(con, table)
    note_lines(con, table, batch)
    parameters = Parameters()
    value, raw = _shown("stage._value", table, key, parameters), _shown("stage._raw", table, key, parameters)
    system, name = parameters.add(table.system), parameters.add(table.name)
    con.execute(
        f"""
        insert into ops.ingest_rejects (
            reject_id, file_id, system, table_name, path, row_number, line, column_name, value, reason,
            raw_text, rejected_at, replayed_at
        )
        select
            left(md5(files.file_id || '/' || cast(stage.rowid - files.first_rid + 1 as varchar)), 16),
            files.file_id, {system}, {name}, files.path || coalesce('/' || lines.member, ''),
            stage.rowid - files.first_rid + 1,
            case when linewise.by_row then stage.rowid - files.first_rid + 1 else lines.line end,
            reasons.column_name, {value},
            case when stage._state > 0 and stage._value is null then 'is required, and is null or absent'
                when stage._state = {REFUSED} then json_extract_string(stage._raw, '{REFUSED_BECAUSE}')
                else reasons.reason end,
            {raw}, {parameters.add(now)}, null
        from {STAGE} as stage
        inner join batch_files as files on stage._file = files.number
        inner join reject_reasons as reasons on stage._state = reasons.state
        inner join reject_linewise as linewise on stage._file = linewise.number
        left join reject_lines as lines on stage.rowid = lines.rid
        where {bad}
        """,
        parameters.values,
    )


def begin_split_lines(con: duckdb.DuckDBPyConnection) -> None:
    """Make the empty temporary table ``split_lines``: lines of a file that do not split into fields."""
    con.execute(
        "create or replace temp table split_lines (part integer, line bigint, error string, text string)"
    )


def note_split_lines(
    con: duckdb.DuckDBPyConnection, position: int, part: Part, broken: Sequence[tuple[int, str]]
) -> None:
    """Note the lines of a part that DuckDB could not split, and those ``broken`` ones (number, text) that
    were taken out before it read.
    """
    parameters = Parameters()
    rows = parameters.add_rows({"line": "BIGINT", "text": "VARCHAR"}, list(broken) or [(None, None)])
    given = parameters.values | {"part": position, "before": part.lines_before}
    con.execute(
        f"""
        insert into split_lines
        select
            $part, line + $before, string_agg(distinct error, ', ' order by error),
            left(any_value(text), 65536)
        from (
            select line, lower(cast(error_type as varchar)) as error, csv_line as text from reject_errors
            union all
            select line, 'unquoted value', text from {rows} where line is not null
        )
        group by line
        """,
        given,
    )
    con.execute("drop table reject_errors")
    con.execute("drop table reject_scans")


def count_split_lines(con: duckdb.DuckDBPyConnection) -> int:
    """How many lines of the file could not be split into fields."""
    row = con.execute("select count(*) from split_lines").fetchone()
    return int(row[0]) if row else 0


def record_split_lines(
    con: duckdb.DuckDBPyConnection,
    table: TableContract,
    candidate: Candidate,
    key: PseudonymKey | None,
    now: datetime,
) -> None:
    """Write the lines that could not be split into fields to the quarantine."""
    parameters = Parameters()
    names = parameters.add_list([member_name(table, candidate, part) for part in candidate.parts])
    values = [
        parameters.add(v) for v in (candidate.file_id, table.system, table.name, candidate.file.shown, now)
    ]
    con.execute(
        f"""
        insert into ops.ingest_rejects (
            reject_id, file_id, system, table_name, path, row_number, line, column_name, value, reason,
            raw_text, rejected_at, replayed_at
        )
        select
            left(md5(concat_ws('/', {values[0]}, 'part', part, 'line', line)), 16),
            {values[0]}, {values[1]}, {values[2]}, {values[3]} || coalesce('/' || {names}[part + 1], ''),
            null, line, null, null,
            'cannot be split into fields: ' || replace(
                error, 'unquoted value', 'a quote that is opened has no end, or text behind its end'
            ),
            {_shown("text", table, key, parameters)}, {values[4]}, null
        from split_lines
        """,
        parameters.values,
    )


def record_drift(
    con: duckdb.DuckDBPyConnection,
    table: TableContract,
    batch: Sequence[Candidate],
    key: PseudonymKey | None,
    now: datetime,
) -> None:
    """Note the names of members and headers that no column of the contract claims, once per table.

    Where a document is keyed by people, a member's name is a person's: of a table with personal columns only
    names made of words that the contract knows are noted in clear, of others a pseudonym.
    """
    names = {(c.file_id, n) for c in batch for p in c.parts if p.headers for n in p.headers.unknown}
    globs = [glob for column in table.columns for glob in column.options.extra]
    from_json = con.execute(
        f"""
        select files.file_id, seen.member
        from (
            select distinct _file, unnest(_members) as member from {STAGE} where _members is not null
        ) as seen
        inner join batch_files as files on seen._file = files.number
        where files.failure is null
        """
    ).fetchall()
    claimed = claimed_members(table)
    from_json = [(file_id, member) for file_id, member in from_json if member not in claimed]
    if globs:
        from_json = [(file_id, member) for file_id, member in from_json if not matches_any(member, globs)]
    found = sorted(names | set(from_json))
    if not found:
        return
    known = contract_words(table)
    parameters = Parameters()
    rows = parameters.add_rows(
        {"file_id": "VARCHAR", "member": "VARCHAR", "is_plain": "BOOLEAN"},
        [(file_id, name, not table.personal or is_made_of(name, known)) for file_id, name in found],
    )
    hidden = f"left({_shown('member', table, key, parameters)}, 16)"
    seen = f"(select file_id, case when is_plain then member else 'p_' || {hidden} end as member from {rows})"
    con.execute(
        f"""
        insert into ops.schema_drift (system, table_name, member, file_id, first_seen_at)
        select $system, $name, seen.member, min(seen.file_id), $now
        from {seen} as seen
        anti join ops.schema_drift as drift
            on drift.system = $system and drift.table_name = $name and drift.member = seen.member
        group by seen.member
        """,
        parameters.values | {"system": table.system, "name": table.name, "now": now},
    )


def commonest_fault(
    con: duckdb.DuckDBPyConnection, table: TableContract, candidate: Candidate, number: int
) -> str:
    """What most rows of file ``number`` of the batch break, none of which is good; without any value."""
    _note_reasons(con, table)
    row = con.execute(
        f"""
        select count(*), faults.column_name, faults.reason, sum(count(*)) over ()
        from (
            select
                reasons.column_name,
                case when stage._state > 0 and stage._value is null then 'is null or absent'
                    else reasons.reason end as reason
            from {STAGE} as stage
            inner join reject_reasons as reasons on stage._state = reasons.state
            where stage._file = $number
            union all
            select null, reason from ops.ingest_rejects where file_id = $file_id and replayed_at is null
        ) as faults
        group by faults.column_name, faults.reason
        order by all desc
        limit 1
        """,
        {"number": number, "file_id": candidate.file_id},
    ).fetchone()
    if row is None:
        return "has no good row"
    count, column, reason, total = row
    fault = f"{column} {reason}" if column else reason
    twice = [h for part in candidate.parts if part.headers for h in part.headers.repeated(column)]
    if twice:
        fault += f"; {twice[0]!r} heads several columns, of which the first that is not null is read"
    return f"has no good row ({count} of {total}: {fault})"


def _shown(text: str, table: TableContract, key: PseudonymKey | None, parameters: Parameters) -> str:
    """SQL of what the quarantine may hold of ``text``: of a table with personal columns only a keyed hash."""
    if not table.personal:
        return text
    if key is None:
        raise ValueError(f"table {table.name} is personal, but there is no key")
    return key.digest(text, parameters)


def _note_reasons(con: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    kinds = ", ".join(table.load.discriminator.equals) if table.load.discriminator else ""
    reasons: dict[int, tuple[str | None, str]] = {
        MALFORMED: (None, "is not JSON"),
        OTHER_KIND: (None, f"is of another kind than {kinds}"),
        NOTHING_TO_EXPLODE: (None, f"has no member {table.load.exploded}"),
        NOT_AN_OBJECT: (None, "is no JSON object"),
        REFUSED: (None, "holds another number of records than it says"),
    }
    for position, column in enumerate(table.stored, 1):
        reasons[position] = (column.name, f"is not {expectation(column)}")
    parameters = Parameters()
    rows = parameters.add_rows(
        {"state": "SMALLINT", "column_name": "VARCHAR", "reason": "VARCHAR"},
        [(state, column, reason) for state, (column, reason) in reasons.items()],
    )
    con.execute(f"create or replace temp table reject_reasons as select * from {rows}", parameters.values)
