"""YAML, XML and workbooks, rewritten as JSON lines or CSV; everything else DuckDB reads itself."""

from __future__ import annotations

import csv
import datetime
import json
import zipfile
import zlib
from array import array
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import yaml
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse
from python_calamine import CalamineWorkbook

from orchestration.loading.archives import Limits
from orchestration.loading.contract_model import TableContract
from orchestration.loading.headers import map_headers
from orchestration.loading.landing import LandingError


def _check_size(path: Path, limits: Limits, kind: str) -> None:
    size = path.stat().st_size
    if size > limits.parsed_bytes:
        raise LandingError(f"is {kind} of {size} bytes; at most {limits.parsed_bytes} are parsed")


def yaml_to_lines(path: Path, limits: Limits) -> Path:
    """One JSON line per YAML document that is not empty. Dates stay text; aliases are refused.

    Raises LandingError where it is not YAML, too large or too deep.
    """
    _check_size(path, limits, "YAML")
    target = path.with_name(path.name + ".jsonl")
    try:
        with path.open(encoding="utf-8") as source, target.open("w", encoding="utf-8") as lines:
            for document in yaml.load_all(source, Loader=_limited_loader(limits)):
                if document is not None:
                    lines.write(json.dumps(document, ensure_ascii=False, allow_nan=False, default=str) + "\n")
    except LandingError:
        raise
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        excerpt = f": {' '.join(str(error).split())}"
        raise LandingError(f"is not YAML that can be read{place}", excerpt) from error
    return target


def _limited_loader(limits: Limits) -> type[yaml.SafeLoader]:
    class Loader(yaml.SafeLoader):
        """Safe, without dates, without repeated keys, with a limit on depth and no aliases."""

        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            line = self.peek_event().start_mark.line + 1
            if self.check_event(yaml.AliasEvent):
                raise LandingError(
                    f"has an alias in line {line}: a few of them can grow into gigabytes, so they are refused"
                )
            self.depth += 1
            if self.depth > limits.depth:
                raise LandingError(f"is nested deeper than {limits.depth} levels in line {line}")
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise LandingError(
                        f"has a key a second time in line {key.start_mark.line + 1}", f": {key.value!r}"
                    )
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader


def xml_to_lines(path: Path, limits: Limits) -> Path:
    """One JSON line: ``{root: element}``. An element is an object with its attributes as members, its text as
    ``text``, and per tag of its children a list of elements. Name spaces are dropped from tags.

    Entities and document types are refused. Raises LandingError.
    """
    _check_size(path, limits, "XML")
    stack: list[dict[str, Any]] = [{}]
    try:
        with path.open("rb") as source:
            for event, element in iterparse(source, events=("start", "end"), forbid_dtd=True):
                if event == "start":
                    if len(stack) > limits.depth:
                        raise LandingError(f"is nested deeper than {limits.depth} levels")
                    stack.append({_local(name): value for name, value in element.attrib.items()})
                    continue
                finished = stack.pop()
                if (element.text or "").strip():
                    finished["text"] = element.text
                siblings = stack[-1].setdefault(_local(element.tag), [])
                if isinstance(siblings, list):
                    siblings.append(finished)
                else:  # an attribute of that name is there already
                    stack[-1].setdefault(f"{_local(element.tag)}_elements", []).append(finished)
                element.clear()
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise LandingError(
            str(error) if isinstance(error, LandingError) else f"is not XML that is read: {error!r}"
        ) from error
    target = path.with_name(path.name + ".jsonl")
    root = {tag: elements[0] for tag, elements in stack[0].items()}
    target.write_text(json.dumps(root, ensure_ascii=False) + "\n", encoding="utf-8")
    return target


def _local(name: str) -> str:
    return name.rsplit("}", 1)[-1]


def workbook_to_csv(
    path: Path, table: TableContract, limits: Limits
) -> list[tuple[str, Path, Sequence[int]]]:
    """The name of each sheet whose first row that is not empty has a column of the contract, a CSV of it, and
    the number that each of its records has in the sheet, from 1.

    Dates become ISO text, whole numbers lose their ``.0``. Raises LandingError.
    """
    _check_unpacked(path, limits)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        sheets = [workbook.get_sheet_by_index(i) for i in range(len(workbook.sheet_names))]
    except Exception as error:
        raise LandingError(f"is no workbook that can be read: {error}") from error
    written: list[tuple[str, Path, Sequence[int]]] = []
    for number, sheet in enumerate(sheets):
        if sheet.total_height * sheet.total_width > limits.cells:
            raise LandingError(f"has a sheet of more than {limits.cells} cells")
        rows = ([_cell(value) for value in row] for row in sheet.iter_rows())
        target = path.with_name(f"{path.name}.{number}.csv")
        if places := _write_sheet(rows, target, table):
            written.append((sheet.name, target, places[1:]))
    if not written:
        raise LandingError(
            "has no sheet with a column of the contract in its header, the first row that is not empty"
        )
    return written


def _check_unpacked(path: Path, limits: Limits) -> None:
    """Refuse a workbook whose parts, which the reader takes into memory, unpack to more than they may."""
    if not zipfile.is_zipfile(path):
        return  # of the old format, which packs nothing
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > limits.members or sum(p.file_size for p in parts) > limits.workbook_bytes:
                raise LandingError(
                    f"unpacks to more than {limits.workbook_bytes} bytes or {limits.members} members"
                )
            # What a part says of its size is held against what comes out of it.
            damaged = archive.testzip()
    # NotImplementedError is zipfile's word for a compression that it does not know.
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise LandingError(f"is damaged: {error}") from error
    if damaged is not None:
        raise LandingError(f"is damaged: part {damaged!r} is not what it says")


def _write_sheet(rows: Iterator[list[str]], target: Path, table: TableContract) -> Sequence[int]:
    """Write the rows that are not empty; their places in the sheet. None is written without a header."""
    filled = ((place, row) for place, row in enumerate(rows, 1) if any(row))
    first, header = next(filled, (0, []))
    places = array("L", [first])
    if not map_headers(tuple(header), table).matched:
        return ()
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(header)
        for place, row in filled:
            writer.writerow(row)
            places.append(place)
    return places


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    return str(value)
