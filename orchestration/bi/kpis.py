"""The KPIs as ``dim_kpi`` will have them: its seed, through its own SQL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, StrictUndefined

from orchestration.loading.identifiers import quote

_MODEL = "dim_kpi"


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

    ``manifest`` is dbt's, ``project_dir`` the folder of the project that it was made from. The model's SQL is
    run over the seed in memory: no warehouse and no publication is needed, and nothing is said twice.
    """
    model = next(
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["name"] == _MODEL
    )
    with duckdb.connect() as con:
        con.execute("set threads = 1")  # so that the rows keep the seed's order
        for unique_id in model["depends_on"]["nodes"]:
            seed = manifest["nodes"][unique_id]
            types = {name: str(duckdb.sqltype(kind)) for name, kind in seed["config"]["column_types"].items()}
            con.execute(
                f"create table {quote(seed['name'])} as "  # noqa: S608
                "select * from read_csv(?, header = true, all_varchar = false, types = ?)",
                [str(project_dir / seed["original_file_path"]), types],
            )
        templates = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - SQL, not HTML
        rows = con.sql(templates.from_string(model["raw_code"]).render(ref=quote))
        told = [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]
    order = list(dict.fromkeys(row["headline_kpi_id"] for row in told))
    told.sort(key=lambda row: order.index(row["headline_kpi_id"]))
    return tuple(_read_kpi(row) for row in told)


def _read_kpi(row: Mapping[str, Any]) -> Kpi:
    records_schema, records_table = row["records_table"].split(".")
    return Kpi(
        kpi_id=row["kpi_id"],
        name=row["kpi_name"],
        headline_kpi_id=row["headline_kpi_id"],
        definition=row["definition"],
        formula=row["formula"],
        caveats=row["caveats"] or "",
        owner=row["owner"],
        display_unit=row["display_unit"],
        aggregation=row["aggregation"],
        grains=tuple(row["grains"].split("|")),
        segments=tuple(row["segments"].split("|")),
        is_people=row["is_people"],
        records_schema=records_schema,
        records_table=records_table,
    )
