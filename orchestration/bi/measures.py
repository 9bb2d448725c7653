"""The measures that every tool gets, and which of them may add what.

Cells of ``fct_kpi_values`` share records wherever their grain or segment differs, so no measure adds them
up: it has a value only where the rows before it are of one grain and one segment. Over the periods of that
segment a ratio is sum ÷ sum. A median, a percentile, a number of days and a trailing year are no sum of
theirs: only the one published value is shown. From the records themselves figures can be made anew for any
slice, each record counted once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from orchestration.bi.kpis import Kpi, RegistryError
from orchestration.bi.registry import KPI_VALUES, Registry, Table


class Form(Enum):
    """How a measure is computed. ``CELL_``: from published cells; ``RECORD_``: from records."""

    CELL_RATIO = auto()  # Σ numerator ÷ Σ denominator over the periods of one segment
    CELL_SUM = auto()  # Σ numerator over the periods of one segment
    CELL_VALUE = auto()  # the value of one cell
    RECORD_RATIO = auto()  # Σ numerator ÷ Σ denominator over distinct records
    RECORD_SUM = auto()  # Σ numerator over distinct records
    RECORD_PERCENTILE = auto()  # interpolated percentile of the measured values of distinct records
    RECORD_MAXIMUM = auto()  # greatest measured value
    RECORD_DAYS = auto()  # days with a numerator above 0


_PERCENTILES = {"median": 0.5, "p85": 0.85, "p90": 0.9}
_CELL_FORMS = {"ratio": Form.CELL_RATIO, "per_day": Form.CELL_RATIO, "count": Form.CELL_SUM}
_RECORD_FORMS = {
    "ratio": Form.RECORD_RATIO,
    "count": Form.RECORD_SUM,
    "maximum": Form.RECORD_MAXIMUM,
    "distinct_days": Form.RECORD_DAYS,
    **dict.fromkeys(_PERCENTILES, Form.RECORD_PERCENTILE),
}
# Beside those above; a new one must be thought about here before any tool may show it.
_PUBLISHED_ONLY = {"trailing_year_rate", "trailing_year_ratio"}
_AGGREGATIONS = {*_CELL_FORMS, *_RECORD_FORMS, *_PUBLISHED_ONLY}

_NOTES = {
    Form.CELL_RATIO: "Over several periods of one segment: sum ÷ sum. Empty over several segments or grains, "
    "as these share records, and where a figure is suppressed.",
    Form.CELL_SUM: "Over several periods of one segment: their sum. Empty over several segments or grains, "
    "as these share records, and where a figure is suppressed.",
    Form.CELL_VALUE: "The published value of one segment in one period; empty over more than one, because it "
    "cannot be made from the values of parts.",
    Form.RECORD_RATIO: "Made anew from the records of the slice, each counted once: sum ÷ sum.",
    Form.RECORD_SUM: "Made anew from the records of the slice, each counted once.",
    Form.RECORD_PERCENTILE: "Made anew from the records of the slice, each counted once; interpolated.",
    Form.RECORD_MAXIMUM: "Made anew from the records of the slice.",
    Form.RECORD_DAYS: "Made anew from the records of the slice: days on which there is at least one.",
}


@dataclass(frozen=True)
class Measure:
    """One KPI over the rows of one mart."""

    kpi: Kpi
    table: str
    form: Form

    @property
    def is_of_records(self) -> bool:
        return self.table != KPI_VALUES

    @property
    def label(self) -> str:
        """A name that no other measure has."""
        return f"{self.kpi.name} (from records)" if self.is_of_records else self.kpi.name

    @property
    def percentile(self) -> float:
        """Which percentile a RECORD_PERCENTILE is, 0 to 1."""
        return _PERCENTILES[self.kpi.aggregation]

    @property
    def description(self) -> str:
        """What it says, how it is computed, what it does not say, and what it may be added over."""
        parts = (
            self.kpi.definition,
            f"Unit: {self.kpi.display_unit}{' (as a number 0 to 1)' if self.kpi.is_share else ''}.",
            f"Formula: {self.kpi.formula}.",
            self.kpi.caveats,
            _NOTES[self.form],
        )
        return " ".join(part.strip() for part in parts if part.strip())


def measures_of(registry: Registry, table: Table) -> tuple[Measure, ...]:
    """The measures over one mart, headlines before their companions.

    Raises RegistryError for an aggregation that nobody has said how to add up.
    """
    for kpi in registry.kpis:
        if kpi.aggregation not in _AGGREGATIONS:
            raise RegistryError(f"{kpi.kpi_id}: no BI tool knows the aggregation {kpi.aggregation}")
    if table.name == KPI_VALUES:
        return tuple(Measure(kpi, table.name, _form_over_cells(kpi)) for kpi in registry.kpis)
    return tuple(
        Measure(kpi, table.name, _RECORD_FORMS[kpi.aggregation])
        for kpi in registry.kpis
        if (kpi.records_schema, kpi.records_table) == (registry.schema, table.name)
        and kpi.aggregation in _RECORD_FORMS
        and kpi.joins_periods
    )


def _form_over_cells(kpi: Kpi) -> Form:
    return _CELL_FORMS.get(kpi.aggregation, Form.CELL_VALUE) if kpi.joins_periods else Form.CELL_VALUE
