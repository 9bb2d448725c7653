"""The one place where names become SQL; values are never written into SQL but passed as parameters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def quote(*names: str) -> str:
    """A quoted, dotted identifier: ``quote("raw_x", "t")`` is ``"raw_x"."t"``.

    Raises ValueError for an empty name or one with a zero byte.
    """
    for name in names:
        if not name or "\0" in name:
            raise ValueError(f"{name!r} cannot be an identifier")
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def quote_all(names: Iterable[str], relation: str | None = None) -> str:
    """A comma separated list of quoted names, each of ``relation`` where one is given."""
    return ", ".join(quote(name) if relation is None else quote(relation, name) for name in names)


def literal(text: str) -> str:
    """A text as SQL, only for statements that take no parameters (SET, ATTACH, COPY, COMMENT)."""
    if "\0" in text:
        raise ValueError("a zero byte cannot be written in SQL")
    return "'" + text.replace("'", "''") + "'"


class Parameters:
    """Collects the values of one statement; ``add`` gives the placeholder that stands for a value."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def add(self, value: Any) -> str:
        """The placeholder (``$p3``) of ``value``; equal texts share one."""
        if isinstance(value, str):
            for name, known in self.values.items():
                if type(known) is str and known == value:
                    return f"${name}"
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"

    def add_list(self, texts: Sequence[str | None]) -> str:
        """SQL of a list of texts.

        It goes over as one JSON text: DuckDB's Python client looks for optional modules for every value that
        it converts, which takes a second for a few thousand.
        """
        return f"from_json({self.add(json.dumps(list(texts)))}, '[\"VARCHAR\"]')"

    def add_rows(self, types: Mapping[str, str], rows: Sequence[Sequence[object]]) -> str:
        """SQL of a relation with the columns of ``types`` (name and DuckDB type) and these rows."""
        content = json.dumps([dict(zip(types, row, strict=True)) for row in rows], default=str)
        shape = literal(json.dumps([types]))
        return f"(select unnest(from_json({self.add(content)}, {shape}), recursive := true))"
