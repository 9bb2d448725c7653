"""What must hold between the options of a contract, beyond their own forms."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import duckdb

from orchestration.loading.contract_model import NAME, Column, ContractError, TableContract
from orchestration.loading.paths import parse_json_path

RESERVED_COLUMNS = frozenset({"_file_id", "_row"})


def check_table(file: Path, table: TableContract) -> None:
    """Raise ContractError for the first rule that ``table`` breaks."""
    for problem in _problems_of_table(table):
        raise ContractError(file, table.name, None, problem)
    seen: set[str] = set()
    for column in table.columns:
        for problem in _problems_of_column(table, column):
            raise ContractError(file, table.name, column.name, problem)
        if column.name in seen:
            raise ContractError(file, table.name, column.name, "is declared twice")
        seen.add(column.name)


def _problems_of_table(table: TableContract) -> Iterator[str]:
    load = table.load
    stored = {c.name: c for c in table.stored}
    for option, names in (("key", load.key), ("partition", load.partition)):
        if missing := [n for n in names if n not in stored]:
            yield f"option {option}: {missing[0]} is not a stored column"
        if len(set(names)) != len(names):
            yield f"option {option} names a column twice"
    for option, name in (("cursor", load.cursor), ("time_column", load.time_column)):
        if name is not None and name not in stored:
            yield f"option {option}: {name} is not a stored column"
    if load.time_column and stored[load.time_column].data_type not in ("timestamp", "date"):
        yield f"option time_column: {load.time_column} is no timestamp or date"
    keyed = load.mode in ("merge", "append")
    if keyed and not load.key:
        yield f"mode {load.mode} needs option key"
    if not keyed and load.key:
        yield f"option key is not for mode {load.mode}"
    if load.cursor and load.mode != "merge":
        yield f"option cursor is not for mode {load.mode}"
    if load.mode == "replace_partition" and not load.partition:
        yield "mode replace_partition needs option partition"
    if keyed and load.partition:
        yield f"option partition is not for mode {load.mode}"
    if load.allow_empty and load.mode != "snapshot":
        yield f"option allow_empty is not for mode {load.mode}"
    if load.tree and (load.records or load.explode):
        yield "option tree finds the records itself; records and explode do not go with it"
    if sum(c.options.delivered_at for c in table.columns) > 1:
        yield "more than one column is marked delivered_at"
    paths = [*load.records, *([load.exploded] if load.exploded else [])]
    if load.discriminator:
        paths += load.discriminator.path
    for path in paths:
        yield from _problems_of_path(path, element_allowed=False)
    orders = {c.options.formats for c in table.stored if c.options.format_of_file}
    if len(orders) > 1 or any(len(o) < 2 or not all("%" in form for form in o) for o in orders):
        yield "option format_of_file needs the same two or more strptime formats in every column that has it"
    for encoding in load.encodings:
        try:
            "".encode(encoding)
        except LookupError:
            yield f"option encodings: {encoding} is not known"


def _problems_of_path(path: str, element_allowed: bool) -> Iterator[str]:
    try:
        parsed = parse_json_path(path)
    except ValueError as error:
        yield f"option path: {error}"
        return
    if parsed.in_element and not element_allowed:
        yield f"option path: {path} reads an element, but the table has no option explode"


def _problems_of_column(table: TableContract, column: Column) -> Iterator[str]:
    options, textual = column.options, column.data_type == "string"
    if column.name in RESERVED_COLUMNS:
        yield "is a name that the loader needs"
    if column.decimal and not (0 <= column.decimal[1] <= column.decimal[0] <= 38 and column.decimal[0] > 0):
        yield f"{column.data_type} is no decimal of at most 38 digits"
    for path in column.paths:
        yield from _problems_of_path(path, element_allowed=table.load.explode is not None)
    for path in options.path or () if options.extra else ():
        yield from _problems_of_path(path, element_allowed=False)
    for option, text in (("regex", options.regex), ("keep_if", options.keep_if), ("only", options.only)):
        yield from _problems_of_pattern(option, text)
    if options.regex and re.compile(options.regex).groups < 1:
        yield "option regex needs a group: the value becomes the first one"
    if options.regex_required and not options.regex:
        yield "option regex_required needs option regex"
    if missing := [c for c in options.capture if c not in table.path_pattern.names]:
        yield f"option capture: {missing[0]} is not in the table's path {table.load.path!r}"
    if options.join and len(options.capture) < 2:
        yield "option join needs several captures"
    for option, given in (
        ("json", options.json_text),
        ("extra", bool(options.extra)),
        ("lower", options.lower),
        ("pii: pseudonymise", options.pii == "pseudonymise"),
    ):
        if given and not textual:
            yield f"option {option} needs data_type string"
    if options.keep_if and options.pii != "pseudonymise":
        yield "option keep_if needs pii: pseudonymise"
    if options.pseudonym_scope is not None and options.pii != "pseudonymise":
        yield "option pseudonym_scope needs pii: pseudonymise"
    if options.pseudonym_scope is not None and not NAME.fullmatch(options.pseudonym_scope):
        yield f"option pseudonym_scope: {options.pseudonym_scope!r} is no plain name"
    if options.extra and (len(options.path or ()) > 1 or options.headers or options.capture):
        yield "option extra takes what no other column claims: at most one path, no headers or capture"
    if options.only and not options.extra:
        yield "option only needs option extra"
    if options.every_header and not options.json_text:
        yield "option every_header needs option json"
    if options.rounded and not column.decimal:
        yield "option rounded is for decimals"
    if options.formats and column.data_type not in ("timestamp", "date"):
        yield "option formats is for timestamps and dates"
    for form in options.formats:
        if form not in ("epoch_s", "epoch_ms") and "%" not in form:
            yield f"option formats: {form!r} is neither epoch_s, epoch_ms nor a strptime format"
    if (
        options.time_zone not in (None, "business")
        and options.time_zone not in zoneinfo.available_timezones()
    ):
        yield f"option time_zone: {options.time_zone!r} is no IANA zone"
    if options.delivered_at and column.data_type not in ("timestamp", "date"):
        yield "option delivered_at needs a timestamp or date"
    if options.delivered_at and options.pii == "drop":
        yield "option delivered_at needs a stored column"


def _problems_of_pattern(option: str, text: str | None) -> Iterator[str]:
    if text is None:
        return
    if problem := _problem_of_pattern(text):
        yield f"option {option}: {problem}"


@lru_cache
def _problem_of_pattern(text: str) -> str | None:
    try:
        re.compile(text)
        # The loader's patterns run in DuckDB, whose RE2 knows no look-around and no back-references.
        with duckdb.connect() as connection:
            connection.execute("select regexp_matches('', $1)", [text])
    except (re.error, duckdb.Error) as error:
        return str(error).splitlines()[0]
    return None
