"""The stage: what a batch of files holds, typed, with the state of every record. One pass over the files.

``_state`` of a record is null where it is good, the position of the first column that it breaks (from 1), or
one of the negative states of ``records``; 0 is no record (a blank line, a kind that the contract ignores).
"""

# ruff: noqa: S608  names come from one quoting function or are made here, values are parameters

from __future__ import annotations

from dataclasses import replace

import duckdb

from orchestration.loading.contract_model import Column, TableContract
from orchestration.loading.conversion import typed_value
from orchestration.loading.formats import Part
from orchestration.loading.identifiers import Parameters
from orchestration.loading.records import NOT_A_RECORD, WRAPPER, StageRequest, flat_records, json_records
from orchestration.loading.relations import (
    csv_relation,
    document_relation,
    nested_relation,
    parquet_relation,
    record_relation,
)

STAGE = "scratch.main.stage"
MAX_RAW_CHARACTERS = 65536


def create_stage(con: duckdb.DuckDBPyConnection, table: TableContract) -> None:
    """Make the empty stage of a table in the attached database ``scratch``."""
    values = ", ".join(f"v{i} {column.data_type}" for i, column in enumerate(table.stored, 1))
    con.execute(
        f"create or replace table {STAGE} (_file integer, _state smallint, _value string, _raw string,"
        f" _members string[], {values})"
    )


def fill_stage(con: duckdb.DuckDBPyConnection, request: StageRequest, *, rejects: bool = False) -> bool:
    """Read the parts of the request into the stage, in their order; whether pages were taken apart for it.

    ``rejects``: let DuckDB note CSV lines that do not split (in ``reject_errors``) instead of failing.
    Raises duckdb.Error where a file cannot be read.
    """
    part = request.parts[0]
    if part.kind == "csv":
        assert part.headers is not None
        relation = csv_relation(
            part, request.files, request.table.load.nulls, request.parameters, rejects, request.limits
        )
        _insert(con, request, *flat_records(request, relation, part.headers))
    elif part.kind == "parquet" and part.nested:
        documents = nested_relation(request.files, part.column_types, request.parameters)
        _insert_json(con, request, documents, unwrapped=True)
    elif part.kind == "parquet":
        assert part.headers is not None
        relation = parquet_relation(request.files, part.column_types, request.parameters)
        _insert(con, request, *flat_records(request, relation, part.headers))
    else:
        return _fill_from_json(con, request, part)
    return False


def _fill_from_json(con: duckdb.DuckDBPyConnection, request: StageRequest, part: Part) -> bool:
    exact = any(column.decimal for column in request.table.stored)
    wrapped = part.wrapped or part.kind == "json_document"
    if not wrapped:
        before = count_rows(con)
        documents = document_relation(part.kind, request.files, request.parameters, exact, request.limits)
        _insert_json(con, request, documents, unwrapped=False)
        found = con.execute(
            f"select 1 from {STAGE} where _state = {WRAPPER} and rowid >= {before} limit 1"
        ).fetchone()
        if found is None:
            return False
        # A page among single records: read again, taking pages apart. Reading bare lines first is what makes
        # the usual file fast.
        con.execute(f"delete from {STAGE} where rowid >= {before}")
    request.parameters = Parameters()
    documents = document_relation(part.kind, request.files, request.parameters, exact, request.limits)
    records = record_relation(documents, request.table.load.records, request.parameters)
    _insert_json(con, request, records, unwrapped=True)
    return True


def _insert_json(
    con: duckdb.DuckDBPyConnection, request: StageRequest, documents: str, unwrapped: bool
) -> None:
    # Guarding every record against not being JSON costs a tenth of the time, and nearly no file needs it.
    before = dict(request.parameters.values)
    try:
        _insert(con, request, *json_records(request, documents, unwrapped, guarded=False))
    except duckdb.InvalidInputException:
        request.parameters.values = before
        _insert(con, request, *json_records(request, documents, unwrapped, guarded=True))


def count_rows(con: duckdb.DuckDBPyConnection) -> int:
    """How many rows the stage has, those that were removed from its middle included."""
    row = con.execute(f"select coalesce(max(rowid) + 1, 0) from {STAGE}").fetchone()
    return int(row[0]) if row else 0


