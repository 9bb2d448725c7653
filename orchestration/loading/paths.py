"""Paths inside documents (``a.b[0]."c.d"``) and patterns of landing paths (``{owner}/{repo}/**``)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SEGMENT = re.compile(r'\.?(?:"((?:[^"\\]|\\.)*)"|([^.\[\]"]+))|\[(\d+)\]')
_CAPTURE = re.compile(r"\{([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True)
class JsonPath:
    """A path below the record, or below the exploded element where ``in_element``."""

    segments: tuple[str | int, ...]
    in_element: bool

    @property
    def pointer(self) -> str:
        """The path as RFC 6901 pointer; ``$`` (DuckDB's root) for the element itself."""
        if not self.segments:
            return "$"
        return "".join("/" + str(s).replace("~", "~0").replace("/", "~1") for s in self.segments)

    @property
    def member(self) -> str | None:
        """The member of the record that the path reads; None for paths of the element."""
        first = self.segments[0] if self.segments else None
        return first if isinstance(first, str) and not self.in_element else None


def parse_json_path(text: str) -> JsonPath:
    """The parsed path; raises ValueError where it is not one."""
    in_element = text.startswith("@")
    rest, position = text[1:] if in_element else text, 0
    segments: list[str | int] = []
    while position < len(rest):
        match = _SEGMENT.match(rest, position)
        starts_with_dot = rest[position] == "."
        if match is None or (starts_with_dot != bool(segments or in_element) and rest[position] != "["):
            raise ValueError(f"{text!r} is not a path at character {position + in_element}")
        quoted, plain, index = match.groups()
        if index is not None:
            segments.append(int(index))
        else:
            segments.append(re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain)
        position = match.end()
    if not segments and not in_element:
        raise ValueError("an empty path")
    return JsonPath(tuple(segments), in_element)


@dataclass(frozen=True)
class PathPattern:
    """Named captures of a landing path; ``PathPattern(None)`` captures nothing."""

    pattern: str | None
    _expression: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        expression = None if self.pattern is None else re.compile(_as_expression(self.pattern), re.DOTALL)
        object.__setattr__(self, "_expression", expression)

    @property
    def names(self) -> frozenset[str]:
        """Names of the captures."""
        return frozenset() if self._expression is None else frozenset(self._expression.groupindex)

    def captures(self, path: str) -> dict[str, str]:
        """Captured texts of ``path`` (relative to the table's folder); empty where it does not match."""
        match = None if self._expression is None else self._expression.fullmatch(path)
        return {} if match is None else dict(match.groupdict())


def _as_expression(pattern: str) -> str:
    parts: list[str] = []
    seen: set[str] = set()
    position = 0
    while position < len(pattern):
        capture = _CAPTURE.match(pattern, position)
        if capture:
            if capture[1] in seen:
                raise ValueError(f"{pattern!r} captures {capture[1]} twice")
            seen.add(capture[1])
            parts.append(f"(?P<{capture[1]}>[^/]+?)")
            position = capture.end()
        elif pattern.startswith("**", position):
            parts.append(".*")
            position += 2
        elif pattern[position] in "{}":
            raise ValueError(f"{pattern!r}: captures are written {{name}}")
        else:
            parts.append("[^/]*" if pattern[position] == "*" else re.escape(pattern[position]))
            position += 1
    return "".join(parts)
