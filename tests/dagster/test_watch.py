"""Who is told of runs, by the daemon's sensors and by the command line: once, and nothing of their data."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from pytest_httpserver import HTTPServer

from orchestration.definitions import build_definitions
from orchestration.deployment import DeploymentError
from orchestration.instance import open_instance
from orchestration.notices.findings import DEAD_MAN_AFTER
from orchestration.runs import RUN_FAILED, run
from orchestration.watch import build_watch_sensors
from tests.dagster.conftest import NOW, PROJECT, TICKETS, Line

Deploy = Callable[..., Line]
UNREADABLE = {"ticket_id": None, "severity": "a customer's secret"}


@pytest.fixture
def hook(httpserver: HTTPServer) -> dict[str, str]:
    """An environment with a generic webhook."""
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")
    return {"METRICS_WEBHOOK": httpserver.url_for("/hook")}


def find_sensor(line: Line, name: str) -> Any:
    return next(sensor for sensor in build_watch_sensors(line.deployment) if sensor.name == name)


def hear(httpserver: HTTPServer) -> list[tuple[str, list[str], list[str]]]:
    bodies = [request.get_json() for request, _ in httpserver.log]
    return [
        (body["subject"], [entry["text"] for entry in body["new"]], [entry["text"] for entry in body["over"]])
        for body in bodies
    ]


def run_and_watch(line: Line, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    """A daily run, and the evaluation of the sensor that the daemon makes when it has ended."""
    job = build_definitions(line.deployment).resolve_job_def("daily")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    name, event_type = (
        ("success_sensor", dg.DagsterEventType.RUN_SUCCESS)
        if result.success
        else ("failure_sensor", dg.DagsterEventType.RUN_FAILURE)
    )
    context = dg.build_run_status_sensor_context(
        sensor_name=name,
        dagster_event=next(event for event in result.all_events if event.event_type is event_type),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    )
    find_sensor(line, name)(context if result.success else context.for_run_failure())
    return result


def test_a_failed_run_is_told_with_its_step_and_its_end_too(
    deploy: Deploy, httpserver: HTTPServer, hook: dict[str, str]
) -> None:
    line = deploy(hook)
    with dg.DagsterInstance.ephemeral() as instance:
        line.home.sources_file.write_text("not: [yaml")
        failed = run_and_watch(line, instance)
        run_and_watch(line, instance)
        line.home.sources_file.unlink()
        run_and_watch(line, instance)
        run_and_watch(line, instance)
    assert hear(httpserver) == [
        (
            "runs",
            [f"Run {failed.run_id} of job daily failed in landing: the last good publication stands."],
            [],
        ),
        ("runs", [], ["Job daily has failed, and no longer does."]),
    ]


def test_quarantine_is_told_by_its_numbers_alone(
    deploy: Deploy, httpserver: HTTPServer, hook: dict[str, str]
) -> None:
    line = deploy(hook)
    line.drop("tickets", "a.json", [*TICKETS, UNREADABLE])
    with dg.DagsterInstance.ephemeral() as instance:
        assert run_and_watch(line, instance).success
        assert run_and_watch(line, instance).success
    assert hear(httpserver) == [("quarantine", ["tickets.tickets: 1 of 3 rows in quarantine (33.3%)."], [])]
    assert "secret" not in line.home.notices.read_text()


def test_the_command_line_and_the_daemon_do_not_say_it_twice(
    deploy: Deploy, httpserver: HTTPServer, hook: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    line = deploy(hook)
    line.drop("tickets", "a.json", [{**TICKETS[0], "severity": "unheard of"}])
    arguments = ["daily", "--home", str(line.home.root)]
    environ = {**os.environ, **hook}
    assert run(arguments, clock=lambda: NOW, environ=environ, project_dir=PROJECT) == RUN_FAILED
    assert "  ! New: Run " in capsys.readouterr().out
    with open_instance(line.home) as instance:
        (failed,) = instance.get_runs()
        (event,) = instance.all_logs(failed.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        context = dg.build_run_status_sensor_context(
            sensor_name="failure_sensor",
            dagster_event=event.dagster_event,
            dagster_instance=instance,
            dagster_run=failed,
        )
        find_sensor(line, "failure_sensor")(context.for_run_failure())
    assert [subject for subject, _, _ in hear(httpserver)] == ["runs"]


def test_a_channel_that_is_dead_fails_no_run(deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    line = deploy()
    environ = {**os.environ, "METRICS_WEBHOOK": "http://127.0.0.1:9/secret"}
    line.home.notices.mkdir(parents=True)  # nor does a memory that cannot be written
    arguments = ["daily", "--home", str(line.home.root)]
    assert run(arguments, clock=lambda: NOW, environ=environ, project_dir=PROJECT) == 0
    assert "Notices could not be worked out: IsADirectoryError" in capsys.readouterr().out


def run_dead_man(line: Line, instance: dg.DagsterInstance) -> None:
    find_sensor(line, "dead_man_sensor")(dg.build_sensor_context(instance=instance))


def test_a_silence_is_told_of_once(deploy: Deploy, httpserver: HTTPServer, hook: dict[str, str]) -> None:
    clock = [NOW]
    line = deploy(hook, lambda: clock[0])
    with dg.DagsterInstance.ephemeral() as instance:
        run_dead_man(line, instance)  # the watch begins
        clock[0] = NOW + DEAD_MAN_AFTER - timedelta(minutes=1)
        run_dead_man(line, instance)
        assert hear(httpserver) == []
        clock[0] = NOW + DEAD_MAN_AFTER
        run_dead_man(line, instance)
        clock[0] += timedelta(hours=5)
        run_dead_man(line, instance)
    ((subject, (text,), _),) = hear(httpserver)
    assert subject == "silence"
    assert "No daily run has succeeded for 28 hours" in text


def test_a_successful_daily_run_ends_the_silence(
    deploy: Deploy, httpserver: HTTPServer, hook: dict[str, str]
) -> None:
    """The instance knows of it, even where the sensor that watches successes is switched off."""
    clock = [datetime.now(UTC) - timedelta(days=9)]
    line = deploy(hook, lambda: clock[0])
    with dg.DagsterInstance.ephemeral() as instance:
        run_dead_man(line, instance)
        clock[0] = datetime.now(UTC) + timedelta(hours=1)
        job = build_definitions(line.deployment).resolve_job_def("daily")
        assert job.execute_in_process(instance=instance).success
        run_dead_man(line, instance)
    assert hear(httpserver) == []


def test_a_channel_that_is_no_address_is_said_before_anything_is_loaded(deploy: Deploy) -> None:
    with pytest.raises(DeploymentError, match="METRICS_KPI_SLACK_WEBHOOK is no address"):
        deploy({"METRICS_KPI_SLACK_WEBHOOK": "hooks.slack.com/services/x"})
