"""When things run by themselves."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg

from orchestration.assets.landing import GROUP as LANDING_GROUP
from orchestration.assets.report import STEP as REPORT_STEP
from orchestration.deployment import Deployment
from orchestration.landing_state import read_folder_state, read_offered
from orchestration.publishing.status import mark_stale

DAILY_AT = "15 4 * * *"
# One process, one step after another: DuckDB has one writer, and a step costs a fraction of a second
# in-process.
_EXECUTOR = dg.in_process_executor


def build_jobs(deployment: Deployment) -> list[Any]:
    """``daily`` and ``demo`` do everything; ``dropped_files`` everything but asking the source systems."""
    everything = dg.AssetSelection.all()

    @dg.failure_hook(name="mark_publication_stale")
    def mark_publication_stale(context: dg.HookContext) -> None:
        if context.step_key == REPORT_STEP:
            context.log.error("The report is that of an earlier publication; what is published is current")
            return
        # Analysts read the reason: the step says enough, an exception's text could say too much.
        reason = f"step {context.step_key} failed"
        status = mark_stale(deployment.home, reason, context.run_id, deployment.clock())
        _tell_readers_of_the_report(deployment)
        context.log.error(
            f"Marked stale, as {reason}: what was published last ({status.published_at or 'never'}) stands"
        )

    hooks = {mark_publication_stale}
    return [
        dg.define_asset_job(
            "daily",
            selection=everything,
            description="Pulls and loads what is new, builds what has changed, publishes.",
            executor_def=_EXECUTOR,
            hooks=hooks,
        ),
        dg.define_asset_job(
            "demo",
            selection=everything,
            description="Generates the demo company if nothing has landed yet, then does as daily.",
            config={"resources": {"run_parameters": {"config": {"generate_company": True}}}},
            executor_def=_EXECUTOR,
            hooks=hooks,
        ),
        dg.define_asset_job(
            "dropped_files",
            selection=everything - dg.AssetSelection.groups(LANDING_GROUP),
            description="Loads what was dropped into the landing folder, builds what has changed, publishes.",
            executor_def=_EXECUTOR,
            hooks=hooks,
        ),
    ]


def _tell_readers_of_the_report(deployment: Deployment) -> None:
    # Templates are nothing that a code location must load.
    from orchestration.report.publication import show_status

    show_status(deployment.home)


def build_daily_schedule(deployment: Deployment) -> dg.ScheduleDefinition:
    """The daily run, early in the business's own morning, when the day before is complete."""
    return dg.ScheduleDefinition(
        name="daily_schedule",
        job_name="daily",
        cron_schedule=DAILY_AT,
        execution_timezone=deployment.business_timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Starts the daily run in the business's own morning, when the day before is complete.",
    )


def build_landing_sensor(deployment: Deployment) -> dg.SensorDefinition:
    """Loads what is dropped into the landing folder."""

    @dg.sensor(
        name="landing_sensor",
        job_name="dropped_files",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Loads what is dropped into the landing folder, once it is still for one tick.",
    )
    def landing_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        states = {
            system: read_folder_state(deployment.home.landing / system) for system in deployment.contracts
        }
        new = {
            system: state.signature
            for system, state in states.items()
            if state.files and state.signature != read_offered(deployment.home, system)
        }
        if not new:
            context.update_cursor("")
            return dg.SkipReason("Nothing has landed that the loader has not seen")
        signature = json.dumps(new, sort_keys=True)
        if signature != context.cursor:
            # Somebody may still be copying: look once more before it is loaded.
            context.update_cursor(signature)
            return dg.SkipReason(
                f"Something is landing for {', '.join(sorted(new))}: waiting until it is still"
            )
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=signature, tags={"systems": ",".join(sorted(new))})],
            cursor=signature,
        )

    return landing_sensor
