"""Schedule and landing sensor: when they start what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg

from orchestration.automation import build_daily_schedule, build_landing_sensor
from tests.dagster.conftest import TICKETS, Line


def tick(line: Line, cursor: str | None) -> tuple[Any, str | None]:
    """One evaluation of the landing sensor: what it asks for, and the cursor that it leaves."""
    sensor = build_landing_sensor(line.deployment)
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
