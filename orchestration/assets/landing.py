"""One asset per system for the exports as they came: dropped by people, pulled, or generated."""

import shutil
from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg

from orchestration.assets.parameters import RunParameters
from orchestration.company import generate
from orchestration.company.stack import read_stack
from orchestration.connectors.pull import pull_system
from orchestration.connectors.refusals import PermanentError, TransientError
from orchestration.connectors.sources import SourcesConfig, read_sources
from orchestration.deployment import Deployment
from orchestration.landing_state import read_folder_state

GROUP = "landing"
PULL_CHECK = "pull_succeeded"


def landing_key(system: str) -> dg.AssetKey:
    """The asset of ``landing/<system>``."""
    return dg.AssetKey(["landing", system])


def build_landing_assets(deployment: Deployment) -> dg.AssetsDefinition:
    """The landing folders as one step. It never opens the warehouse, so another run may load meanwhile."""
    systems = sorted(deployment.contracts)

    @dg.multi_asset(
        name="landing",
        group_name=GROUP,
        pool=GROUP,  # two pulls at a time would move the same cursors
        can_subset=True,
        specs=[
            dg.AssetSpec(
                landing_key(system),
                description=f"One file per export of {system}, as it was received: landing/{system}/",
                kinds={"file"},
                skippable=True,
            )
            for system in systems
        ],
        check_specs=[
            dg.AssetCheckSpec(
                PULL_CHECK,
                asset=landing_key(system),
                description="What sources.yaml asks for was pulled. A failure warns and does not block: "
                "what has landed is loaded, and the next pull goes on from the last cursor.",
            )
            for system in systems
        ],
    )
    def landing(context: dg.AssetExecutionContext, run_parameters: RunParameters) -> Iterator[Any]:
        if run_parameters.generate_company:
            _generate_company(context, deployment, run_parameters)
        sources = _read_sources(deployment)
        for system in systems:
            if landing_key(system) not in context.selected_asset_keys:
                continue
            result = _pull(context, deployment, sources, system)
            state = read_folder_state(deployment.home.landing / system)
            yield dg.MaterializeResult(
                asset_key=landing_key(system),
                metadata={"files": state.files, "bytes": state.bytes, **(result.metadata or {})},
                check_results=[result],
            )

    return landing


def _read_sources(deployment: Deployment) -> SourcesConfig | None:
    path = deployment.home.sources_file
    return read_sources(path, deployment.environ) if path.exists() else None


def _pull(
    context: dg.AssetExecutionContext, deployment: Deployment, sources: SourcesConfig | None, system: str
) -> dg.AssetCheckResult:
    try:
        outcome = pull_system(system, sources, deployment.home, deployment.clock) if sources else None
    except (PermanentError, TransientError) as error:
        # Their texts name the system, the address without its query and the status; never a header.
        context.log.error(f"Pull of {system} failed: {error}")
        return dg.AssetCheckResult(
            asset_key=landing_key(system),
            passed=False,
            check_name=PULL_CHECK,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"problem": str(error)},
        )
    if outcome is None:
        return dg.AssetCheckResult(
            asset_key=landing_key(system), passed=True, check_name=PULL_CHECK, metadata={"pulled": False}
        )
    return dg.AssetCheckResult(
        asset_key=landing_key(system),
        passed=True,
        check_name=PULL_CHECK,
        metadata={
            "pulled": True,
            "requests": outcome.requests,
            "files_pulled": outcome.files,
            "bytes_pulled": outcome.bytes,
            "seconds": round(outcome.seconds, 3),
        },
    )


def _generate_company(
    context: dg.AssetExecutionContext, deployment: Deployment, parameters: RunParameters
) -> None:
    """Generates the demo company if nothing has landed yet: all of it or, if the run is killed, nothing."""
    home = deployment.home
    if read_folder_state(home.landing).files:
        context.log.info("Something has landed already: the demo company is not generated over it")
        return
    last_day: date = deployment.as_of_date(parameters.as_of_date)
    new = home.root / "landing.new"
    for leftover in (new, home.company):
        shutil.rmtree(leftover, ignore_errors=True)
    context.log.info(f"Generating the demo company up to {last_day}")
    generate(
        new,
        home.company,
        seed=parameters.company_seed,
        scale=parameters.company_scale,
        months=parameters.company_months,
        last_day=last_day,
        stack=read_stack(parameters.company_stack),
    )
    if home.landing.exists():
        shutil.rmtree(home.landing)  # empty folders only: no file was found in it
    new.rename(home.landing)
