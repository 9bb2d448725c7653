"""Running the dbt project of this checkout over a data home, as a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from orchestration.dbt_project import MetricsDbtProject
from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.contract_model import SystemContract
from orchestration.loading.load import ensure_tables, load_system
from orchestration.loading.warehouse import open_warehouse

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"


def run_dbt(home: DataHome, *arguments: str, succeeds: bool = True) -> dict[str, Any]:
    """The ``run_results.json`` of ``dbt <arguments>`` over ``home``; fails with dbt's words if dbt fails."""
    target = home.root / "dbt"
    project = MetricsDbtProject(PROJECT, home)
    done = subprocess.run(
        project.command(arguments),
        env={
            **project.environment(os.environ, target),
            "DBT_LOG_FORMAT": "text",
            "METRICS_DBT_MANIFEST": str(parse_once()),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if succeeds:
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    results: dict[str, Any] = json.loads((target / "run_results.json").read_text(encoding="utf-8"))
    return results


@cache
def parse_once() -> Path:
    """The project as dbt has parsed it, once for all tests of all workers and runs over the same files."""
    project = MetricsDbtProject(PROJECT, DataHome(PROJECT.parent / ".pytest_cache" / "parsed"))
    project.prepare_manifest(os.environ)
    return project.parsed_manifest


def copy_parsed(home: DataHome) -> None:
    """Spares the product's runs in ``home`` the parsing."""
    parsed = parse_once().parent
    shutil.copytree(parsed, home.root / "dbt" / "manifests" / parsed.name)


@cache
def read_all_contracts() -> dict[str, SystemContract]:
    """The contracts of this checkout, read once."""
    return read_contracts(PROJECT)


def make_empty_home(root: Path) -> DataHome:
    """A home whose raw tables exist and are empty."""
    home = DataHome(root)
    contracts = read_all_contracts()
    with open_warehouse(home, holder="test") as con:
        ensure_tables(con, contracts)
    return home


def load_everything(home: DataHome) -> None:
    """Loads what has landed in ``home``, system by system."""
    contracts = read_all_contracts()
    with open_warehouse(home, holder="test") as con:
        ensure_tables(con, contracts)
        for contract in contracts.values():
            load_system(con, home, contract)


def build_everything(home: DataHome, as_of_date: date) -> None:
    """Seeds, models and their data tests over what is loaded."""
    variables = json.dumps({"as_of_date": as_of_date.isoformat()})
    run_dbt(home, "build", "--exclude-resource-type", "unit_test", "--vars", variables)
