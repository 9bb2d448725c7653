"""How long links, the five DORA metrics, all their segments and periods, and control charts take.

Run by name: ``python tests/benchmarks/bench_links.py [--changes N] [--deployments N] [--incidents N]
[--commits N] [--home DIR]``. It fills the tables of the intermediate layer that the models read, in a data
home of its own, runs the models through dbt on two threads and prints the seconds of each as dbt measured
them. What counts is the time from the start of the first model to the end of the last: dbt's own start and
the seeds are apart.
"""

import argparse
import json
import resource
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import duckdb
import yaml

from orchestration.home import DataHome
from tests.dbt.kpi_house import found_house
from tests.dbt.project import PROJECT, run_dbt

FILLING = Path(__file__).with_suffix(".sql")
LIMIT_SECONDS = 20.0
LAST_DAY = date(2026, 6, 24)
LANDED = ("github.deployments", "github.pull_requests", "pagerduty.incidents")

RECORDS = (
    "int_kpi_deployment_frequency_records",
    "int_kpi_lead_time_for_changes_records",
    "int_kpi_change_failure_rate_records",
    "int_kpi_time_to_restore_records",
    "int_kpi_major_incidents_records",
)
MODELS = (
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
    *RECORDS,
    "path:models/intermediate/kpi",
    "fct_kpi_values",
    "fct_kpi_control_chart",
    "path:models/intermediate/dora",
    "mart_dora",
)
# What every model reads and nothing of it grows with the company.
PREPARED = (
    *("path:seeds/kpi", "path:seeds/dora", "dim_date", "dim_kpi", "path:models/staging/ops"),
    "meta_source_freshness",
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
    "int_change_requests",
    "int_incidents",
    "int_incident_services",
)


def create_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Creates the tables of FILLED, empty, with the columns and types that their models declare."""
    for name in FILLED:
        (declaration,) = PROJECT.glob(f"models/intermediate/**/{name}.yml")
        (model,) = yaml.safe_load(declaration.read_text(encoding="utf-8"))["models"]
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


def run_models(home: DataHome) -> tuple[dict[str, float], float, float]:
    """Runs MODELS through dbt; seconds of each, of all from first start to last end, and of processor.

    The processor's seconds are those of the whole process, dbt's start among them.
    """
    variables = json.dumps({"as_of_date": LAST_DAY.isoformat()})
    run_dbt(
        home,
        "build",
        "--exclude-resource-type",
        "unit_test",
        "test",
        "--select",
        *PREPARED,
        "--vars",
        variables,
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    results = run_dbt(home, "run", "--select", *MODELS, "--vars", variables)["results"]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    seconds = {result["unique_id"].rsplit(".", 1)[-1]: result["execution_time"] for result in results}
    instants = [
        datetime.fromisoformat(step[end])
        for result in results
        for step in result["timing"]
        for end in ("started_at", "completed_at")
    ]
    return seconds, (max(instants) - min(instants)).total_seconds(), processor


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints seconds by model, slowest first; 1 where all of them take longer than LIMIT_SECONDS."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=150_000)
    parser.add_argument("--deployments", type=int, default=180_000)
    parser.add_argument("--incidents", type=int, default=3_000)
    parser.add_argument("--commits", type=int, default=500_000)
    parser.add_argument("--home", type=Path, help="folder to use and keep; by default one that is removed")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        root = (options.home or Path(temporary)).resolve()
        home = found_house(root, {}, dict.fromkeys(LANDED, LAST_DAY))
        with duckdb.connect(home.warehouse) as con:
            create_tables(con)
            fill_tables(con, options.changes, options.deployments, options.incidents, options.commits)
        seconds, elapsed, processor = run_models(home)
    for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"{spent:8.2f} s  {name}")
    print(f"{processor:8.2f} s  of processor, dbt's start among them")
    print(f"{elapsed:8.2f} s  from the first to the last, limit {LIMIT_SECONDS:.0f} s")
    return 0 if elapsed <= LIMIT_SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
