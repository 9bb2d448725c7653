"""What every BI tool is told: marts as dbt's manifest declares them, KPIs as ``dim_kpi`` defines them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from orchestration.bi.kpis import Kpi, RegistryError
from orchestration.publishing.marts import SCHEMA, Mart, MartColumn, read_marts

# The table of every KPI's cells, and the columns that say what a cell is. Two cells that differ in the grain,
# or in the segment, share records: their figures never add up.
KPI_VALUES = "fct_kpi_values"
SEGMENT_COLUMNS = ("period_grain", "segment_type", "segment_id")
# What a contract says of a column whose values add up; see Table.additive.
_ADDS_UP_WITHIN = "adds_up_within"


@dataclass(frozen=True)
class Table:
    """One mart.

    ``required`` are the columns that its contract lets not be null, ``additive`` those whose values add up,
    each with the columns of which the rows must have one value for that: costs add up within a currency.
    """

    mart: Mart
    question: str
    required: frozenset[str]
    additive: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.mart.name

    @property
    def columns(self) -> tuple[MartColumn, ...]:
        return self.mart.columns

    @property
    def is_dimension(self) -> bool:
        """Whether other marts may refer to it: a ``dim_`` that one column identifies."""
        return self.name.startswith("dim_") and len(self.mart.primary_key) == 1

    @property
    def key(self) -> MartColumn:
        """The one column that identifies a row of a dimension."""
        return self.column(self.mart.primary_key[0])

    @property
    def is_calendar(self) -> bool:
        """Whether it has one row per day."""
        return self.is_dimension and self.key.data_type == "DATE"

    def column(self, name: str) -> MartColumn:
        """The column of that name; raises RegistryError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise RegistryError(f"{self.name} has no column {name}")

    def is_share(self, column: MartColumn) -> bool:
        """Whether it is a fraction of 1, as its name says, and is shown in per cent."""
        return column.is_number and column.name.endswith("_share")

    def is_amount(self, column: MartColumn) -> bool:
        """Whether it adds up and is no count: an amount of money, of which two decimals are shown."""
        return column.name in self.additive and not column.is_whole

    def has(self, *names: str) -> bool:
        """Whether all these columns are there."""
        return {column.name for column in self.columns}.issuperset(names)

    @cached_property
    def dates(self) -> tuple[MartColumn, ...]:
        """Its date columns, that of the row's own day first.

        That is the one in the primary key; else the first that is never null; else the first that has the
        instant it was taken from beside it (``began_date``, ``began_at``); else the first.
        """
        names = {column.name for column in self.columns}

        def rank(column: MartColumn) -> int:
            if column.name in self.mart.primary_key:
                return 0
            if column.name in self.required:
                return 1
            return 2 if column.name.removesuffix("_date") + "_at" in names else 3

        return tuple(sorted((c for c in self.columns if c.data_type == "DATE"), key=rank))


@dataclass(frozen=True)
class Relationship:
    """Many rows of ``table`` belong to one of ``dimension``; of several to one dimension, one is active."""

    table: str
    column: str
    dimension: str
    key: str
    is_active: bool


@dataclass(frozen=True)
class Registry:
    """The marts of one schema, their relationships, and the KPIs whose cells or records are among them."""

    schema: str
    tables: tuple[Table, ...]
    kpis: tuple[Kpi, ...]

    def table(self, name: str) -> Table:
        """The mart of that name; raises RegistryError where there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise RegistryError(f"the schema {self.schema} has no mart {name}")

    @cached_property
    def dimensions(self) -> tuple[Table, ...]:
        return tuple(table for table in self.tables if table.is_dimension)

    @cached_property
    def relationships(self) -> tuple[Relationship, ...]:
        """Facts to dimensions: by columns named like a dimension's key, and by dates to the calendar.

        None leads from a dimension to another. A fact carries the team that its service had *then*; by way of
        the service's present team it would count for another.
        """
        found = []
        for table in self.tables:
            if table.is_dimension:
                continue
            for dimension in self.dimensions:
                names = [c.name for c in table.dates] if dimension.is_calendar else [dimension.key.name]
                found += [
                    Relationship(table.name, name, dimension.name, dimension.key.name, is_active=place == 0)
                    for place, name in enumerate(names)
                    if table.has(name)
                ]
        return tuple(found)

    def relationships_of(self, table: Table) -> tuple[Relationship, ...]:
        return tuple(one for one in self.relationships if one.table == table.name)

    def is_foreign_key(self, table: Table, column: MartColumn) -> bool:
        """Whether the dimension shows what this column holds; dates show themselves."""
        return column.data_type != "DATE" and any(
            one.column == column.name for one in self.relationships_of(table)
        )

    def segment_dimensions(self, table: Table) -> tuple[tuple[str, Table], ...]:
        """For a mart with one row per segment, the segment types that a dimension names: team, dim_team."""
        if not table.has("segment_type", "segment_id"):
            return ()
        types = dict.fromkeys(segment for kpi in self.kpis for segment in kpi.segments)
        by_key = {dimension.key.name: dimension for dimension in self.dimensions}
        return tuple((name, by_key[f"{name}_id"]) for name in types if f"{name}_id" in by_key)


def read_registry(manifest: Mapping[str, Any], kpis: Sequence[Kpi], schema: str = SCHEMA) -> Registry:
    """The registry of one schema.

    KPIs go with the schema of the cells: where people's records lie apart there are none, as a figure made
    from them would not be suppressed. Raises MartDeclarationError for a mart that is not fully declared.
    """
    nodes = {
        node["alias"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == schema
    }
    tables = tuple(_read_table(mart, nodes[mart.name]) for mart in read_marts(manifest, schema))
    names = {table.name for table in tables}
    if KPI_VALUES not in names:
        return Registry(schema, tables, ())
    return Registry(schema, tables, tuple(kpis))


def _read_table(mart: Mart, node: Mapping[str, Any]) -> Table:
    required = {
        column["name"]
        for column in node["columns"].values()
        if any(constraint["type"] in ("not_null", "primary_key") for constraint in column["constraints"])
    }
    additive = {
        name: tuple(column["config"]["meta"][_ADDS_UP_WITHIN])
        for name, column in node["columns"].items()
        if _ADDS_UP_WITHIN in column.get("config", {}).get("meta", {})
    }
    table = Table(
        mart=mart,
        question=node["config"].get("meta", {}).get("question", ""),
        required=frozenset(required | set(mart.primary_key)),
        additive=additive,
    )
    for name in {name for within in additive.values() for name in within}:
        table.column(name)
    if texts := sorted(name for name in additive if not table.column(name).is_number):
        raise RegistryError(f"{mart.name}: {', '.join(texts)} cannot add up: no numbers")
    return table
