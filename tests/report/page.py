"""A page read back: its figures by KPI and segment, its text, its charts and its links."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass(frozen=True)
class Cell:
    """A figure as the page shows it: the exact value (or why there is none), and its text."""

    kpi_id: str
    segment: str
    period: str
    value: float | None
    empty_reason: str | None
    text: str


@dataclass
class Page(HTMLParser):
    """What a page says; ``tags`` counts its elements."""

    text: str
    cells: list[Cell] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    targets: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    _open: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag == "a" and attributes.get("href"):
            self.links.append(str(attributes["href"]))
        if attributes.get("id"):
            self.targets.add(str(attributes["id"]))
        if "data-kpi" in attributes:
            self._open = {**attributes, "text": ""}

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._open is not None:
            self._open["text"] += data

    def handle_endtag(self, tag: str) -> None:
        if self._open is not None and tag in ("data", "span"):
            shown, self._open = self._open, None
            value = shown.get("value")
            self.cells.append(
                Cell(
                    shown["data-kpi"],
                    shown["data-segment"],
                    shown["data-period"],
                    None if value is None else float(value),
                    shown.get("data-empty"),
                    shown["text"].strip(),
                )
            )
