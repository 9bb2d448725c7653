"""The KPIs as the seed of ``dim_kpi`` defines them, and the mart in which the records of each are."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SEED = "kpis"


class RegistryError(ValueError):
    """Marts and KPIs that do not fit together; names what is missing."""


@dataclass(frozen=True)
class Kpi:
    """One row of ``dim_kpi``, as far as a BI tool is told of it."""

    kpi_id: str
    name: str
    headline_kpi_id: str
    definition: str
    formula: str
    caveats: str
    owner: str
    display_unit: str
    aggregation: str
    grains: tuple[str, ...]
    segments: tuple[str, ...]
    is_people: bool
    records_schema: str
    records_table: str

    @property
    def is_share(self) -> bool:
        """Whether it is shown in per cent."""
        return self.display_unit == "%"

    @property
    def is_whole(self) -> bool:
        """Whether it counts, so that decimals would say nothing."""
        return self.aggregation in ("count", "distinct_days")

    @property
    def joins_periods(self) -> bool:
        """Whether the figure of several periods is that of their records together.

        So it is where the KPI itself is reported by a coarser grain too. What is counted at the end of each
        month (open, in progress) has that one grain, because three months of it are no quarter.
        """
        return len(self.grains) > 1


def read_kpis(manifest: Mapping[str, Any], project_dir: Path) -> tuple[Kpi, ...]:
    """Every KPI and companion in the seed's order, companions behind their headline.

    ``manifest`` is dbt's, ``project_dir`` the folder of the project that it was made from: no warehouse and
    no publication is needed. A companion's records are in a mart of its own if there is one, else in its
    headline's, as ``dim_kpi.records_table`` says. Raises RegistryError where they are in none.
    """
    nodes = {node["name"]: node for node in manifest["nodes"].values() if node["resource_type"] == "seed"}
    schemas = {
        node["alias"]: node["schema"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    with (project_dir / nodes[_SEED]["original_file_path"]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    order = list(dict.fromkeys(row["headline_kpi_id"] for row in rows))
    rows.sort(key=lambda row: order.index(row["headline_kpi_id"]))
    return tuple(_read_kpi(row, schemas) for row in rows)


def _read_kpi(row: Mapping[str, str], schemas: Mapping[str, str]) -> Kpi:
    tables = [f"kpi_{row[column]}_records" for column in ("kpi_id", "headline_kpi_id")]
    records_table = next((table for table in tables if table in schemas), None)
    if records_table is None:
        raise RegistryError(
            f"no mart {' or '.join(dict.fromkeys(tables))} holds the records of {row['kpi_id']}"
        )
    return Kpi(
        kpi_id=row["kpi_id"],
        name=row["kpi_name"],
        headline_kpi_id=row["headline_kpi_id"],
        definition=row["definition"],
        formula=row["formula"],
        caveats=row["caveats"],
        owner=row["owner"],
        display_unit=row["display_unit"],
        aggregation=row["aggregation"],
        grains=tuple(row["grains"].split("|")),
        segments=tuple(row["segments"].split("|")),
        is_people=row["is_people"] == "true",
        records_schema=schemas[records_table],
        records_table=records_table,
    )
