"""What Dagster loads. Importing it does nothing; calling ``defs`` reads contracts and manifest."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import dagster as dg

from orchestration.assets.exports import build_export_assets, build_ledger_assets
from orchestration.assets.landing import build_landing_assets
from orchestration.assets.models import build_model_assets
from orchestration.assets.parameters import RunParameters
from orchestration.assets.publication import build_postgres_assets, build_publication_assets
from orchestration.assets.report import build_report_assets
from orchestration.automation import build_daily_schedule, build_jobs, build_landing_sensor
from orchestration.deployment import Deployment, read_deployment
from orchestration.watch import build_watch_sensors


def build_definitions(deployment: Deployment) -> dg.Definitions:
    """Everything of one deployment, from the landing folder to the published files."""
    return dg.Definitions(
        assets=[
            build_landing_assets(deployment),
            *build_export_assets(deployment),
            *build_ledger_assets(deployment),
            build_model_assets(deployment),
            build_publication_assets(deployment),
            *build_postgres_assets(deployment),
            *build_report_assets(deployment),
        ],
        jobs=build_jobs(deployment),
        schedules=[build_daily_schedule(deployment)],
        sensors=[build_landing_sensor(deployment), *build_watch_sensors(deployment)],
        resources={"run_parameters": RunParameters.configure_at_launch()},
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The deployment that the environment names (``METRICS_HOME`` and the README's other variables)."""
    return build_definitions(read_deployment(os.environ, lambda: datetime.now(UTC)))
