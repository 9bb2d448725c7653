"""Who is told when something is wrong: sensors over the ends of runs, and over the run that did not come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
from dagster import DagsterInstance

from orchestration.assets.landing import PULL_CHECK
from orchestration.checks import LITTLE_QUARANTINED
from orchestration.deployment import Deployment
from orchestration.notices.channels import Patience
from orchestration.notices.findings import DAILY, DEAD_MAN_AFTER, Check, RunOutcome
from orchestration.notices.telling import tell_of_run, tell_of_state

# Dagster gives a sensor a minute in all, for four channels; who is not reached now is told later.
_PATIENCE = Patience(retries=1, longest_wait=5, read_timeout=8.0)


def build_watch_sensors(deployment: Deployment) -> list[dg.SensorDefinition]:
    """Failed runs, runs that ended well, and the daily run that did not come."""
    return [
        _build_failure_sensor(deployment),
        _build_success_sensor(deployment),
        _build_dead_man_sensor(deployment),
    ]


def read_outcome(instance: DagsterInstance, run_id: str, now: datetime) -> RunOutcome:
    """How a run ended, as the instance has recorded it; at ``now`` where its end has no time.

    Raises LookupError for a run that the instance does not know.
    """
    record = instance.get_run_record_by_id(run_id)
    if record is None:
        raise LookupError(f"the instance has no record of run {run_id}")
    run = record.dagster_run
    events = [
        entry.dagster_event
        for entry in instance.all_logs(
            run_id,
            of_type={dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.ASSET_CHECK_EVALUATION},
        )
        if entry.dagster_event
    ]
    checks = [
        _describe_check(event.asset_check_evaluation_data)
        for event in events
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    failed = {event.step_key for event in events if event.event_type is dg.DagsterEventType.STEP_FAILURE}
    return RunOutcome(
        run_id=run_id,
        job=run.job_name,
        ended_at=datetime.fromtimestamp(record.end_time, UTC) if record.end_time else now,
        success=run.status is dg.DagsterRunStatus.SUCCESS,
        failed_steps=tuple(sorted(step for step in failed if step)),
        pulls=tuple(check for check in checks if check.name == PULL_CHECK),
        quarantine=tuple(check for check in checks if check.name == LITTLE_QUARANTINED),
    )


def _describe_check(evaluation: dg.AssetCheckEvaluation) -> Check:
    numbers = {name: value.value for name, value in evaluation.metadata.items()}
    return Check(
        asset=tuple(evaluation.asset_key.path),
        name=evaluation.check_name,
        passed=evaluation.passed,
        blocks=evaluation.severity is dg.AssetCheckSeverity.ERROR,
        # Texts of a check can hold what a server answered: they stay where the check is shown.
        numbers={
            name: float(value)
            for name, value in numbers.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        },
    )


def _build_failure_sensor(deployment: Deployment) -> dg.SensorDefinition:
    @dg.run_failure_sensor(
        name="failure_sensor",
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of a failed run and of what it quarantined: in the log, and where the environment "
        "names a channel.",
    )
    def failure_sensor(context: dg.RunFailureSensorContext) -> None:
        _tell(context, deployment)

    return failure_sensor


def _build_success_sensor(deployment: Deployment) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        name="success_sensor",
        run_status=dg.DagsterRunStatus.SUCCESS,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells of stale sources, quarantine and KPIs after a run, and of what is over.",
    )
    def success_sensor(context: dg.RunStatusSensorContext) -> None:
        _tell(context, deployment)

    return success_sensor


def _tell(context: dg.RunStatusSensorContext, deployment: Deployment) -> None:
    now = deployment.clock()
    outcome = read_outcome(context.instance, context.dagster_run.run_id, now)
    tell_of_run(deployment.home, outcome, deployment.environ, context.log, now, patience=_PATIENCE)


def _build_dead_man_sensor(deployment: Deployment) -> dg.SensorDefinition:
    @dg.sensor(
        name="dead_man_sensor",
        minimum_interval_seconds=900,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Tells if no daily run has succeeded for {DEAD_MAN_AFTER}, and tries again to tell what "
        "a channel has not got.",
    )
    def dead_man_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now = deployment.clock()
        since = tell_of_state(
            deployment.home,
            deployment.environ,
            context.log,
            now,
            last_success=max(_read_ends(context.instance), default=None),
            patience=_PATIENCE,
        )
        return dg.SkipReason(
            f"The last daily run that succeeded, or the start of the watch, was {now - since} ago"
        )

    return dead_man_sensor


def _read_ends(instance: DagsterInstance) -> Iterator[datetime]:
    records = instance.get_run_records(
        dg.RunsFilter(job_name=DAILY, statuses=[dg.DagsterRunStatus.SUCCESS]), limit=1
    )
    for record in records:
        yield record.update_timestamp
