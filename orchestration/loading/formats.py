"""What a plain file is, and how DuckDB has to read it; odd encodings and documents are rewritten first."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestration.loading.archives import WORKBOOK_SUFFIXES, Limits, Member
from orchestration.loading.contract_model import TableContract
from orchestration.loading.documents import workbook_to_csv, xml_to_lines, yaml_to_lines
from orchestration.loading.headers import HeaderMap, map_headers
from orchestration.loading.landing import LandingError
from orchestration.loading.paths import parse_json_path
from orchestration.loading.texts import (
    ensure_utf8,
    find_long_line,
    has_odd_line_ends,
    with_plain_line_ends,
)
from orchestration.loading.trees import json_tree_to_lines, xml_tree_to_lines

# Up to here a text is checked to be UTF-8 beforehand; in larger files DuckDB finds out while reading.
_CHECKED_BYTES = 64 * 1024**2
_XML_ENCODING = re.compile(rb"<\?xml[^>]*?\sencoding=[\"']([A-Za-z][A-Za-z0-9._-]*)[\"']")
_BLANK = b" \t\r\n"
_DELIMITERS = (",", "\t", ";", "|")
MAX_HEADER_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Part:
    """A plain file and how to read it.

    ``kind``: ``json_lines`` (one value per line), ``json_array``, ``json_document`` (one object), ``csv``,
    ``parquet``. ``headers`` and ``delimiter`` are of CSV, ``headers`` and ``column_types`` of Parquet.
    ``wrapped``: the first JSON value is a page or array, not a record.
    ``by_line``: record n is line n of the landed file.
    ``nested``: Parquet whose columns are records, which are read by their JSON paths.
    ``lines_before``: how many lines of the landed file were left out ahead of this text.
    ``places``: of a sheet, the number of each record's row in it, from 1.
    ``first_row``: of one of several parts, the row of the stage with which it begins.
    """

    name: str
    path: Path
    kind: str
    bytes: int
    headers: HeaderMap | None = None
    delimiter: str = ","
    column_types: tuple[tuple[str, str], ...] = ()
    wrapped: bool = False
    by_line: bool = False
    nested: bool = False
    lines_before: int = 0
    places: Sequence[int] | None = field(default=None, compare=False)
    first_row: int = 0

    @property
    def signature(self) -> tuple[object, ...]:
        """Parts of equal signature can be read by one statement."""
        return (self.kind, self.headers, self.delimiter, self.column_types, self.wrapped)


def recognise(member: Member, table: TableContract, limits: Limits) -> list[Part]:
    """The parts of a plain file: one, or one per sheet of a workbook.

    Raises LandingError where the format is not known or no column of the contract is in the header.
    """
    size = member.path.stat().st_size
    with member.path.open("rb") as file:
        head = file.read(4096)
    suffix = Path(member.name).suffix.lower()
    if head.startswith(b"PAR1"):
        return [Part(member.name, member.path, "parquet", size)]
    if suffix in WORKBOOK_SUFFIXES:
        sheets = workbook_to_csv(member.path, table, limits)
        return [
            replace(_csv_part(Member(name, sheet), table, limits), places=places)
            for name, sheet, places in sheets
        ]
    if size == 0:
        raise LandingError("is empty")
    declared = _declared_encodings(head)
    always = bool(declared) or size <= _CHECKED_BYTES
    path = ensure_utf8(member.path, (*declared, *table.load.encodings), head, always=always)
    text = head if path == member.path else path.read_bytes()[:4096]
    start = text.lstrip(_BLANK)[:1]
    if suffix in (".yaml", ".yml"):
        return [_part(member.name, yaml_to_lines(path, limits), "json_lines")]
    if table.load.tree:
        to_lines = xml_tree_to_lines if start == b"<" else json_tree_to_lines
        return [_part(member.name, to_lines(path, table, limits), "json_lines")]
    if suffix == ".xml" or text.lstrip(_BLANK).startswith(b"<?xml"):
        return [_part(member.name, xml_to_lines(path, limits), "json_lines")]
    if suffix in (".jsonl", ".ndjson"):
        return [_json_lines(member.name, path, table, limits)]
    if start in (b"{", b"["):
        return [_json_part(member.name, path, table, limits)]
    if suffix == ".json":
        shown = text.lstrip(_BLANK)[:40].decode("utf-8", "replace")
        raise LandingError("is not JSON", f": it starts with {shown!r}")
    if suffix in (".csv", ".tsv", ".txt", ""):
        return [_csv_part(Member(member.name, path), table, limits)]
    raise LandingError(f"has no known format: neither its content nor the ending {suffix!r} tells one")


def _part(name: str, path: Path, kind: str) -> Part:
    return Part(name, path, kind, path.stat().st_size)


def _declared_encodings(head: bytes) -> tuple[str, ...]:
    """The encoding that an XML declaration names, if it does and Python knows it."""
    declared = _XML_ENCODING.match(head.lstrip(_BLANK))
    try:
        name = declared[1].decode("ascii") if declared else ""
        "".encode(name or "utf-8")
    except LookupError:
        return ()
    return (name,) if name else ()


def _first_line(path: Path, limits: Limits) -> bytes:
    with path.open("rb") as file:
        line = b"\n"
        while line and not line.strip(_BLANK):
            line = file.readline(limits.line_bytes)
    return line


def _json_lines(name: str, path: Path, table: TableContract, limits: Limits) -> Part:
    _refuse_long_lines(path, limits)
    part = replace(_part(name, path, "json_lines"), by_line=True)
    try:
        wrapped = _is_wrapped(json.loads(_first_line(path, limits)), table)
        return replace(part, wrapped=wrapped, by_line=not wrapped)
    except (ValueError, RecursionError):
        return part  # a bad first line is one bad record, the other lines may be good


def _is_wrapped(value: object, table: TableContract) -> bool:
    if isinstance(value, list):
        return True
    for path in table.load.records:
        inner = value
        for segment in parse_json_path(path).segments:
            inner = inner.get(segment) if isinstance(inner, dict) else None
        if isinstance(inner, list | dict):
            return True
    return False


def _json_part(name: str, path: Path, table: TableContract, limits: Limits) -> Part:
    line = _first_line(path, limits)
    part = replace(_part(name, path, "json_lines"), by_line=True)
    if len(line) < limits.line_bytes:
        try:
            wrapped = _is_wrapped(json.loads(line), table)
            _refuse_long_lines(path, limits)
            return replace(part, wrapped=wrapped, by_line=not wrapped)
        except LandingError:
            raise
        except RecursionError:
            return part
        except ValueError:
            pass
    if line.lstrip(_BLANK).startswith(b"["):
        return replace(part, kind="json_array", by_line=False)
    if part.bytes > limits.document_bytes:
        raise LandingError(
            f"is one JSON document of more than {limits.document_bytes} bytes; land it as JSON lines"
        )
    return replace(part, kind="json_document", by_line=False)


def _refuse_long_lines(path: Path, limits: Limits) -> None:
    if number := find_long_line(path, limits.line_bytes):
        raise LandingError(f"has more than {limits.line_bytes} bytes in line {number}")


def _csv_part(member: Member, table: TableContract, limits: Limits) -> Part:
    _refuse_long_lines(member.path, limits)
    lines_before = 0
    if has_odd_line_ends(member.path):
        path, lines_before = with_plain_line_ends(member.path)
        member = replace(member, path=path)
    with member.path.open("rb") as file:
        text = file.read(MAX_HEADER_BYTES).decode("utf-8", "ignore")
    # Of a text that is no CSV, or whose first quote never ends, all of it is one field.
    csv.field_size_limit(MAX_HEADER_BYTES)
    best: tuple[int, HeaderMap, str] | None = None
    for delimiter in _DELIMITERS:
        row = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        headers = map_headers(tuple(row), table)
        if best is None or headers.matched > best[0]:
            best = (headers.matched, headers, delimiter)
    assert best is not None  # there are delimiters
    matched, headers, delimiter = best
    if not matched:
        shown = " ".join(", ".join(headers.names[:5]).split())
        raise LandingError("has no column of the contract in its header", f" ({shown[:200]})")
    if headers.missing:
        raise LandingError(
            f"lacks the required column {headers.missing[0]}: its header is none of those accepted"
        )
    part = _part(member.name, member.path, "csv")
    return replace(part, headers=headers, delimiter=delimiter, lines_before=lines_before)
