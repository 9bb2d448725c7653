"""Reports with records in nested groups (test cases in suites), rewritten as JSON lines: option ``tree``.

XML is read by expat behind the guards of defusedxml, which refuse document types, entities and external
references. Nothing but attributes is read, as a stream: memory does not grow with the report, and what a test
printed never leaves the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring as quoted
from pathlib import Path
from typing import Any, TextIO
from xml.parsers.expat import ExpatError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from orchestration.loading.archives import Limits
from orchestration.loading.contract_model import TableContract, Tree
from orchestration.loading.landing import LandingError
from orchestration.loading.paths import parse_json_path

# Members of a line that the reader makes.
ANCESTORS, CHILDREN, REFUSED_BECAUSE = "ancestors", "children", "_refused"
_CHUNK = 1024 * 1024
_LINES_AT_ONCE = 500


def tree_of(table: TableContract) -> Tree:
    """The option ``tree`` of a table that has it."""
    assert table.load.tree is not None
    return table.load.tree


def xml_tree_to_lines(path: Path, table: TableContract, limits: Limits) -> Path:
    """One JSON line per record of a UTF-8 XML report, and one per group that miscounts its records.

    Raises LandingError where it is no XML, another kind of document, or beyond a limit.
    """
    if path.stat().st_size > limits.document_bytes:
        raise LandingError(f"is one XML document of more than {limits.document_bytes} bytes")
    target = path.with_name(path.name + ".jsonl")
    try:
        with path.open("rb") as source, target.open("w", encoding="utf-8", buffering=_CHUNK) as lines:
            writer = _Lines(lines, path, limits)
            parser = XMLParser(encoding="utf-8", forbid_dtd=True).parser
            parser.StartElementHandler, parser.EndElementHandler = _xml_handlers(
                tree_of(table), _claimed_of_ancestors(table), writer, limits.depth
            )
            # No element tree is built, and no text is read.
            parser.CharacterDataHandler = parser.DefaultHandlerExpand = None
            parser.CommentHandler = parser.ProcessingInstructionHandler = None
            parser.ParseFile(source)
            writer.finish()
    except (ExpatError, DefusedXmlException) as error:
        raise LandingError(f"is not XML that is read: {error!r}") from error
    return target


class _Lines:
    """Lines on their way into a file, within the limits: a long name around many records would repeat."""

    def __init__(self, file: TextIO, path: Path, limits: Limits) -> None:
        self.waiting: list[str] = []
        self._file, self._ratio = file, limits.ratio
        self._left = limits.ratio_free_bytes + limits.ratio * path.stat().st_size
        self._line_length = limits.line_bytes // 4  # a character may take four bytes

    def flush(self) -> None:
        """Write what waits; raises LandingError where a line or all lines together are too long."""
        text = "".join(self.waiting)
        self._left -= len(text)
        if self._left < 0:
            raise LandingError(f"unpacks to more than {self._ratio} times its size")
        if len(text) > self._line_length and max(map(len, self.waiting)) > self._line_length:
            raise LandingError(f"has a record of more than {self._line_length} characters")
        self._file.write(text)
        self.waiting.clear()

    def finish(self) -> None:
        """Write the rest and a blank line, without which a report of no records would be an empty file."""
        self.waiting.append("\n")
        self.flush()


def _xml_handlers(
    tree: Tree, claimed: frozenset[str], lines: _Lines, max_depth: int
) -> tuple[Callable[[str, Sequence[str]], None], Callable[[str], None]]:
    """Handlers of the start and the end of an element; they are called for every test case, hence closures.

    expat gives attributes as names and values in turn, and names as ``namespace}name``.
    """
    record_tag, counted, waiting = tree.records, frozenset(tree.counts), lines.waiting
    groups: list[tuple[dict[str, str], dict[str, int]]] = []
    seen: dict[str, int] = {".": 0}
    members: dict[str, str] = {}
    record: Sequence[str] | None = None
    children: dict[str, int] = {}
    around: str | None = None
    depth = record_depth = 0

    def start(tag: str, attributes: Sequence[str]) -> None:
        nonlocal record, around, depth, record_depth
        depth += 1
        tag = tag.rpartition("}")[2]
        if record is not None:
            if depth == record_depth + 1:
                children[tag] = children.get(tag, 0) + 1
            elif depth > max_depth:
                raise LandingError(f"is nested deeper than {max_depth} levels")
        elif tag == record_tag and groups:
            record, record_depth = attributes, depth
        else:
            open_group(tag, attributes)
            around = None

    def open_group(tag: str, attributes: Sequence[str]) -> None:
        if depth > max_depth:
            raise LandingError(f"is nested deeper than {max_depth} levels")
        if depth == 1 and tag not in tree.roots:
            raise LandingError(f"is another kind of document: its root is {tag[:40]}")
        named = {
            name: value
            for name, value in zip(attributes[::2], attributes[1::2], strict=True)
            if name in claimed or name in counted
        }
        groups.append((named, dict(seen) if counted & named.keys() else {}))

    def end(tag: str) -> None:
        nonlocal record, around, depth
        depth -= 1
        if record is None:
            named, before = groups.pop()
            around = None
            if refusal := _miscount(tree, tag.rpartition("}")[2], named, before, seen):
                waiting.append(json.dumps({REFUSED_BECAUSE: refusal, ANCESTORS: [named]}) + "\n")
        elif depth < record_depth:
            if around is None:
                inside_out = [
                    {k: v for k, v in named.items() if k in claimed} for named, _ in reversed(groups)
                ]
                around = f'{{"{ANCESTORS}":{json.dumps(inside_out)}'
            line = around
            if children:
                for child in children:
                    seen[child] = seen.get(child, 0) + 1
                line += f',"{CHILDREN}":{json.dumps(children)}'
                children.clear()
            values = iter(record)
            for name in values:
                member = members.get(name)
                if member is None:
                    member = members[name] = f',"{name.rpartition("}")[2]}":'
                line += member + quoted(next(values))
            waiting.append(line + "}\n")
            seen["."] += 1
            record = None
            if len(waiting) > _LINES_AT_ONCE:
                lines.flush()

    return start, end


def _miscount(
    tree: Tree, group: str, named: Mapping[str, str], before: Mapping[str, int], seen: Mapping[str, int]
) -> str | None:
    """What a group says wrongly of the records that it holds; None where it says nothing wrong."""
    wrong = []
    for attribute, counted in tree.counts.items():
        told = named.get(attribute, "")
        held = seen.get(counted, 0) - before.get(counted, 0)
        if told.isdecimal() and int(told[:18]) != held:
            wrong.append(f"says {attribute}={int(told[:18])} and holds {held}")
    return f"{group} {', '.join(wrong)}" if wrong else None


def json_tree_to_lines(path: Path, table: TableContract, limits: Limits) -> Path:
    """One JSON line per record of a JSON report, and one per group that miscounts its records.

    Of a record what no column claims keeps its name but not its value. Raises LandingError as for XML.
    """
    size = path.stat().st_size
    if size > limits.parsed_bytes:
        raise LandingError(f"is one JSON document of {size} bytes; at most {limits.parsed_bytes} are parsed")
    tree = tree_of(table)
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise LandingError("is not JSON", f": {' '.join(str(error).split())}") from error
    if not isinstance(document, dict) or not any(
        isinstance(document.get(root), dict | list) for root in tree.roots
    ):
        raise LandingError(f"is another kind of document: it has no member {' or '.join(tree.roots)}")
    target = path.with_name(path.name + ".jsonl")
    with target.open("w", encoding="utf-8") as file:
        lines = _Lines(file, path, limits)
        for line in _json_records(document, [], table, {}, limits.depth):
            lines.waiting.append(json.dumps(line) + "\n")
            if len(lines.waiting) > _LINES_AT_ONCE:
                lines.flush()
        lines.finish()
    return target


def _json_records(
    group: dict[str, Any],
    around: list[dict[str, Any]],
    table: TableContract,
    seen: dict[str, int],
    depth_left: int,
) -> Iterator[dict[str, Any]]:
    """The records in an object and in what it holds, in order; ``around`` are the groups outside it."""
    if depth_left <= 0:
        raise LandingError("is nested deeper than its limit")
    tree, before = tree_of(table), dict(seen)
    claimed, of_record = _claimed_of_ancestors(table), _claimed_of_record(table)
    ancestors = [{k: v for k, v in group.items() if k in claimed}, *around]
    for name, value in group.items():
        for element in value if isinstance(value, list) else [value]:
            if name == tree.records and isinstance(value, list) and isinstance(element, dict):
                for counted in {".", *(f"{k}={v}" for k, v in element.items() if isinstance(v, str))}:
                    seen[counted] = seen.get(counted, 0) + 1
                kept = {k: v if k in of_record else None for k, v in element.items()}
                yield {ANCESTORS: ancestors, **kept}
            elif isinstance(element, dict):
                yield from _json_records(element, ancestors, table, seen, depth_left - 1)
    texts = {k: str(v) for k, v in group.items() if k in tree.counts}
    if refusal := _miscount(tree, "report", texts, before, seen):
        yield {REFUSED_BECAUSE: refusal}


def _claimed_of_ancestors(table: TableContract) -> frozenset[str]:
    segments = (parse_json_path(path).segments for column in table.columns for path in column.paths)
    return frozenset(str(s[2]) for s in segments if len(s) > 2 and s[0] == ANCESTORS)


def _claimed_of_record(table: TableContract) -> frozenset[str]:
    stored = (column for column in table.stored)
    return frozenset(str(parse_json_path(path).segments[0]) for column in stored for path in column.paths)
