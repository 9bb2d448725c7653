"""Paths inside documents (``a.b[0]."c.d"``) and patterns of landing paths (``{owner}/{repo}/**``)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

_SEGMENT = re.compile(r'\.?(?:"((?:[^"\\]|\\.)*)"|([^.\[\]"]+))|\[(\d+)\]')
_CAPTURE = re.compile(r"\{([a-z][a-z0-9_]*)(\*\*)?\}")


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
    """Named captures of a landing path, by the first of the patterns that fits; none capture nothing."""

    patterns: tuple[str, ...]
    _expressions: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        expressions = tuple(re.compile(_as_expression(pattern), re.DOTALL) for pattern in self.patterns)
        object.__setattr__(self, "_expressions", expressions)

    @property
    def names(self) -> frozenset[str]:
        """Names of the captures."""
        return frozenset(name for expression in self._expressions for name in expression.groupindex)

    def captures(self, path: str) -> dict[str, str]:
        """Captured texts of ``path`` (relative to the table's folder); empty where no pattern matches.

        A pattern whose ``delivered_at`` captures no date gives way to the next one that fits.
        """
        match = self._match(path)
        return {} if match is None else dict(match.groupdict())

    def delivery(self, path: str) -> str | None:
        """The part of ``path`` up to the capture ``delivery``, which names one delivery; None without it."""
        match = self._match(path)
        if match is None or "delivery" not in match.re.groupindex:
            return None
        return path[: match.end("delivery")]

    def _match(self, path: str) -> re.Match[str] | None:
        matches = [m for expression in self._expressions if (m := expression.fullmatch(path))]
        dated = (
            m for m in matches if "delivered_at" not in m.re.groupindex or is_delivery_time(m["delivered_at"])
        )
        return next(dated, matches[0] if matches else None)


def is_delivery_time(text: str) -> bool:
    """Whether ``text`` is an ISO date or instant."""
    try:
        parse_delivery_time(text)
    except ValueError:
        return False
    return True


def parse_delivery_time(text: str) -> datetime:
    """An ISO date or instant, basic or extended (``2026-06-30``, ``20260630T0400Z``), as naive UTC.

    Colons may be hyphens, as file systems demand. Raises ValueError.
    """
    instant = re.fullmatch(
        r"(\d{4}-?\d\d-?\d\d)(?:[T _](\d\d)[:-]?(\d\d)(?:[:-]?(\d\d)(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?", text
    )
    if instant is None:
        raise ValueError(f"{text!r} is no ISO date or instant")
    date, hour, minute, second, zone = instant.groups()
    day = date.replace("-", "")
    offset = "+00:00" if zone in (None, "Z") else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    clock = f"{hour or '00'}:{minute or '00'}:{second or '00'}{offset}"
    parsed = datetime.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock}")
    return parsed.astimezone(UTC).replace(tzinfo=None)


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
            parts.append(f"(?P<{capture[1]}>{'.+' if capture[2] else '[^/]+?'})")
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
