"""What one deployment is made of: data home, clock, contracts and dbt project, read once and handed on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from orchestration.building import last_complete_day
from orchestration.dbt_project import PROJECT_DIR, MetricsDbtProject
from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.contract_model import SystemContract
from orchestration.notices.channels import ChannelError, read_channels

Clock = Callable[[], datetime]

# Runs that the daemon does not queue (a command line, `dagster dev` without DAGSTER_HOME) meet at the
# warehouse's file lock. A step waits this long for another run's step; the error then names who holds it.
LOCK_WAIT_SECONDS = 1800.0


class DeploymentError(ValueError):
    """The environment says something that cannot be; names the variable and what it may hold."""


@dataclass(frozen=True)
class Deployment:
    """Everything that assets, checks and sensors are made from."""

    home: DataHome
    project: MetricsDbtProject
    manifest: Mapping[str, Any]
    contracts: Mapping[str, SystemContract]
    business_timezone: str
    environ: Mapping[str, str]
    clock: Clock
    lock_wait_seconds: float = LOCK_WAIT_SECONDS

    @property
    def variables(self) -> dict[str, str]:
        """dbt variables that the run gives besides the as-of date."""
        return {"business_timezone": self.business_timezone}

    @property
    def code_version(self) -> str:
        return self.project.code_version(self.variables)

    def now(self) -> datetime:
        """The clock's instant as the warehouse keeps it: UTC, naive."""
        return self.clock().astimezone(UTC).replace(tzinfo=None)

    def as_of_date(self, asked: str | None) -> date:
        """The last day that counts: the one asked for, or the last complete one in the business time zone."""
        if asked:
            return date.fromisoformat(asked)
        return last_complete_day(self.clock(), self.business_timezone)


def read_deployment(
    environ: Mapping[str, str], clock: Clock, project_dir: Path = PROJECT_DIR, home: DataHome | None = None
) -> Deployment:
    """Reads contracts and manifest for the home that ``environ`` (or ``home``) names.

    The first call for a content of the dbt project parses it, which takes some seconds; later ones read files
    only. Raises DeploymentError, ContractError or DbtParseError.
    """
    home = home or DataHome.from_environment(environ)
    _require_channels(environ)
    project = MetricsDbtProject(project_dir, home)
    manifest = attach_singular_tests(project.prepare_manifest(environ))
    contracts = read_contracts(project_dir)
    asked = environ.get("METRICS_BUSINESS_TIMEZONE")
    if asked:
        _require_time_zone(asked)
        contracts = {name: _in_zone(contract, asked) for name, contract in contracts.items()}
    return Deployment(
        home=home,
        project=project,
        manifest=manifest,
        contracts=contracts,
        business_timezone=asked or read_business_timezone(project_dir),
        environ=environ,
        clock=clock,
    )


def attach_singular_tests(manifest: dict[str, Any]) -> dict[str, Any]:
    """Names for each SQL test over several models the one that it is shown on: that with most ancestors.

    Without it dagster-dbt reports such a test as a bare observation, and a failing reconciliation would be no
    check.
    """
    ancestors: dict[str, set[str]] = {}

    def count_ancestors(unique_id: str) -> set[str]:
        if unique_id not in ancestors:
            parents = manifest["parent_map"].get(unique_id, [])
            ancestors[unique_id] = set(parents).union(*(count_ancestors(parent) for parent in parents))
        return ancestors[unique_id]

    for node in manifest["nodes"].values():
        parents = node["depends_on"].get("nodes", [])
        if node["resource_type"] == "test" and not node.get("attached_node") and len(parents) > 1:
            node["attached_node"] = max(sorted(parents), key=lambda parent: len(count_ancestors(parent)))
    return manifest


def read_business_timezone(project_dir: Path) -> str:
    """The zone that dbt_project.yml declares; it holds where METRICS_BUSINESS_TIMEZONE says nothing."""
    declared = yaml.safe_load((project_dir / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return str(declared["business_timezone"])


def _in_zone(contract: SystemContract, zone: str) -> SystemContract:
    """The contract with naive instants of the business read in the zone that the models use too."""
    return replace(
        contract,
        tables={name: replace(table, business_timezone=zone) for name, table in contract.tables.items()},
    )


def _require_channels(environ: Mapping[str, str]) -> None:
    try:
        read_channels(environ)
    except ChannelError as error:
        raise DeploymentError(str(error)) from error


def _require_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise DeploymentError(
            f"METRICS_BUSINESS_TIMEZONE={name!r} is no time zone: give an IANA name such as Europe/Berlin"
        ) from error
