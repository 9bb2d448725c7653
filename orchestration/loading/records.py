"""Records as SQL: from what DuckDB reads to one text per column of the contract, before any conversion."""

# ruff: noqa: S608  names come from one quoting function or are made here, values are parameters

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestration.loading.archives import Limits
from orchestration.loading.contract_model import Column, LoadOptions, TableContract
from orchestration.loading.conversion import nulled, rounded_decimal, shaped
from orchestration.loading.formats import Part
from orchestration.loading.headers import HeaderMap, glob_expression
from orchestration.loading.identifiers import Parameters
from orchestration.loading.paths import parse_json_path
from orchestration.loading.pseudonym import PseudonymKey
from orchestration.loading.trees import ANCESTORS, CHILDREN, REFUSED_BECAUSE

# States of a record besides null (good) and the position of the column that it breaks.
NOT_A_RECORD, MALFORMED, OTHER_KIND, NOTHING_TO_EXPLODE, NOT_AN_OBJECT, WRAPPER, REFUSED = range(0, -7, -1)
# Up to here the members of every record are compared with the contract, beyond it those of one in 64.
_ALL_MEMBERS_BYTES = 64 * 1024**2


@dataclass
class StageRequest:
    """What ``fill_stage`` reads: parts of one signature, and what it needs to know about their files.

    ``captures``: per capture the text for each file of the batch, in order of their numbers from 1.
    """

    table: TableContract
    parts: Sequence[Part]
    files: Sequence[Path]
    captures: Mapping[str, list[str | None]]
    key: PseudonymKey | None
    limits: Limits
    parameters: Parameters = field(default_factory=Parameters)

    def again(self) -> StageRequest:
        """The same request with fresh parameters, for another statement."""
        return replace(self, parameters=Parameters())

    @property
    def bytes(self) -> int:
        """Size of all parts together."""
        return sum(part.bytes for part in self.parts)


def _capture(request: StageRequest, column: Column) -> str | None:
    """SQL of the text that the landing path gives a column."""
    if not column.options.capture:
        return None
    texts: list[str | None] = []
    for values in zip(*(request.captures[name] for name in column.options.capture), strict=True):
        texts.append(column.options.join.join(values) if None not in values else None)
    return f"{request.parameters.add_list(texts)}[_file]"


def _column_text(
    request: StageRequest, column: Column, candidates: Sequence[str], nulls: tuple[str, ...]
) -> str:
    """SQL of a column's text: first candidate that is not null, then the capture, then regex and case."""
    options = [nulled(candidate, nulls, request.parameters) for candidate in candidates]
    if capture := _capture(request, column):
        options.append(capture)
    if not options:
        return "cast(null as varchar)"
    return options[0] if len(options) == 1 else f"coalesce({', '.join(options)})"


def flat_records(request: StageRequest, relation: str, headers: HeaderMap) -> tuple[str, str]:
    """SQL of the records of a flat relation: ``_special, _members``, a text per column ``t1 …``; and of a
    record as JSON text, to be evaluated over them.
    """
    table, parameters = request.table, request.parameters
    positions, extras = dict(headers.positions), dict(headers.extra)
    picked, texts = [], []
    for i, column in enumerate(table.stored, 1):
        if column.options.extra:
            found = extras.get(column.name, ())
            alike: dict[str, list[str]] = {}
            for p in found:
                alike.setdefault(headers.names[p], []).append(_admitted(column, f"c{p}", parameters))
            pairs = ", ".join(
                f"{parameters.add(name)}, coalesce({', '.join(same)})" for name, same in alike.items()
            )
            # A merge patch drops the members that are null.
            text = f"nullif(cast(json_merge_patch('{{}}', json_object({pairs})) as varchar), '{{}}')"
            picked.append(f"{text if found else 'cast(null as varchar)'} as u{i}")
        elif column.options.every_header:
            values = [nulled(f"c{p}", column.options.nulls, parameters) for p in positions[column.name]]
            filled = f"list_filter([{', '.join(values)}], lambda v: v is not null)"
            text = f"case when len({filled}) > 0 then cast(to_json({filled}) as varchar) end"
            picked.append(f"{text if values else 'cast(null as varchar)'} as u{i}")
        else:
            candidates = [_flat_text(table, request.parts[0], column, p) for p in positions[column.name]]
            picked.append(f"{_column_text(request, column, candidates, column.options.nulls)} as u{i}")
        texts.append(f"{shaped(column, f'u{i}', parameters)} as t{i}")
    raw = ", ".join(f"{parameters.add(name)}, c{p}" for p, name in enumerate(headers.names))
    kinds = [f"c{p}" for path in _kind_paths(table) for p in headers.places(path)]
    other = _other_kind(table, kinds or ["cast(null as varchar)"], parameters)
    special = f"cast(case {other} end as smallint)" if other else "cast(null as smallint)"
    records = f"""
        select *, {special} as _special, cast(null as varchar[]) as _members, {", ".join(texts)}
        from (select *, {", ".join(picked)} from ({relation}))"""
    return records, f"cast(json_object({raw}) as varchar)"


