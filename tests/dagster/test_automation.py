"""Sensors and schedule: what they ask for, whom they tell, and what they never say."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from pytest_httpserver import HTTPServer

from orchestration.automation import DEAD_MAN_AFTER, build_daily_schedule, build_sensors
from orchestration.definitions import build_definitions
from orchestration.notices import send_notice
from tests.dagster.conftest import NOW, TICKETS, Line


def find_sensor(line: Line, name: str) -> Any:
    return next(sensor for sensor in build_sensors(line.deployment) if sensor.name == name)


def tick(line: Line, cursor: str | None) -> tuple[Any, str | None]:
    """One evaluation of the landing sensor: what it asks for, and the cursor that it leaves."""
    sensor = find_sensor(line, "landing_sensor")
    context = dg.build_sensor_context(cursor=cursor)
    result = sensor(context)
    if isinstance(result, dg.SensorResult):
        return result.run_requests, result.cursor
    return result, context.cursor


def test_files_are_loaded_once_they_have_come_to_rest(line: Line) -> None:
    skipped, cursor = tick(line, None)
    assert isinstance(skipped, dg.SkipReason)
    line.drop("tickets", "a.json", TICKETS[:1])
    skipped, cursor = tick(line, cursor)
    assert isinstance(skipped, dg.SkipReason)
    line.drop("tickets", "a.json", TICKETS)  # somebody was still copying
    skipped, cursor = tick(line, cursor)
    assert isinstance(skipped, dg.SkipReason)
    requests, cursor = tick(line, cursor)
    assert [request.tags["systems"] for request in requests] == ["tickets"]
    again, _ = tick(line, cursor)
    assert again[0].run_key == requests[0].run_key  # the daemon starts a run per key once


def test_what_a_run_has_loaded_is_no_news(line: Line) -> None:
    line.drop("tickets", "a.json", TICKETS)
    assert line.run().success
    _, cursor = tick(line, None)
    skipped, _ = tick(line, cursor)
    assert isinstance(skipped, dg.SkipReason)
    assert "Nothing has landed" in (skipped.skip_message or "")


def test_the_daily_run_starts_in_the_business_morning(deploy: Callable[..., Line]) -> None:
    line = deploy({"METRICS_BUSINESS_TIMEZONE": "Asia/Tokyo"})
    schedule = build_daily_schedule(line.deployment)
    assert schedule.execution_timezone == "Asia/Tokyo"
    assert schedule.job_name == "daily"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING


def run_dead_man(line: Line, instance: dg.DagsterInstance, cursor: str | None) -> str | None:
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    find_sensor(line, "dead_man_sensor")(context)
    return context.cursor


def test_a_silence_is_told_of_once(deploy: Callable[..., Line], httpserver: HTTPServer) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")
    clock = [NOW]
    line = deploy({"METRICS_SLACK_WEBHOOK": httpserver.url_for("/hook")}, lambda: clock[0])
    with dg.DagsterInstance.ephemeral() as instance:
        cursor = run_dead_man(line, instance, None)  # the watch begins
        clock[0] = NOW + DEAD_MAN_AFTER - timedelta(minutes=1)
        cursor = run_dead_man(line, instance, cursor)
        assert httpserver.log == []
        clock[0] = NOW + DEAD_MAN_AFTER
        cursor = run_dead_man(line, instance, cursor)
        clock[0] += timedelta(hours=5)
        run_dead_man(line, instance, cursor)
    ((request, _),) = httpserver.log
    assert "No daily run has succeeded for 28 hours" in request.get_json()["text"]


def test_a_successful_daily_run_ends_the_silence(deploy: Callable[..., Line], httpserver: HTTPServer) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    line = deploy({"METRICS_SLACK_WEBHOOK": httpserver.url_for("/hook")}, lambda: later)
    old = json.dumps({"watching_since": (later - timedelta(days=9)).isoformat()})
    with dg.DagsterInstance.ephemeral() as instance:
        result = (
            build_definitions(line.deployment).resolve_job_def("daily").execute_in_process(instance=instance)
        )
        assert result.success
        run_dead_man(line, instance, old)
    assert httpserver.log == []


def test_a_failed_run_is_told_with_its_step_and_nothing_of_its_data(
    deploy: Callable[..., Line], httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/hook", method="POST").respond_with_data("ok")
    line = deploy({"METRICS_SLACK_WEBHOOK": httpserver.url_for("/hook")})
    line.home.sources_file.write_text("not: [yaml")
    sensor = find_sensor(line, "failure_sensor")
    with dg.DagsterInstance.ephemeral() as instance:
        job = build_definitions(line.deployment).resolve_job_def("daily")
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        failure = next(e for e in result.all_events if e.event_type is dg.DagsterEventType.RUN_FAILURE)
        context = dg.build_run_status_sensor_context(
            sensor_name="failure_sensor",
            dagster_event=failure,
            dagster_instance=instance,
            dagster_run=result.dagster_run,
        )
        sensor(context.for_run_failure())
    ((request, _),) = httpserver.log
    text = request.get_json()["text"]
    assert result.run_id in text
    assert "failed in landing" in text
    assert "yaml" not in text


@pytest.mark.parametrize("answer", ["refuses", "is not there"])
def test_a_webhook_that_fails_is_logged_without_its_address(
    httpserver: HTTPServer, caplog: pytest.LogCaptureFixture, answer: str
) -> None:
    """The address of a Slack webhook is a password."""
    url = httpserver.url_for("/services/T0/B0/secret-token")
    if answer == "is not there":
        url = "http://127.0.0.1:9/services/T0/B0/secret-token"
    else:
        httpserver.expect_request("/services/T0/B0/secret-token").respond_with_data("no", status=403)
    with caplog.at_level(logging.DEBUG, logger="notices"):
        sent = send_notice("Something is wrong", {"METRICS_SLACK_WEBHOOK": url}, logging.getLogger("notices"))
    assert not sent
    assert "Something is wrong" in caplog.text
    assert "METRICS_SLACK_WEBHOOK" in caplog.text
    assert "secret-token" not in "".join(r.getMessage() for r in caplog.records if r.name == "notices")


def test_without_a_webhook_the_log_has_the_notice(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, logger="notices"):
        assert not send_notice("Something is wrong", {}, logging.getLogger("notices"))
    assert caplog.messages == ["Something is wrong"]
