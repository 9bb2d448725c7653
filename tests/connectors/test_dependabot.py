"""Pulling GitHub's alerts: newest first to the watermark, switched-off repositories, a cut-off walk."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.dependabot import DependabotSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source

REPOSITORY = "acme/shop"


def text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


class AlertsServer:
    """Dependabot pages by cursor, code scanning by page number; both newest update first, 100 a page."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.alerts: dict[int, dict[str, Any]] = {}
        self.scans: dict[int, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.fail_at: int | None = None
        self.refusals: dict[str, tuple[int, str]] = {}
        self.quota_spent = 0
        server.expect_request(re.compile("/repos/.*")).respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        path = request.path.removeprefix(f"/repos/{REPOSITORY}/")
        self.asked.append(f"{path}?{request.query_string.decode()}")
        if self.quota_spent:
            self.quota_spent -= 1
            reset = str(int(NOW.timestamp()))
            return Response(
                '{"message": "API rate limit exceeded"}',
                status=403,
                headers={"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset},
            )
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return Response('{"message": "Bad credentials"}', status=401)
        if request.headers.get("Authorization") != "Bearer s3cret":
            return Response('{"message": "Bad credentials"}', status=401)
        if path in self.refusals:
            status, message = self.refusals[path]
            return Response(json.dumps({"message": message}), status=status)
        table = self.alerts if path == "dependabot/alerts" else self.scans
        rows = sorted(table.values(), key=lambda row: (row["updated_at"], row["number"]), reverse=True)
        if path == "dependabot/alerts":
            after = request.args.get("after", "")
            if after:
                key = tuple(after.split("~"))
                rows = [r for r in rows if (r["updated_at"], f"{r['number']:05d}") < key]
            page, more = rows[:100], len(rows) > 100
            mark = f"after={page[-1]['updated_at']}~{page[-1]['number']:05d}" if more else ""
        else:
            number = int(request.args.get("page", 1))
            page, more = rows[100 * (number - 1) : 100 * number], len(rows) > 100 * number
            mark = f"page={number + 1}"
        address = f"{self.server.url_for(request.path)}?per_page=100&sort=updated&direction=desc&{mark}"
        link = f'<{address}>; rel="next"'
        return Response(
            json.dumps(page), headers={"Link": link} if more else {}, content_type="application/json"
        )

    def add(self, number: int, hours: float, **more: Any) -> None:
        """An alert last updated ``hours`` before the standing clock."""
        instant = text(NOW - timedelta(hours=hours))
        self.alerts[number] = {"number": number, "state": "open", "updated_at": instant, **more}

    def add_scan(self, number: int, hours: float) -> None:
        """The same for code scanning."""
        self.scans[number] = {"number": number, "updated_at": text(NOW - timedelta(hours=hours))}


@pytest.fixture
def alerts(httpserver: HTTPServer) -> AlertsServer:
    return AlertsServer(httpserver)


def pull(server: AlertsServer, home: DataHome, now: datetime = NOW, **options: Any) -> PullOutcome:
    source = DependabotSource(
        base_url=server.server.url_for("").rstrip("/"),
        token_env="GITHUB_TOKEN",
        repositories=[REPOSITORY],
        since=date(2026, 1, 1),
        **{"tables": ["alerts"], "retries": 1, **options},
    )
    return pull_source("dependabot", source, home, now, "s3cret")


def numbers(home: DataHome, table: str = "alerts") -> list[int]:
    return [row["number"] for body in landed(home, "dependabot", table) for row in body]


def test_a_first_pull_lands_every_alert_however_old(alerts: AlertsServer, home: DataHome) -> None:
    for number in range(1, 251):
        alerts.add(number, hours=24 * number)
        alerts.add_scan(number, hours=number)
    pull(alerts, home, tables=["alerts", "code_scanning_alerts"])
    assert numbers(home) == list(range(1, 251))
    assert sorted(numbers(home, "code_scanning_alerts")) == list(range(1, 251))
    assert (home.landing / "dependabot/alerts/acme/shop").is_dir()


def test_a_second_pull_stops_at_the_watermark_and_sees_late_changes(
    alerts: AlertsServer, home: DataHome
) -> None:
    for number in range(1, 501):
        alerts.add(number, hours=24 * number)
    pull(alerts, home)
    before = len(alerts.asked)
    alerts.add(400, hours=-1, state="fixed")
    pull(alerts, home, now=NOW + timedelta(hours=2))
    assert len(alerts.asked) - before == 1
    newest = landed(home, "dependabot", "alerts")[-1]
    assert newest[0] == {"number": 400, "state": "fixed", "updated_at": text(NOW + timedelta(hours=1))}


def test_a_pull_that_dies_in_the_middle_goes_on_where_it_was_with_nothing_missing_and_nothing_twice(
    alerts: AlertsServer, home: DataHome
) -> None:
    for number in range(1, 451):
        alerts.add(number, hours=number)
    alerts.fail_at = 3
    with pytest.raises(PermanentError, match="dependabot: HTTP 401"):
        pull(alerts, home)
    assert len(numbers(home)) == 200
    alerts.fail_at = None
    pull(alerts, home, now=NOW + timedelta(hours=1))
    assert numbers(home) == list(range(1, 451))


def test_what_changed_while_a_cut_off_walk_rested_is_met_by_the_next_pull(
    alerts: AlertsServer, home: DataHome
) -> None:
    for number in range(1, 251):
        alerts.add(number, hours=24 * number)
    alerts.fail_at = 2
    with pytest.raises(PermanentError):
        pull(alerts, home, overlap_days=0)
    alerts.fail_at = None
    alerts.add(5, hours=-1, state="dismissed")
    pull(alerts, home, now=NOW + timedelta(hours=2), overlap_days=0)
    pull(alerts, home, now=NOW + timedelta(hours=3), overlap_days=0)
    told = {row["number"]: row["state"] for body in landed(home, "dependabot", "alerts") for row in body}
    assert told[5] == "dismissed"
    assert set(told) == set(range(1, 251))


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, "Dependabot alerts are disabled for this repository."),
        (404, "no analysis found"),
        (403, "Advanced Security must be enabled for this repository to use code scanning."),
    ],
)
def test_a_repository_in_which_nobody_looks_has_no_alerts(
    alerts: AlertsServer, home: DataHome, status: int, message: str
) -> None:
    alerts.refusals["dependabot/alerts"] = (status, message)
    alerts.add_scan(1, hours=1)
    pull(alerts, home, tables=["alerts", "code_scanning_alerts"])
    assert numbers(home) == []
    assert numbers(home, "code_scanning_alerts") == [1]


def test_a_token_without_the_scope_is_named_and_not_tried_again(alerts: AlertsServer, home: DataHome) -> None:
    alerts.refusals["dependabot/alerts"] = (403, "Resource not accessible by personal access token")
    with pytest.raises(PermanentError, match="HTTP 403: the token may not read this: Resource"):
        pull(alerts, home)
    assert len(alerts.asked) == 1


def test_a_spent_quota_is_waited_for(alerts: AlertsServer, home: DataHome) -> None:
    alerts.add(1, hours=1)
    alerts.quota_spent = 1
    pull(alerts, home)
    assert numbers(home) == [1]
    assert len(alerts.asked) == 2
