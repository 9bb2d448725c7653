"""How DuckDB reads a group of parts: SQL of relations with ``_file``, and ``_doc`` or flat columns."""

# ruff: noqa: S608  names come from one quoting function or are made here, values are parameters

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestration.loading.archives import Limits
from orchestration.loading.formats import Part
from orchestration.loading.identifiers import Parameters, quote
from orchestration.loading.paths import parse_json_path
from orchestration.loading.warehouse import escape_glob

# Files are given to DuckDB under names of eight digits: the file's number within its batch.
_FILE_NUMBER = "cast(right(filename, 8) as integer)"


def numbered(folder: Path, number: int) -> Path:
    """The name under which file ``number`` of a batch is read."""
    return folder / f"{number:08d}"


def flat_columns(count: int) -> list[str]:
    """Names of the columns of a flat relation, by position."""
    return [f"c{index}" for index in range(count)]


def csv_relation(
    part: Part,
    files: Sequence[Path],
    nulls: tuple[str, ...],
    parameters: Parameters,
    rejects: bool,
    limits: Limits,
) -> str:
    """SQL of a relation ``_file, c0, c1 …`` over CSV files with the header of ``part``."""
    assert part.headers is not None
    columns = ", ".join(f"{name}: 'VARCHAR'" for name in flat_columns(len(part.headers.names)))
    paths = parameters.add_list([escape_glob(str(file)) for file in files])
    return f"""
        select {_FILE_NUMBER} as _file, * exclude (filename)
        from read_csv(
            {paths}, header = true, auto_detect = false,
            delim = {parameters.add(part.delimiter)}, quote = '"', escape = '"',
            nullstr = {parameters.add_list(nulls or ("",))}, columns = {{{columns}}},
            max_line_size = {limits.line_bytes:d}, filename = true, store_rejects = {str(rejects).lower()}
        )"""


def parquet_relation(
    files: Sequence[Path], columns: Sequence[tuple[str, str]], parameters: Parameters
) -> str:
    """SQL of a relation ``_file, c0, c1 …`` of texts over Parquet files; ``columns``: name and type."""
    texts = [
        f"{_as_text(quote(name), data_type)} as c{index}" for index, (name, data_type) in enumerate(columns)
    ]
    paths = parameters.add_list([escape_glob(str(file)) for file in files])
    return f"select {_FILE_NUMBER} as _file, {', '.join(texts)} from read_parquet({paths}, filename = true)"


def _is_nested(data_type: str) -> bool:
    return data_type.startswith(("STRUCT", "MAP", "JSON")) or data_type.endswith("]")


def _as_text(name: str, data_type: str) -> str:
    if _is_nested(data_type):
        return f"cast(to_json({name}) as varchar)"
    if data_type == "BLOB":
        return f"try(decode({name}))"
    return f"cast({name} as varchar)"


def is_record(data_type: str) -> bool:
    """Whether a Parquet column of this type is a record; a list of records stays one JSON text."""
    return data_type.startswith("STRUCT") and not data_type.endswith("]")


def nested_relation(files: Sequence[Path], columns: Sequence[tuple[str, str]], parameters: Parameters) -> str:
    """SQL of a relation ``_file, _doc`` over Parquet files with nested columns: a JSON text per row."""
    members = ", ".join(
        f"{parameters.add(name)}, {quote(name) if _is_nested(kind) else _as_text(quote(name), kind)}"
        for name, kind in columns
    )
    paths = parameters.add_list([escape_glob(str(file)) for file in files])
    text = _exact(f"cast(json_object({members}) as varchar)")
    return f"select {_FILE_NUMBER} as _file, {text} as _doc from read_parquet({paths}, filename = true)"


def document_relation(
    kind: str, files: Sequence[Path], parameters: Parameters, exact_numbers: bool, limits: Limits
) -> str:
    """SQL of a relation ``_file, _doc``: a JSON text per line, element or file; null for a blank line."""
    paths = parameters.add_list([escape_glob(str(file)) for file in files])
    if kind == "json_lines":
        # Read as CSV of one column without quotes: splitting lines costs a fifth of what parsing them costs,
        # the order is kept, and a line that is no JSON harms no other.
        text = "line"
        source = f"""read_csv(
            {paths}, columns = {{'line': 'VARCHAR'}}, header = false, auto_detect = false, delim = '',
            quote = '', escape = '', nullstr = '', strict_mode = false, filename = true,
            max_line_size = {limits.line_bytes:d}, buffer_size = {2 * limits.line_bytes:d}
        )"""
    elif kind == "json_array":
        text, source = (
            "cast(json as varchar)",
            f"""read_json_objects(
            {paths}, format = 'array', filename = true, maximum_object_size = {limits.line_bytes:d}
        )""",
        )
    else:
        text, source = "content", f"read_text({paths})"
    return f"select {_FILE_NUMBER} as _file, {_exact(text) if exact_numbers else text} as _doc from {source}"


def _exact(text: str) -> str:
    """SQL for JSON ``text`` in which numbers of more than 15 digits are strings.

    DuckDB reads JSON numbers as doubles, which hold 15 digits for sure; as strings they stay as they were
    written. The control characters that mark them cannot occur in JSON.
    """
    number = r"-?[0-9][0-9.]{15,}(?:[eE][-+]?[0-9]+)?"
    string = r'"(?:[^"\\]|\\.)*"'
    marked = rf"regexp_replace({text}, '({string})|({number})', '\1' || chr(1) || '\2' || chr(2), 'g')"
    quoted = f"replace(replace(replace({marked}, chr(1) || chr(2), ''), chr(1), '\"'), chr(2), '\"')"
    return (
        f"case when regexp_matches({text}, '[0-9][0-9.]{{15,}}')"
        f" and not contains({text}, chr(1)) and not contains({text}, chr(2)) then {quoted} else {text} end"
    )


def record_relation(documents: str, records: Sequence[str], parameters: Parameters) -> str:
    """SQL of a relation ``_file, _doc`` with one row per record out of pages, arrays and single objects.

    A text that is no JSON stays as one row, for the quarantine.
    """
    pointers = [parameters.add(parse_json_path(path).pointer) for path in records]
    inside = " ".join(
        f"when json_type(element, {p}) in ('ARRAY', 'OBJECT') then json_extract(element, {p})"
        for p in pointers
    )
    return f"""
        select _file, coalesce(broken, cast(record as varchar)) as _doc
        from (
            select
                _file, broken,
                unnest(case
                    when found is null then [cast(null as json)]
                    when json_type(found) = 'ARRAY' then cast(found as json[])
                    else [found]
                end) as record
            from (
                select
                    _file, broken,
                    case when element is null then null when json_type(element) = 'ARRAY' then element
                    {inside} else element end as found
                from (
                    select
                        _file,
                        case when kind is null then _doc end as broken,
                        unnest(case
                            when kind is null then [cast(null as json)]
                            when kind = 'ARRAY' then cast(cast(_doc as json) as json[])
                            else [cast(_doc as json)]
                        end) as element
                    from (
                        select _file, _doc, try(json_type(_doc)) as kind
                        from ({documents})
                        where _doc is not null
                    )
                )
            )
        )
        where broken is not null or record is not null"""