def _insert(con: duckdb.DuckDBPyConnection, request: StageRequest, records: str, raw: str) -> None:
    """Convert and store ``records``: SQL of ``_file, _special, _members`` and of each column's text ``t1 …``.

    ``raw``: SQL over ``records`` of a record's text, which is only made for bad ones.
    """
    table, parameters = request.table, request.parameters
    columns = list(enumerate(table.stored, 1))
    typed = _typed_relation(request, records)
    # The good record leaves at the first branch: what broke another is only looked for in that one.
    good = " and ".join(["_special is null", *(fit for i, column in columns if (fit := _fits(i, column)))])
    broken = " ".join(_broken(i, column) for i, column in columns)
    state = f"case when {good} then null when _special is not null then _special {broken} end"
    texts = ", ".join(_shown_text(i, column) for i, column in columns)
    values = ", ".join(f"v{i}" for i, _ in columns)
    bad = f"_state <> {NOT_A_RECORD}"
    con.execute(
        f"""
        insert into {STAGE}
        select
            _file, _state,
            case when _state > 0 then list_value({texts})[_state] end,
            case when {bad} then left({raw}, {MAX_RAW_CHARACTERS}) end,
            _members, {values}
        from (select *, {state} as _state from ({typed}))
        """,
        parameters.values,
    )


def _typed_relation(request: StageRequest, records: str) -> str:
    """SQL of ``records`` with the value of each column as ``v1 …``.

    Pseudonyms come one after the other: a hash costs more than all else of a column, and the people of a
    record are often the same (who started a run, who started it again). An equal text takes it over.
    """
    table, parameters = request.table, request.parameters
    records, by_file = _with_format_of_file(request, records)
    values: list[str] = []
    pseudonyms: list[tuple[int, Column, str]] = []
    for i, column in enumerate(table.stored, 1):
        value = typed_value(column, f"t{i}", parameters, table.business_timezone, request.key)
        if i in by_file:
            value = by_file[i]
        if column.options.pii == "pseudonymise":
            pseudonyms.append((i, column, value))
        else:
            values.append(f"{value} as v{i}")
    relation = f"select *, {', '.join(values)} from ({records})" if values else records
    for position, (i, column, value) in enumerate(pseudonyms):
        earlier = (
            j
            for j, other, _ in pseudonyms[:position]
            if other.options.keep_if == column.options.keep_if
            and other.options.pseudonym_scope == column.options.pseudonym_scope
        )
        taken = " ".join(f"when t{i} = t{j} then v{j}" for j in earlier)
        value = f"case {taken} else {value} end" if taken else value
        relation = f"select *, {value} as v{i} from ({relation})"
    return relation


def _with_format_of_file(request: StageRequest, records: str) -> tuple[str, dict[int, str]]:
    """``records`` with ``_format``, and by position the value of each column of the option format_of_file.

    The format is the one that fits most values of these columns in the file, the first named where several
    do: 03/09 may be March or September, but a file in which 30/09 stands does not begin with months.
    """
    columns = [(i, c) for i, c in enumerate(request.table.stored, 1) if c.options.format_of_file]
    if not columns:
        return records, {}
    parameters = request.parameters
    formats = columns[0][1].options.formats
    # A window sorts by its partitions, and not stably: without an order of its own, rows would change places.
    window = "partition by _file order by _place rows between unbounded preceding and unbounded following"
    fits = [
        "sum("
        + " + ".join(
            f"cast(try_strptime(t{i}, {parameters.add(form)}) is not null as integer)" for i, _ in columns
        )
        + f") over ({window})"
        for form in formats
    ]
    ranked = ", ".join(f"coalesce({fit}, 0)" for fit in fits)
    relation = f"""
        select *, list_position(_fits, list_max(_fits)) as _format
        from (
            select * exclude (_place), [{ranked}] as _fits
            from (select *, row_number() over () as _place from ({records}))
        )"""
    values = {}
    for i, column in columns:
        options = " ".join(
            f"when {number} then {_typed_with(request, column, f't{i}', form)}"
            for number, form in enumerate(formats, 1)
        )
        values[i] = f"case _format {options} end"
    return relation, values


def _typed_with(request: StageRequest, column: Column, text: str, form: str) -> str:
    options = column.options.model_copy(update={"formats": (form,)})
    zone = request.table.business_timezone
    return typed_value(replace(column, options=options), text, request.parameters, zone, request.key)


def _shown_text(position: int, column: Column) -> str:
    """SQL of the text that broke a column: what has not the form that it asks for, as it came; no object."""
    if not column.options.regex_required:
        return f"t{position}"
    return f"coalesce(t{position}, case when not starts_with(u{position}, '{{') then u{position} end)"


def _can_fail(column: Column) -> bool:
    return bool(column.data_type != "string" or column.options.json_text or column.options.extra)


def _fits(position: int, column: Column) -> str:
    """SQL: does the column's value not break the record? Empty where it never does."""
    if column.options.required:
        return f"v{position} is not null" if _can_fail(column) else f"t{position} is not null"
    return f"(v{position} is not null or t{position} is null)" if _can_fail(column) else ""


def _broken(position: int, column: Column) -> str:
    fits = f"when t{position} is not null and v{position} is null then {position}"
    required = f"when t{position} is null then {position}" if column.options.required else ""
    return f"{fits if _can_fail(column) else ''} {required}"
