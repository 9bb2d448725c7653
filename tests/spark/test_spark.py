"""Every mart on Spark has the rows that it has on DuckDB: counts and decimals equal, doubles to 1e-9."""

from __future__ import annotations

import json
import os
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pytest

from orchestration.company import generate
from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.lake import export_lake
from orchestration.loading.load import ensure_tables, load_system
from orchestration.loading.warehouse import open_warehouse
from orchestration.spark import SparkUnavailableError, build_on_spark, find_java, spark_files

PROJECT = Path(__file__).resolve().parents[2]
LAST_DAY = date(2026, 6, 30)
TOLERANCE = 1e-9


def why_not() -> str | None:
    if find_spec("pyspark") is None:
        return "the `spark` extra is not installed"
    try:
        find_java(os.environ)
    except SparkUnavailableError as error:
        return str(error)
    return None


REASON = why_not()
pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(REASON is not None, reason=str(REASON)),
    pytest.mark.timeout(1500),
]