def _kind_paths(table: TableContract) -> tuple[str, ...]:
    return table.load.discriminator.path if table.load.discriminator else ()


def _other_kind(table: TableContract, kinds: Sequence[str], parameters: Parameters) -> str:
    """SQL of the branch that sets apart records of another kind; empty where all are of one kind."""
    discriminator = table.load.discriminator
    if not discriminator:
        return ""
    kind = f"coalesce({', '.join(kinds)})" if len(kinds) > 1 else kinds[0]
    wanted = ", ".join(parameters.add(text) for text in discriminator.equals)
    state = NOT_A_RECORD if discriminator.ignore_others else OTHER_KIND
    branch = f"when {kind} is null or {kind} not in ({wanted}) then {state}"
    if not discriminator.ignore:
        return branch
    ignored = ", ".join(parameters.add(text) for text in discriminator.ignore)
    return f"when {kind} in ({ignored}) then {NOT_A_RECORD} {branch}"


def _admitted(column: Column, text: str, parameters: Parameters) -> str:
    """SQL for ``text`` that is null where the column's ``only`` keeps it out."""
    if not column.options.only:
        return text
    return f"case when regexp_full_match({text}, {parameters.add(column.options.only)}) then {text} end"


def _flat_text(table: TableContract, part: Part, column: Column, position: int) -> str:
    if (
        table.load.decimal_comma
        and part.delimiter == ";"
        and (column.decimal or column.data_type == "double")
    ):
        # With a point besides, which of the two parts thousands would be a guess: that stays as it is.
        return (
            f"case when contains(c{position}, '.') then c{position} else replace(c{position}, ',', '.') end"
        )
    if column.decimal and part.column_types and part.column_types[position][1] in ("DOUBLE", "FLOAT"):
        return rounded_decimal(f"c{position}", *column.decimal)
    return f"c{position}"


def json_records(request: StageRequest, documents: str, unwrapped: bool, guarded: bool) -> tuple[str, str]:
    """SQL of the records in ``documents`` (``_file``, ``_doc``: a JSON text each), and of their raw text.

    Per record ``t<n>``, the n-th stored column as shaped text; ``_special``, why it is none (null
    where it is one); ``_members``, its member names where they are sampled. ``unwrapped`` says that pages are
    taken apart already, ``guarded`` that some text may be no JSON.
    """
    table, parameters = request.table, request.parameters
    load = table.load
    pointers: dict[tuple[bool, str], int] = {}

    def extracted(path: str) -> str:
        parsed = parse_json_path(path)
        place = (parsed.in_element, parsed.pointer)
        if place not in pointers:
            pointers[place] = sum(1 for known in pointers if known[0] == parsed.in_element) + 1
        return f"{'y' if parsed.in_element else 'x'}[{pointers[place]}]"

    picked, texts = [], []
    for i, column in enumerate(table.stored, 1):
        if column.options.extra:
            picked.append(f"{_extra_members(table, column, parameters)} as u{i}")
        else:
            spellings = (
                column.options.nulls if column.data_type == "string" else (*column.options.nulls, *load.nulls)
            )
            text = _column_text(
                request, column, [extracted(p) for p in column.paths], tuple(dict.fromkeys(spellings))
            )
            picked.append(f"{text} as u{i}")
        texts.append(f"{shaped(column, f'u{i}', parameters)} as t{i}")
    # Trimming copies the text, so only what does not start with its brace at once is trimmed.
    trimmed = "ltrim(_doc, ' \t\r\n')"
    pages = [] if unwrapped else [extracted(path) for path in load.records]
    refused = [extracted(REFUSED_BECAUSE)] if load.tree else []
    usual = " and ".join(
        ["starts_with(_doc, '{')", "x is not null", *(f"{text} is null" for text in pages + refused)]
    )
    conditions = [
        f"when _doc is null then {NOT_A_RECORD}",
        f"when x is null then case when {trimmed} = '' then {NOT_A_RECORD} else {MALFORMED} end",
    ]
    conditions += [f"when {text} is not null then {REFUSED}" for text in refused]
    conditions += [
        f"when starts_with({text}, '{bracket}') then {WRAPPER}" for text in pages for bracket in "[{"
    ]
    array = NOT_AN_OBJECT if unwrapped else WRAPPER
    conditions.append(
        f"when not starts_with({trimmed}, '{{')"
        f" then case when starts_with({trimmed}, '[') then {array} else {NOT_AN_OBJECT} end"
    )
    other = _other_kind(table, [extracted(path) for path in _kind_paths(table)], parameters)
    of_kind = f"case {other} end" if other else "null"
    special = f"cast(case when {usual} then {of_kind} {' '.join(conditions)} {other} end as smallint)"
    sampled = "true" if request.bytes <= _ALL_MEMBERS_BYTES else f"{_fingerprint(table, extracted)} % 64 = 0"
    members = f"case when x is not null and {sampled} then json_keys(_doc) end"
    of_record = parameters.add_list([p for in_element, p in pointers if not in_element] or ["$"])
    extraction = f"json_extract_string(_doc, {of_record})"
    extraction = f"try({extraction})" if guarded else extraction
    relation = f"""
        select *, {special} as _special, {members} as _members
        from (select _file, _doc, {extraction} as x from ({documents}))"""
    raw = "_doc"
    if load.explode:
        of_element = parameters.add_list([p for in_element, p in pointers if in_element] or ["$"])
        relation = _exploded(relation, load, of_element, parameters)
        raw = "coalesce(_element, _doc)"
    records = f"""
        select *, {", ".join(texts)}
        from (select *, {", ".join(picked)} from ({relation}))"""
    return records, raw


