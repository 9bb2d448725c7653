"""A small dbt project in the product's layout, a data home, and runs of the real jobs in this process."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.dbt_project import MetricsDbtProject
from orchestration.definitions import build_definitions
from orchestration.deployment import Deployment, read_deployment
from orchestration.home import DataHome

PROJECT = Path(__file__).parent / "project"
NOW = datetime(2026, 7, 2, 6, 0, tzinfo=UTC)  # so the last complete day is 1 July


@dataclass
class Line:
    """The whole line over one data home: drop files, run jobs, look at what is published."""

    deployment: Deployment

    @property
    def home(self) -> DataHome:
        return self.deployment.home

    def drop(self, table: str, name: str, rows: list[dict[str, Any]]) -> Path:
        path = self.home.landing / "tickets" / table / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(rows))
        return path

    def run(self, job: str = "daily", **parameters: Any) -> dg.ExecuteInProcessResult:
        return (
            build_definitions(self.deployment)
            .resolve_job_def(job)
            .execute_in_process(
                instance=dg.DagsterInstance.ephemeral(),
                run_config={"resources": {"run_parameters": {"config": parameters}}},
                raise_on_error=False,
            )
        )

    def published(self, query: str, file: str = "marts.duckdb") -> list[tuple[Any, ...]]:
        with duckdb.connect(self.home.published / file, read_only=True) as con:
            return con.execute(query).fetchall()

    def warehouse(self, statement: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.home.warehouse) as con:
            return con.execute(statement).fetchall()

    def built(self) -> set[str]:
        """Names of the models and seeds that the last dbt process built."""
        results = json.loads((self.deployment.project.target_path / "run_results.json").read_text())
        nodes = (result["unique_id"].split(".") for result in results["results"])
        return {parts[2] for parts in nodes if parts[0] in ("model", "seed")}


@pytest.fixture(scope="session")
def parsed_manifests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small project, parsed once: every home of the session starts with it."""
    home = DataHome(tmp_path_factory.mktemp("parsed"))
    MetricsDbtProject(PROJECT, home).prepare_manifest(os.environ)
    return home.root / "dbt"


@pytest.fixture
def deploy(tmp_path: Path, parsed_manifests: Path) -> Callable[..., Line]:
    """Makes a line over the test's own home; ``environ`` and ``clock`` as the test likes."""
    home = DataHome(tmp_path / "home")
    shutil.copytree(parsed_manifests, home.root / "dbt")

    def make(environ: dict[str, str] | None = None, clock: Callable[[], datetime] = lambda: NOW) -> Line:
        return Line(read_deployment({**os.environ, **(environ or {})}, clock, PROJECT, home))

    return make


@pytest.fixture
def line(deploy: Callable[..., Line]) -> Line:
    """A line at 2 July 2026, 06:00 UTC."""
    return deploy()


TICKETS = [
    {"ticket_id": 1, "severity": "high", "updated_at": "2026-06-28T10:00:00Z"},
    {"ticket_id": 2, "severity": "low", "updated_at": "2026-06-30T10:00:00Z"},
]
AGENTS = [{"agent_id": 1, "agent_name": "p_1"}]
