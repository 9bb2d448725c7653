"""Every mart on Spark has the rows that it has on DuckDB: counts and decimals equal, doubles to 1e-9."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.lake import export_lake
from orchestration.loading.warehouse import open_warehouse
from orchestration.spark import build_on_spark, spark_files
from tests.conftest import LAST_DAY
from tests.spark.requirements import needs_spark

PROJECT = Path(__file__).resolve().parents[2]
VARIABLES = json.dumps({"as_of_date": LAST_DAY.isoformat()})
TOLERANCE = 1e-9


pytestmark = needs_spark


@pytest.fixture(scope="module")
def built(built_company: DataHome, tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    """The small company, built on DuckDB and, from its exported lake, on Spark."""
    home = DataHome(tmp_path_factory.mktemp("spark") / "data")
    shutil.copytree(built_company.root, home.root)
    with open_warehouse(home, holder="test") as con:
        export_lake(con, home, read_contracts(PROJECT / "dbt_project"))
    done = build_on_spark(home, VARIABLES, os.environ)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return home


def list_marts() -> list[str]:
    """Names of all marts, from the models' own folders."""
    names = []
    for path in sorted((PROJECT / "dbt_project" / "models" / "marts").rglob("*.sql")):
        names.append(path.stem)
    return names


@pytest.mark.parametrize("mart", list_marts())
def test_a_mart_has_the_same_rows_on_both_engines(built: DataHome, mart: str) -> None:
    with duckdb.connect(str(built.warehouse), read_only=True) as con:
        found = con.execute(
            "select table_schema from information_schema.tables "
            "where table_name = ? and table_schema like 'marts%'",
            [mart],
        ).fetchone()
        assert found is not None, f"{mart} is not built"
        here = f'{found[0]}."{mart}"'
        columns = con.execute(
            "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ?",
            [found[0], mart],
        ).fetchall()
        con.execute(f"create temp view there as from read_parquet('{spark_files(built, found[0], mart)}')")
        counts = con.execute(f"select (select count(*) from {here}), (select count(*) from there)").fetchone()
        assert counts is not None
        assert counts[0] == counts[1]
        exact = [f'"{name}"' for name, kind in columns if kind != "DOUBLE"]
        doubles = [f'"{name}"' for name, kind in columns if kind == "DOUBLE"]
        listed = ", ".join(exact)
        for left, right in ((here, "there"), ("there", here)):
            differing = con.execute(
                f"select {listed} from {left} except all select {listed} from {right} limit 3"
            ).fetchall()
            assert differing == [], f"{mart}: {left} has rows that {right} has not, by {listed}"
        # Rows that agree on every exact column are paired in the order of their doubles.
        order = ", ".join([*exact, *doubles])
        for name in doubles:
            off = con.execute(
                f"""
                with a as (select {name} as x, row_number() over (order by {order}) as n from {here}),
                b as (select {name} as x, row_number() over (order by {order}) as n from there)
                select a.x, b.x from a join b using (n)
                where (a.x is null) <> (b.x is null)
                    or abs(a.x - b.x) > {TOLERANCE} * greatest(1, abs(a.x), abs(b.x))
                limit 3
                """
            ).fetchall()
            assert off == [], f"{mart}.{name} differs"
