"""What a plain file is, and how DuckDB has to read it; odd encodings and documents are rewritten first."""

from __future__ import annotations

import codecs
import csv
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path

from orchestration.loading.archives import WORKBOOK_SUFFIXES, Limits, Member
from orchestration.loading.contract_model import TableContract
from orchestration.loading.documents import workbook_to_csv, xml_to_lines, yaml_to_lines
from orchestration.loading.headers import HeaderMap, map_headers
from orchestration.loading.landing import LandingError
from orchestration.loading.paths import parse_json_path

_CHUNK = 4 * 1024 * 1024
# Up to here a text is checked to be UTF-8 beforehand; in larger files DuckDB finds out while reading.
_CHECKED_BYTES = 64 * 1024**2
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
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
    """

    name: str
    path: Path
    kind: str
    bytes: int
    headers: HeaderMap | None = None
    delimiter: str = ","
    skipped_lines: int = 0
    column_types: tuple[tuple[str, str], ...] = ()
    wrapped: bool = False
    by_line: bool = False

    @property
    def signature(self) -> tuple[object, ...]:
        """Parts of equal signature can be read by one statement."""
        return (self.kind, self.headers, self.delimiter, self.skipped_lines, self.column_types, self.wrapped)

    def line_ends(self) -> tuple[int, int]:
        """How many line feeds the file has, and how many of them follow a carriage return."""
        feeds = returns = 0
        last = b""
        with self.path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                feeds += chunk.count(b"\n")
                returns += chunk.count(b"\r\n") + (last == b"\r" and chunk.startswith(b"\n"))
                last = chunk[-1:]
        return feeds, returns


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
        return [_csv_part(Member(member.name, sheet), table) for sheet in sheets]
    if size == 0:
        raise LandingError("is empty")
    path = ensure_utf8(member.path, table.load.encodings, head, always=size <= _CHECKED_BYTES)
    text = head if path == member.path else path.read_bytes()[:4096]
    start = text.lstrip(_BLANK)[:1]
    if suffix in (".yaml", ".yml"):
        return [_part(member.name, yaml_to_lines(path, limits), "json_lines")]
    if suffix == ".xml" or text.lstrip(_BLANK).startswith(b"<?xml"):
        return [_part(member.name, xml_to_lines(path, limits), "json_lines")]
    if suffix in (".jsonl", ".ndjson"):
        return [_json_lines(member.name, path, table, limits)]
    if start in (b"{", b"["):
        return [_json_part(member.name, path, table, limits)]
    if suffix == ".json":
        shown = text.lstrip(_BLANK)[:40].decode("utf-8", "replace")
        raise LandingError(f"is not JSON: it starts with {shown!r}")
    if suffix in (".csv", ".tsv", ".txt", ""):
        return [_csv_part(Member(member.name, path), table)]
    raise LandingError(f"has no known format: neither its content nor the ending {suffix!r} tells one")


def _part(name: str, path: Path, kind: str) -> Part:
    return Part(name, path, kind, path.stat().st_size)


def ensure_utf8(path: Path, encodings: tuple[str, ...], head: bytes, always: bool) -> Path:
    """``path`` if it is UTF-8 without byte order mark, else a rewritten copy beside it.

    Only looks for a mark unless ``always``. Raises LandingError where no encoding fits.
    """
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return _rewrite(path, encoding)
    if not always or (encodings and encodings[0].lower().replace("-", "") == "utf8" and _is_utf8(path)):
        return path
    for encoding in encodings:
        try:
            return _rewrite(path, encoding)
        except LandingError:
            continue
    raise LandingError(f"is text in none of the encodings {', '.join(encodings)}")


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _rewrite(path: Path, encoding: str) -> Path:
    target = path.with_name(path.name + ".utf8")
    try:
        with (
            path.open(encoding=encoding, newline="") as source,
            target.open("w", encoding="utf-8", newline="") as copy,
        ):
            while chunk := source.read(_CHUNK):
                copy.write(chunk)
    except UnicodeError as error:
        raise LandingError(f"is not {encoding}: {error}") from error
    return target


def with_plain_newlines(part: Part) -> Part:
    """A copy of a CSV part in which every line ends in a line feed; DuckDB refuses files that mix endings."""
    target = part.path.with_name(part.path.name + ".lf")
    with (
        part.path.open(encoding="utf-8", newline="") as source,
        target.open("w", encoding="utf-8", newline="") as copy,
    ):
        held = ""
        while chunk := source.read(_CHUNK):
            chunk = held + chunk
            held = "\r" if chunk.endswith("\r") else ""
            copy.write(chunk[: len(chunk) - len(held)].replace("\r\n", "\n").replace("\r", "\n"))
        copy.write(held.replace("\r", "\n"))
    return replace(part, path=target)


def _first_line(path: Path, limits: Limits) -> bytes:
    with path.open("rb") as file:
        line = b"\n"
        while line and not line.strip(_BLANK):
            line = file.readline(limits.line_bytes)
    return line


def _json_lines(name: str, path: Path, table: TableContract, limits: Limits) -> Part:
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
            return replace(part, wrapped=wrapped, by_line=not wrapped)
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


def _csv_part(member: Member, table: TableContract) -> Part:
    with member.path.open("rb") as file:
        text = file.read(MAX_HEADER_BYTES).decode("utf-8", "ignore")
    start = len(text) - len(text.lstrip("\r\n"))
    skipped = text[:start].count("\n") or text[:start].count("\r")
    best: tuple[int, HeaderMap, str] | None = None
    for delimiter in _DELIMITERS:
        row = next(csv.reader(io.StringIO(text[start:], newline=""), delimiter=delimiter), [])
        headers = map_headers(tuple(row), table)
        if best is None or headers.matched > best[0]:
            best = (headers.matched, headers, delimiter)
    assert best is not None  # there are delimiters
    matched, headers, delimiter = best
    if not matched:
        shown = ", ".join(headers.names[:5])
        raise LandingError(f"has no column of the contract in its header ({shown[:200]})")
    if headers.missing:
        raise LandingError(
            f"lacks the required column {headers.missing[0]}: its header is none of those accepted"
        )
    return Part(
        member.name, member.path, "csv", member.path.stat().st_size, headers, delimiter, skipped_lines=skipped
    )
