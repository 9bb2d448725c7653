"""Names and sentences as people read them, and the environment in which templates write them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.bi.registry import Table

_TEMPLATES = Path(__file__).with_name("templates")
_WRITTEN = {
    "api": "API",
    "ci": "CI",
    "cve": "CVE",
    "dora": "DORA",
    "enps": "eNPS",
    "fte": "FTE",
    "hr": "HR",
    "id": "ID",
    "ids": "IDs",
    "iso": "ISO",
    "kpi": "KPI",
    "p50": "p50",
    "p75": "p75",
    "p90": "p90",
    "sha": "SHA",
    "sla": "SLA",
    "slo": "SLO",
}
# What the first word of a mart's name says of it, as a heading over the marts of that kind.
_KINDS = {
    "dim": "Dimensions",
    "dora": "Ready-made views",
    "fct": "Facts",
    "kpi": "Ready-made views",
    "mart": "Ready-made views",
    "meta": "About the data",
}
_RECORDS = "KPI records"
# Kinds whose marts would not be known without the word.
_SAID = {"dora", "kpi"}


def label_of(name: str) -> str:
    """A column's or a mart's name in words: ``slo_id`` is ``SLO ID``."""
    words = [_WRITTEN.get(word, word) for word in name.split("_") if word]
    return " ".join([words[0] if words[0] in _WRITTEN.values() else words[0].capitalize(), *words[1:]])


def title_of(table: Table) -> str:
    """A mart's name in words, without what only says its kind."""
    kind, _, rest = table.name.partition("_")
    return label_of(rest) if rest and kind in _KINDS and kind not in _SAID else label_of(table.name)


def kind_of(table: Table) -> str:
    """The heading under which a mart stands."""
    if table.name.startswith("kpi_") and table.name.endswith("_records"):
        return _RECORDS
    return _KINDS.get(table.name.partition("_")[0], "About the data")


def describe(table: Table) -> str:
    """What a mart answers, and what one row of it is."""
    return one_line(f"{table.question} {table.mart.description}")


def one_line(text: str) -> str:
    """The same text without line breaks."""
    return re.sub(r"\s+", " ", text).strip()


class Templates:
    """The texts of ``templates/``, each compiled once; a format brings its own escaping as filters."""

    def __init__(self, filters: Mapping[str, Callable[..., str]]) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            # What is written is LookML or TMDL, in which HTML's escapes would be text.
            autoescape=False,  # noqa: S701
        )
        self._environment.filters.update(filters)

    def render(self, template: str, **values: object) -> str:
        """The text that a template makes of ``values``."""
        return self._environment.get_template(template).render(**values)
