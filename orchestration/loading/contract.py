"""The contract of a raw table: its dbt source entry, read and validated.

This docstring is the reference of the format. A contract is a file
``models/staging/<system>/_<system>__sources.yml`` with one source named ``raw_<system>`` (schema of the same
name). Each table needs a ``description``, ``config.meta.load`` and ``columns``. An option that is not listed
here is an error.

Under ``config.meta.load`` of a table:

- ``mode``: ``merge`` (one row per ``key``; the greatest ``cursor`` wins, null is oldest; equal cursors: the
  greatest content hash wins, so the order of loading does not matter; without a cursor the latest delivery
  wins), ``append`` (immutable events, one row per ``key``), ``replace_partition`` (a delivery replaces the
  partitions it has rows for), ``snapshot`` (a delivery is the full state of its scope).
- ``key``: columns that identify a row; required for ``merge`` and ``append``. Nulls compare equal.
- ``cursor``: column that orders versions of a row; ``merge`` only.
- ``partition``: columns of the unit that a delivery replaces; required for ``replace_partition``, for
  ``snapshot`` its scope (default: the whole table).
- ``records``: member, or list of members tried in order, in which the records sit (an array or one object);
  where none is present the element itself is the record.
- ``explode``: member of the record whose elements become one row each; ``@`` in paths is the element. With
  ``.*`` behind it, the members of the object in it (or of each object of the array) become one row each.
- ``path``: pattern of the path below ``landing/<system>/<table>/`` with captures, e.g. ``{owner}/{repo}/**``.
  ``{name}`` matches within one folder or file name, ``*`` likewise; ``{name**}`` and ``**`` match anything. A
  file that does not match has null captures. Of a list, the first pattern that fits counts. The capture
  ``delivered_at`` (ISO date or instant, basic or extended) dates the delivery; otherwise a column marked
  ``delivered_at`` does, otherwise the file's modification time. The capture ``delivery`` (the folder of an
  export's run) makes all files below it one delivery, dated by the latest modification among them when they
  are first seen.
- ``nulls``: spellings of null in CSV and XLSX, default ``[""]``; in other formats only non-string columns
  read them as null.
- ``encodings``: tried in order, default ``[utf-8, cp1252]``, line by line where the first is UTF-8; a byte
  order mark decides before them.
- ``time_column``: a timestamp or date column; its maximum is ``data_through``.
- ``allow_empty``: ``snapshot`` only: may an empty delivery empty the scope (default false).
- ``discriminator``: ``{path, equals, ignore, ignore_others}``: records whose text at ``path`` (one or a list,
  the first non-null counts; of a flat file the column of that header) is not in ``equals`` are quarantined,
  or with ``ignore_others`` not counted at all; those whose text is in ``ignore`` (a header repeated below
  itself) are never counted.
- ``tree``: ``{records, roots, counts}``, of reports whose records sit at any depth of nested groups, in XML
  or one JSON document. Each element of the tag ``records``, or each object of an array of that name, is a
  record. Besides its own attributes or members it has ``ancestors``: what columns claim of the groups around
  it, the nearest first (``ancestors[0].name``). In XML nothing but attributes is read; ``children.<tag>`` is
  the number of the record's children of that tag. A document whose root is not among the tags ``roots``, or
  that has no member of those names, fails. ``counts`` maps an attribute in which a group says how many
  records it holds to what it counts: ``.`` every record, a tag those with such a child, ``member=value``
  those with that text. A group that says another number than it holds is quarantined with both; its records
  are loaded.
- ``ignored_files``: glob or list of globs of the names of files that lie among the exports and hold no
  records, such as the manifests of a bucket: they are left alone.
- ``translated_headers``: a header with another in parentheses behind it (``Datum (Date)``) is known by both.
- ``decimal_comma``: in CSV separated by semicolons, a comma in a number is its decimal mark.

Under ``config.meta`` of a column:

- ``path``: JSON path or list of paths (dotted, ``[n]`` for arrays, ``"quoted"`` where a name has dots); the
  first non-null wins; default the column's name.
- ``headers``: accepted CSV, XLSX and Parquet headers, compared without case, spaces, ``_`` and ``-``; the
  first non-null wins; default the column's name and its paths.
- ``regex``: the value becomes the first group of a match (RE2); a value without a match stays as it is, or
  becomes null with ``regex_required``.
- ``regex_required``: see ``regex``.
- ``capture``: capture of the landing path, used where path and headers give null; a list is joined with
  ``join``.
- ``join``: see ``capture``.
- ``required``: a null quarantines the row.
- ``nulls``: further null spellings of this column, in every format.
- ``formats``: forms of instants and dates besides ISO: ``epoch_s``, ``epoch_ms``, strptime formats.
- ``format_of_file``: which of the strptime ``formats`` holds is decided once per file over all columns that
  have this option: the one that fits most values, the first named where several do.
- ``rounded``: digits beyond the scale are rounded: for decimals that the source keeps as binary floats.
- ``time_zone``: IANA zone of naive instants, or ``business``; default UTC.
- ``lower``: lower-case the value.
- ``pii``: ``drop`` (documented, never stored) or ``pseudonymise`` (``p_`` and 16 hexadecimal digits of
  HMAC-SHA256 over the trimmed lower-case value).
- ``keep_if``: with ``pseudonymise``: values that match this pattern stay in clear (bots).
- ``pseudonym_scope``: with ``pseudonymise``: a name that enters the HMAC, so that the same person has another
  pseudonym there than in tables of other scopes, and rows of the two cannot be joined.
- ``extra``: glob or list of globs: the column receives a JSON object of all matching members or headers that
  no other column claims; with a ``path``, of the members of the object there (JSON files).
- ``only``: with ``extra``: members whose text does not match this pattern in full are left out, so that free
  text stays outside.
- ``json``: the column holds the JSON text of a nested member.
- ``every_header``: with ``json``: a flat file may have the headers several times, a value in each: the column
  holds a JSON array of them all (Jira's exports repeat a header per label).
- ``delivered_at``: the greatest value of this column dates the delivery of a file.

Types: ``string, bigint, double, boolean, date, timestamp`` (UTC, naive), ``decimal(p, s)``. Every raw table
gets ``_file_id string`` and ``_row bigint`` besides. Decimals are exact; a Parquet ``double`` has no exact
decimal form and is taken at the column's scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from orchestration.loading.contract_model import (
    DATA_TYPE,
    NAME,
    Column,
    ColumnOptions,
    ContractError,
    LoadOptions,
    SystemContract,
    TableContract,
)
from orchestration.loading.contract_rules import check_table
from orchestration.loading.paths import PathPattern

__all__ = [
    "Column",
    "ContractError",
    "LoadOptions",
    "SystemContract",
    "TableContract",
    "read_contract",
    "read_contracts",
]

# libyaml's loader reads all contracts in a tenth of the time, where PyYAML was built with it.
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_contracts(project_dir: Path) -> dict[str, SystemContract]:
    """All contracts of the dbt project at ``project_dir``, by system.

    Raises ContractError for the first thing that is wrong in any of them.
    """
    timezone = _business_timezone(project_dir)
    contracts: dict[str, SystemContract] = {}
    for file in sorted((project_dir / "models" / "staging").glob("**/_*__sources.yml")):
        contract = read_contract(file, timezone)
        if contract is None:
            continue
        if contract.system in contracts:
            raise ContractError(file, None, None, f"{contracts[contract.system].file} has this system too")
        contracts[contract.system] = contract
    return contracts


def read_contract(file: Path, business_timezone: str = "UTC") -> SystemContract | None:
    """The contract in ``file``; None where the file has no source ``raw_<system>`` (such as ``ops``).

    Raises ContractError.
    """
    try:
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506, a safe one
    except yaml.YAMLError as error:
        raise ContractError(file, None, None, f"not YAML: {error}") from error
    sources = document.get("sources") if isinstance(document, dict) else None
    if not isinstance(sources, list):
        raise ContractError(file, None, None, "needs a list named sources")
    raw = [s for s in sources if isinstance(s, dict) and str(s.get("name", "")).startswith("raw_")]
    if not raw:
        return None
    if len(raw) > 1:
        raise ContractError(file, None, None, "has more than one raw source; one file holds one system")
    source = raw[0]
    system = str(source["name"])[len("raw_") :]
    if file.name != f"_{system}__sources.yml":
        raise ContractError(
            file, None, None, f"holds raw_{system}, so it must be named _{system}__sources.yml"
        )
    if source.get("schema", source["name"]) != source["name"]:
        raise ContractError(file, None, None, f"schema must be {source['name']}")
    tables: dict[str, TableContract] = {}
    for entry in source.get("tables") or []:
        table = _read_table(file, system, entry, business_timezone)
        if table.name in tables:
            raise ContractError(file, table.name, None, "is declared twice")
        tables[table.name] = table
    if not tables:
        raise ContractError(file, None, None, "has no tables")
    return SystemContract(system, file, str(source.get("description", "")), tables)


def _business_timezone(project_dir: Path) -> str:
    project = project_dir / "dbt_project.yml"
    if not project.exists():
        return "UTC"
    variables = (yaml.safe_load(project.read_text(encoding="utf-8")) or {}).get("vars") or {}
    return str(variables.get("business_timezone", "UTC"))


def _meta(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    return ((entry.get("config") or {}).get("meta")) or {}


def _options(model: type[Any], value: Any, file: Path, table: str, column: str | None) -> Any:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        option = ".".join(str(part) for part in first["loc"]) or "config.meta"
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(f.alias or n for n, f in model.model_fields.items()))
            problem = f"unknown option {option}; known are {known}"
        elif first["type"] == "missing":
            problem = f"option {option} is missing"
        else:
            problem = f"option {option}: {first['msg']}, got {first['input']!r}"
        raise ContractError(file, table, column, problem) from error


def _read_table(file: Path, system: str, entry: Any, business_timezone: str) -> TableContract:
    if not isinstance(entry, dict) or not NAME.fullmatch(str(entry.get("name", ""))):
        raise ContractError(file, None, None, f"a table needs a snake_case name, got {entry!r:.80}")
    name = str(entry["name"])
    if not entry.get("description"):
        raise ContractError(file, name, None, "needs a description (One row per …)")
    meta = _meta(entry)
    if "load" not in meta:
        raise ContractError(file, name, None, "needs config.meta.load")
    load = _options(LoadOptions, meta["load"], file, name, None)
    columns = tuple(_read_column(file, name, column) for column in entry.get("columns") or [])
    if not columns:
        raise ContractError(file, name, None, "has no columns")
    try:
        pattern = PathPattern(load.path)
    except ValueError as error:
        raise ContractError(file, name, None, f"option path: {error}") from error
    table = TableContract(system, name, str(entry["description"]), columns, load, business_timezone, pattern)
    check_table(file, table)
    return table


def _read_column(file: Path, table: str, entry: Any) -> Column:
    if not isinstance(entry, dict) or not NAME.fullmatch(str(entry.get("name", ""))):
        raise ContractError(file, table, None, f"a column needs a snake_case name, got {entry!r:.80}")
    name = str(entry["name"])
    data_type = str(entry.get("data_type", ""))
    if not DATA_TYPE.fullmatch(data_type):
        raise ContractError(
            file, table, name, f"data_type {data_type!r} is not one of the types of contracts"
        )
    if not entry.get("description"):
        raise ContractError(file, table, name, "needs a description")
    return Column(
        name, data_type, str(entry["description"]), _options(ColumnOptions, _meta(entry), file, table, name)
    )
