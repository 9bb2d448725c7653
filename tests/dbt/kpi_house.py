"""A data home that holds only what the KPI tables read, filled by hand, and the KPI tables built from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml

from orchestration.home import DataHome

from .project import PROJECT, make_empty_home, run_dbt

Row = dict[str, Any]
READ_BY_KPIS = ("int_service_ownership", "int_team_groups", "int_slo_definitions")
BUILT = (
    "path:seeds/kpi",
    "path:seeds/dora",
    "dim_date",
    "dim_kpi",
    "path:models/staging/ops",
    "meta_source_freshness",
    "path:models/intermediate/kpi",
    "fct_kpi_values",
    "fct_kpi_control_chart",
)
# Others read what is not built here.
NAMED_TESTS = ("--exclude-resource-type", "unit_test", "--indirect-selection", "empty")


def declarations() -> dict[str, Path]:
    """The yml of each model that the KPI tables read from elsewhere, by name."""
    models = PROJECT / "models"
    found = {path.stem: path for path in models.glob("intermediate/kpi_records/*.yml")}
    for name in READ_BY_KPIS:
        (found[name],) = models.glob(f"intermediate/**/{name}.yml")
    return found


def fill_tables(con: duckdb.DuckDBPyConnection, tables: Mapping[str, Sequence[Row]], scratch: Path) -> None:
    """Creates each of those models with its declared columns and puts ``tables``' rows into it."""
    known = declarations()
    assert set(tables) <= set(known), f"not read by the KPI tables: {set(tables) - set(known)}"
    for name, path in known.items():
        (declared,) = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
        columns = ", ".join(f"{column['name']} {column['data_type']}" for column in declared["columns"])
        con.execute("create schema if not exists intermediate")
        con.execute(f"create or replace table intermediate.{name} ({columns})")
        rows = tables.get(name, ())
        if rows:
            lines = scratch / f"{name}.jsonl"
            lines.write_text("\n".join(json.dumps(row, default=str) for row in rows), encoding="utf-8")
            con.execute(
                f"insert into intermediate.{name} by name select * from "
                "read_json(?, format = 'nd', sample_size = -1)",
                [str(lines)],
            )


def build_kpis(
    root: Path, tables: Mapping[str, Sequence[Row]], landed: Mapping[str, date], as_of: date
) -> DataHome:
    """A home under ``root`` with the KPI tables built; ``landed`` dates what each system.table holds."""
    home = found_house(root, tables, landed)
    rebuild_kpis(home, as_of)
    return home


def found_house(root: Path, tables: Mapping[str, Sequence[Row]], landed: Mapping[str, date]) -> DataHome:
    """The same with nothing built yet."""
    home = make_empty_home(root / "data")
    with duckdb.connect(str(home.warehouse)) as con:
        fill_tables(con, tables, root)
        for source, through in landed.items():
            system, table = source.split(".")
            con.execute(
                "delete from ops.table_state where system = ? and table_name = ?",
                [system, table],
            )
            con.execute(
                "insert into ops.table_state by name select ? as system, ? as table_name, 1 as rows, "
                "cast(? as timestamp) as data_through, cast(? as timestamp) as last_loaded_at, 1 as version",
                [system, table, through, through + timedelta(days=1)],
            )
    return home


def rebuild_kpis(home: DataHome, as_of: date) -> None:
    """Builds the KPI tables of ``home`` anew from what is in it, with their data tests."""
    variables = json.dumps({"as_of_date": as_of.isoformat()})
    run_dbt(home, "build", "--select", *BUILT, "path:tests/kpi", *NAMED_TESTS, "--vars", variables)
