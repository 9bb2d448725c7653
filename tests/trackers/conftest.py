"""A home in which what Jira says is loaded and the work-item models are built."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from tests.dbt.project import load_everything, run_dbt

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "jira"
MODELS = ["+fct_work_items", "+int_sprint_items"]


def drop(home: DataHome, source: Path, table: str) -> None:
    """Put a file, or what lies in a folder, where Jira's table is landed."""
    target = home.landing / "jira" / table
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        target.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target / source.name)


def load_and_build(home: DataHome) -> None:
    """Loads what has landed and builds the work items and sprints."""
    load_everything(home)
    without_tests = ("--exclude-resource-types", "unit_test", "test")
    run_dbt(home, "build", "--select", *MODELS, *without_tests)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = DataHome(tmp_path_factory.mktemp("jira") / "data")
    for kind in ("typical", "data_center", "wrong"):
        for folder in sorted((FIXTURES / kind).iterdir()):
            drop(home, folder, folder.name)
    drop(home, FIXTURES / "csv_export", "issues")
    load_and_build(home)
    return home


@pytest.fixture
def warehouse(built: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.warehouse), read_only=True) as con:
        yield con
