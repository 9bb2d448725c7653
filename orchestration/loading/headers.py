"""Which columns of a flat file belong to which columns of the contract."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestration.loading.contract_model import TableContract
from orchestration.loading.paths import parse_json_path

# The English header behind the one in another language: Ressourcengruppe (ResourceGroup).
_TRANSLATED = re.compile(r"\(([^()]+)\)\s*$")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


@dataclass(frozen=True)
class HeaderMap:
    """``names`` as in the file; per contract column the positions it reads, first non-null wins.

    ``extra``: positions per ``extra`` column. ``unknown``: headers that no column claims. ``missing``:
    required columns that the file has no header (and the landing path no capture) for.
    """

    names: tuple[str, ...]
    positions: tuple[tuple[str, tuple[int, ...]], ...]
    extra: tuple[tuple[str, tuple[int, ...]], ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def matched(self) -> int:
        """How many columns of the contract are in the header."""
        return sum(1 for _, positions in self.positions if positions)

    def places(self, header: str) -> tuple[int, ...]:
        """Positions of the columns of that header."""
        return tuple(i for i, name in enumerate(self.names) if normalised(name) == normalised(header))

    def repeated(self, column: str | None) -> tuple[str, ...]:
        """The headers that stand more than once in the file, of those that ``column`` reads."""
        found = [self.names[position] for position in dict(self.positions).get(column or "", ())]
        return tuple(dict.fromkeys(name for name in found if len(self.places(name)) > 1))


def normalised(header: str) -> str:
    """A header without case, spaces, ``_`` and ``-``."""
    return re.sub(r"[\s_-]+", "", header.strip("\ufeff")).casefold()


def map_members(names: tuple[str, ...], table: TableContract) -> tuple[int, tuple[str, ...]]:
    """For records with the members ``names``: how many columns can be read, which required ones cannot."""
    found = [
        column
        for column in table.columns
        if any(parse_json_path(path).member in names for path in column.paths)
    ]
    missing = tuple(
        column.name
        for column in table.columns
        if column.options.required and column not in found and not column.options.capture
    )
    return len(found), missing


def contract_words(table: TableContract) -> frozenset[str]:
    """The words, in lower case, of the names, paths and headers of the table's columns."""
    texts = {text for c in table.columns for text in (c.name, *c.paths, *c.headers)}
    return frozenset(word.casefold() for text in texts for word in _WORD.findall(text))


def is_made_of(name: str, words: frozenset[str]) -> bool:
    """Is ``name`` nothing but such words, joined as names of members and headers are?"""
    found = [word.casefold() for word in _WORD.findall(name)]
    return bool(found) and words.issuperset(found) and not re.search(r"[^A-Za-z\s_.-]", name)


def map_headers(names: tuple[str, ...], table: TableContract) -> HeaderMap:
    """The map of a header row onto the contract."""
    by_name: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        by_name.setdefault(normalised(name), []).append(index)
        translated = _TRANSLATED.search(name) if table.load.translated_headers else None
        if translated:
            by_name.setdefault(normalised(translated[1]), []).append(index)
    positions: list[tuple[str, tuple[int, ...]]] = []
    claimed: set[int] = set()
    missing: list[str] = []
    for column in table.columns:
        accepted = dict.fromkeys(normalised(header) for header in column.headers)
        found = tuple(i for header in accepted for i in by_name.get(header, ()))
        claimed.update(found)
        positions.append((column.name, found))
        if (
            column.options.required
            and not found
            and not column.options.capture
            and column.options.pii != "drop"
        ):
            missing.append(column.name)
    extra: list[tuple[str, tuple[int, ...]]] = []
    taken: set[int] = set()
    for column in table.columns:
        patterns = [re.compile(glob_expression(glob)) for glob in column.options.extra]
        found = tuple(
            i
            for i, name in enumerate(names)
            if i not in claimed and any(p.fullmatch(name.strip().casefold()) for p in patterns)
        )
        if patterns:
            extra.append((column.name, found))
            taken.update(found)
    unknown = tuple(dict.fromkeys(n for i, n in enumerate(names) if i not in claimed | taken and n.strip()))
    return HeaderMap(names, tuple(positions), tuple(extra), unknown, tuple(missing))


def glob_expression(glob: str) -> str:
    """A regular expression (of Python and of RE2) for ``glob``, to be matched against lower-case text."""
    return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in glob.casefold())


def matches_any(name: str, globs: list[str]) -> bool:
    """Whether a member or header matches one of the globs, whatever its case."""
    return any(re.fullmatch(glob_expression(glob), name.strip().casefold()) for glob in globs)