def _fingerprint(table: TableContract, extracted: Callable[[str], str]) -> str:
    """SQL of a hash that tells records apart: of what identifies them, which is cheaper than their text."""
    paths = [path for name in table.load.key for path in table.column(name).paths]
    if not paths or any(parse_json_path(path).in_element for path in paths):
        return "hash(left(_doc, 200))"
    return f"hash({', '.join(['strlen(_doc)', *(extracted(path) for path in paths)])})"


def _exploded(relation: str, load: LoadOptions, pointers: str, parameters: Parameters) -> str:
    path = parse_json_path(load.exploded or "")
    pointer = parameters.add(path.pointer)
    members = ""
    if load.explodes_members:
        root = "$" + "".join(f"[{s}]" if isinstance(s, int) else f'."{s}"' for s in path.segments)
        members = (
            f"when kind = 'ARRAY' then json_extract(_doc, {parameters.add(root + '[*].*')})"
            f" when kind = 'OBJECT' then json_extract(_doc, {parameters.add(root + '.*')})"
        )
    return f"""
        select
            * exclude (_special, _element), cast(_element as varchar) as _element,
            case when _special is null and missing then cast({NOTHING_TO_EXPLODE} as smallint)
                else _special end as _special,
            case when _element is not null then json_extract_string(_element, {pointers}) end as y
        from (
            select
                *, kind is null or kind = 'NULL' as missing,
                unnest(case
                    when _special is not null or kind is null or kind = 'NULL' then [cast(null as json)]
                    {members}
                    when kind = 'ARRAY' then cast(json_extract(_doc, {pointer}) as json[])
                    else [json_extract(_doc, {pointer})]
                end) as _element
            from (
                select *, case when _special is null then json_type(_doc, {pointer}) end as kind
                from ({relation})
            )
        )"""


def _extra_members(table: TableContract, column: Column, parameters: Parameters) -> str:
    """SQL of a JSON object of the members that match the column's globs and that nobody claims: the record's,
    or those of the object at the column's path.
    """
    place = column.options.path[0] if column.options.path else None
    inside = parameters.add(parse_json_path(place).pointer if place else "$")
    pattern = parameters.add("|".join(f"(?:{glob_expression(glob)})" for glob in column.options.extra))
    claimed = parameters.add_list(sorted(claimed_members(table, place)))
    prefix = f"{inside} || '/'" if place else "'/'"
    pointer = f"{prefix} || replace(replace(k, '~', '~0'), '/', '~1')"
    condition = f"regexp_full_match(lower(k), {pattern}) and not list_contains({claimed}, k)"
    if column.options.only:
        admitted = parameters.add(column.options.only)
        condition += f" and regexp_full_match(json_extract_string(_doc, {pointer}), {admitted})"
    keys = f"list_filter(json_keys(_doc, {inside}), lambda k: {condition})"
    entries = f"list_transform({keys}, lambda k: {{'k': k, 'v': json_extract(_doc, {pointer})}})"
    found = f"cast(to_json(map_from_entries({entries})) as varchar)"
    return f"case when x is not null and len({keys}) > 0 then {found} end"


def claimed_members(table: TableContract, inside: str | None = None) -> set[str]:
    """Members of a record, or of its object at the path ``inside``, that something in the contract reads."""
    paths = [path for column in table.columns for path in column.paths]
    paths += _kind_paths(table)
    paths += [table.load.exploded] if table.load.exploded else []
    paths += [ANCESTORS, CHILDREN, REFUSED_BECAUSE] if table.load.tree else []
    if inside is None:
        paths += [
            path for column in table.columns if column.options.extra for path in column.options.path or ()
        ]
        return {member for path in paths if (member := parse_json_path(path).member) is not None}
    depth, within = len(parse_json_path(inside).segments), parse_json_path(inside).segments
    claimed = (parse_json_path(path).segments for path in paths)
    return {str(s[depth]) for s in claimed if len(s) > depth and s[:depth] == within}
