"""How long links, delivery facts and their KPI records take on a large company.

Run by name: ``python tests/benchmarks/bench_links.py [--changes N] [--deployments N] [--incidents N]
[--commits N] [--home DIR]``. It fills the tables of the intermediate layer that the models read, in a
warehouse of its own, runs the models through dbt on two threads and prints the seconds of each as dbt
measured them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import yaml

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
FILLING = Path(__file__).with_suffix(".sql")
LIMIT_SECONDS = 15.0

MODELS = (
    "dim_date",
    "int_commit_chain",
    "int_deployment_commits",
    "int_commit_reach",
    "int_change_deployments",
    "int_deployment_incidents",
    "int_deployment_repairs",
    "int_failed_changes",
    "int_service_outages",
    "fct_deployments",
    "fct_changes",
    "fct_incidents",
    "fct_pipeline_runs",
    "fct_work_items",
    "int_kpi_deployment_frequency_records",
    "int_kpi_lead_time_for_changes_records",
    "int_kpi_change_failure_rate_records",
    "int_kpi_time_to_restore_records",
    "int_kpi_major_incidents_records",
    "int_kpi_pipeline_success_rate_records",
)
FILLED = (
    "int_service_ownership",
    "int_team_groups",
    "int_repositories",
    "int_service_dependencies",
    "int_commits",
    "int_commit_parents",
    "int_changes",
    "int_change_services",
    "int_deployments",
    "int_deployment_changes_listed",
    "int_pipeline_runs",
    "int_work_items",
    "int_incidents",
    "int_incident_services",
)


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Creates the tables of FILLED, empty, with the columns and types that their models declare."""
    con.execute("create schema if not exists intermediate")
    for name in FILLED:
        (declaration,) = PROJECT.glob(f"models/intermediate/**/{name}.yml")
        (model,) = yaml.safe_load(declaration.read_text())["models"]
        columns = ", ".join(f"{column['name']} {column['data_type']}" for column in model["columns"])
        con.execute(f"create or replace table intermediate.{name} ({columns})")


def fill_tables(
    con: duckdb.DuckDBPyConnection, changes: int, deployments: int, incidents: int, commits: int
) -> None:
    """Fills the tables of FILLED with the company that the SQL file beside this one describes."""
    per_change = max(0, commits - changes) / changes
    for name, size in (
        ("changes", changes),
        ("per_change", per_change),
        ("deployments", deployments),
        ("incidents", incidents),
    ):
        con.execute(f"set variable {name} = {size}")
    con.execute(FILLING.read_text())


def run_models(home: Path) -> dict[str, float]:
    """Runs MODELS through dbt; seconds by model, in the order of MODELS."""
    environ = {**os.environ, "METRICS_HOME": str(home), "METRICS_DBT_THREADS": "2"}
    subprocess.run(
        [
            *("dbt", "run", "--quiet", "--select", *MODELS),
            *("--target-path", str(home / "target"), "--log-path", str(home / "logs")),
        ],
        cwd=PROJECT,
        env=environ,
        check=True,
    )
    results = json.loads((home / "target" / "run_results.json").read_text())["results"]
    seconds = {result["unique_id"].rsplit(".", 1)[-1]: result["execution_time"] for result in results}
    return {name: seconds[name] for name in MODELS if name in seconds}


def main() -> int:
    """Prints seconds by model; 1 where their sum is beyond LIMIT_SECONDS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=150_000)
    parser.add_argument("--deployments", type=int, default=180_000)
    parser.add_argument("--incidents", type=int, default=3_000)
    parser.add_argument("--commits", type=int, default=500_000)
    parser.add_argument("--home", type=Path, help="data home to use and keep; by default one that is removed")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = (arguments.home or Path(temporary)).resolve()
        home.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(home / "warehouse.duckdb") as con:
            create_tables(con)
            fill_tables(con, arguments.changes, arguments.deployments, arguments.incidents, arguments.commits)
        seconds = run_models(home)
    for name, spent in seconds.items():
        print(f"{spent:8.2f} s  {name}")
    total = sum(seconds.values())
    print(f"{total:8.2f} s  in all, limit {LIMIT_SECONDS:.0f} s")
    return 0 if total <= LIMIT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
