"""What is published: the marts as dbt's manifest declares them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

SCHEMA = "marts"
PEOPLE_SCHEMA = "marts_people"

# The PostgreSQL role that may read each schema.
READERS = {SCHEMA: "metrics_reader", PEOPLE_SCHEMA: "metrics_people_reader"}

# Schema of the tables inside a published file. A file marts.duckdb is the catalog "marts" to who opens it;
# with a schema of the same name in it DuckDB refuses "marts.dim_team" as ambiguous. So that this name, which
# the warehouse and PostgreSQL know too, works in the file, its tables sit in the default schema.
FILE_SCHEMA = "main"


class MartDeclarationError(ValueError):
    """A mart that cannot be published as it is declared; names the model, the column and what is missing."""


@dataclass(frozen=True)
class MartColumn:
    """One column: its name, its DuckDB type in canonical spelling, and its description."""

    name: str
    data_type: str
    description: str

    @property
    def is_whole(self) -> bool:
        return self.data_type in ("BIGINT", "INTEGER")

    @property
    def is_number(self) -> bool:
        return self.is_whole or self.data_type == "DOUBLE" or self.data_type.startswith("DECIMAL")


@dataclass(frozen=True)
class Mart:
    """One published table. ``systems`` are those whose raw tables lie upstream of it."""

    name: str
    description: str
    columns: tuple[MartColumn, ...]
    primary_key: tuple[str, ...]
    systems: frozenset[str]


def read_marts(manifest: Mapping[str, Any], schema: str) -> tuple[Mart, ...]:
    """The marts of one schema, by name.

    ``manifest`` is dbt's ``manifest.json`` as read. Raises MartDeclarationError where a model or column has
    no description, or a column no type: what is published is described, without exception.
    """
    nodes = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == schema
    ]
    return tuple(sorted((_read_mart(manifest, node) for node in nodes), key=lambda mart: mart.name))


def _read_mart(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> Mart:
    name = node["alias"]
    if not node["description"].strip():
        raise MartDeclarationError(f"{node['original_file_path']}: model {name} has no description")
    columns = tuple(_read_column(node, column) for column in node["columns"].values())
    if not columns:
        raise MartDeclarationError(f"{node['original_file_path']}: model {name} declares no columns")
    return Mart(
        name=name,
        description=node["description"],
        columns=columns,
        primary_key=tuple(_read_primary_key(node)),
        systems=frozenset(find_upstream_systems(manifest, node["unique_id"])),
    )


def _read_column(node: Mapping[str, Any], column: Mapping[str, Any]) -> MartColumn:
    where = f"{node['original_file_path']}: column {node['alias']}.{column['name']}"
    if not column.get("data_type"):
        raise MartDeclarationError(f"{where} has no data_type")
    if not (column.get("description") or "").strip():
        raise MartDeclarationError(f"{where} has no description")
    return MartColumn(column["name"], str(duckdb.sqltype(column["data_type"])), column["description"])


def _read_primary_key(node: Mapping[str, Any]) -> Sequence[str]:
    for constraint in node.get("constraints") or []:
        if constraint["type"] == "primary_key":
            return list(constraint["columns"])
    return [
        column["name"]
        for column in node["columns"].values()
        if any(constraint["type"] == "primary_key" for constraint in column.get("constraints") or [])
    ]


def find_upstream_systems(manifest: Mapping[str, Any], unique_id: str) -> set[str]:
    """Names of the systems (sources ``raw_<system>``) from which a node is computed, over any distance."""
    systems: set[str] = set()
    seen: set[str] = set()
    waiting = [unique_id]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        source = manifest["sources"].get(current)
        if source and source["schema"].startswith("raw_"):
            systems.add(source["schema"].removeprefix("raw_"))
        waiting.extend(manifest["parent_map"].get(current, []))
    return systems
