"""Pulling PagerDuty: windows, the offset cap, incidents that end late, UTC everywhere."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors import pagerduty as connector
from orchestration.connectors.pagerduty import PagerdutySource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source


class PagerdutyServer:
    """Offsets up to 10,000, ``total`` only when asked for, windows of at most six months.

    ``fail_at`` refuses the n-th request and all after it, ``busy`` is how many are refused for their number.
    """

    def __init__(self, server: HTTPServer) -> None:
        self.incidents: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.analytics: list[dict[str, Any]] = []
        self.offset_cap = 10_000
        self.fail_at: int | None = None
        self.busy = 0
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        path, args = request.path.strip("/"), dict(request.args)
        self.asked.append((path, args))
        if request.headers.get("Authorization") != "Token token=s3cret":
            return self._json({"error": {"message": "Invalid token"}}, 401)
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return self._json({"error": {"message": "Not implemented"}}, 501)
        if self.busy:
            self.busy -= 1
            refusal = self._json({"error": {"message": "Rate limit exceeded"}}, 429)
            refusal.headers["ratelimit-reset"] = "1"  # seconds from now
            return refusal
        if path == "analytics/raw/incidents":
            return self._search(request.get_json())
        if path.startswith("incidents/"):
            found = self.incidents.get(path.split("/")[1])
            return (
                self._json({"incident": found}) if found else self._json({"error": {"message": "gone"}}, 404)
            )
        return self._list(path, args)

    def _list(self, path: str, args: dict[str, str]) -> Response:
        rows: list[dict[str, Any]] = []
        if path == "incidents":
            since, until = datetime.fromisoformat(args["since"]), datetime.fromisoformat(args["until"])
            if until - since > timedelta(days=180):
                return self._json({"error": {"message": "Time range exceeds 6 months"}}, 400)
            rows = [i for i in self.incidents.values() if args["since"] <= i["created_at"] < args["until"]]
            rows.sort(key=lambda row: row["created_at"])
        elif path in ("services", "users", "schedules"):
            rows = [{"id": f"{path}-{number}"} for number in range(150)]
        offset, limit = int(args.get("offset", 0)), int(args["limit"])
        if offset + limit > self.offset_cap:
            return self._json({"error": {"message": "Offset must be less"}}, 400)
        body: dict[str, Any] = {path: rows[offset : offset + limit], "more": offset + limit < len(rows)}
        return self._json({**body, "total": len(rows) if args.get("total") == "true" else None})

    def _search(self, payload: dict[str, Any]) -> Response:
        start = int(payload.get("starting_after") or 0)
        part = self.analytics[start : start + 2]
        more = start + 2 < len(self.analytics)
        return self._json({"data": part, "more": more, "last": str(start + 2)})

    def _json(self, body: object, status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")

    def add(self, identity: str, hours: float, status: str = "resolved") -> None:
        created = f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        self.incidents[identity] = {"id": identity, "created_at": created, "status": status}


@pytest.fixture
def pagerduty(httpserver: HTTPServer) -> PagerdutyServer:
    return PagerdutyServer(httpserver)


def pull(
    server: PagerdutyServer, home: DataHome, now: datetime = NOW, token: str = "s3cret", **options: Any
) -> PullOutcome:
    source = PagerdutySource(
        base_url=server.url,
        token_env="PD",
        since=date(2025, 1, 1),
        **{"tables": ["incidents"], "retries": 0, **options},
    )
    return pull_source("pagerduty", source, home, now, token)


def incident_states(home: DataHome) -> dict[str, str]:
    states = {}
    for body in landed(home, "pagerduty", "incidents"):
        for row in body.get("incidents", [body.get("incident")]):
            states[row["id"]] = row["status"]
    return states


def test_a_history_longer_than_six_months_is_read_in_windows(
    pagerduty: PagerdutyServer, home: DataHome
) -> None:
    for number in range(230):
        pagerduty.add(f"Q{number}", hours=number * 55)
    pull(pagerduty, home)
    assert set(incident_states(home)) == set(pagerduty.incidents)


def test_a_window_beyond_the_offset_cap_is_halved(
    pagerduty: PagerdutyServer, home: DataHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "OFFSET_CAP", 200)
    pagerduty.offset_cap = 400
    for number in range(900):
        pagerduty.add(f"Q{number}", hours=number / 10)
    pull(pagerduty, home)
    assert set(incident_states(home)) == set(pagerduty.incidents)


def test_an_incident_that_ends_after_its_window_is_asked_for_by_id(
    pagerduty: PagerdutyServer, home: DataHome
) -> None:
    pagerduty.add("QOLD", hours=24 * 30, status="triggered")
    pagerduty.add("QGONE", hours=24 * 30, status="triggered")
    pull(pagerduty, home)
    assert incident_states(home)["QOLD"] == "triggered"
    pagerduty.incidents["QOLD"]["status"] = "resolved"
    del pagerduty.incidents["QGONE"]
    pull(pagerduty, home, now=NOW + timedelta(days=1))
    assert incident_states(home)["QOLD"] == "resolved"
    before = len(pagerduty.asked)
    pull(pagerduty, home, now=NOW + timedelta(days=2))
    assert not [path for path, _ in pagerduty.asked[before:] if path.startswith("incidents/")]


def test_utc_is_asked_for_wherever_instants_come(pagerduty: PagerdutyServer, home: DataHome) -> None:
    pull(pagerduty, home, tables=["incidents", "log_entries", "on_calls"])
    timed = [args for path, args in pagerduty.asked if path in ("incidents", "log_entries", "oncalls")]
    assert timed
    assert all(args["time_zone"] == "UTC" for args in timed)


def test_lists_without_dates_are_read_whole(pagerduty: PagerdutyServer, home: DataHome) -> None:
    pull(pagerduty, home, tables=["services", "users"])
    found = {row["id"] for body in landed(home, "pagerduty", "services") for row in body["services"]}
    assert len(found) == 150


def test_analytics_are_read_by_cursor(pagerduty: PagerdutyServer, home: DataHome) -> None:
    pagerduty.analytics = [{"id": f"Q{number}"} for number in range(5)]
    pull(pagerduty, home, tables=["incidents_raw_csv"])
    found = {row["id"] for body in landed(home, "pagerduty", "incidents_raw_csv") for row in body["data"]}
    assert found == {f"Q{number}" for number in range(5)}


def test_a_window_ends_with_its_last_second_included(pagerduty: PagerdutyServer, home: DataHome) -> None:
    pagerduty.add("QEDGE", hours=0)
    pull(pagerduty, home, now=NOW.astimezone(UTC))
    assert "QEDGE" in incident_states(home)


def test_a_pull_that_dies_in_the_middle_goes_on_with_the_window_it_was_in(
    pagerduty: PagerdutyServer, home: DataHome
) -> None:
    for number in range(230):
        pagerduty.add(f"Q{number}", hours=number * 55, status="triggered" if number == 229 else "resolved")
    pagerduty.fail_at = 6
    with pytest.raises(PermanentError, match="pagerduty: HTTP 501: Not implemented"):
        pull(pagerduty, home)
    first = incident_states(home)
    assert 0 < len(first) < 230
    pagerduty.fail_at = None
    asked = len(pagerduty.asked)
    pull(pagerduty, home, now=NOW + timedelta(hours=2))
    rows = [row["id"] for body in landed(home, "pagerduty", "incidents") for row in body.get("incidents", [])]
    assert set(rows) == set(pagerduty.incidents)
    windows = [args["since"] for path, args in pagerduty.asked[asked:] if path == "incidents"]
    assert min(windows) > "2025-06-01"  # the first half-year had been finished
    assert ("incidents/Q229", {"time_zone": "UTC"}) in pagerduty.asked  # seen open by the pull that died


def test_a_spent_limit_is_waited_for_and_a_refused_key_is_not_tried_again(
    pagerduty: PagerdutyServer, home: DataHome
) -> None:
    pagerduty.add("Q1", hours=1)
    pagerduty.busy = 1
    assert pull(pagerduty, home, retries=2).seconds >= 1
    assert set(incident_states(home)) == {"Q1"}
    before = len(pagerduty.asked)
    with pytest.raises(PermanentError, match="pagerduty: HTTP 401: the token is missing, wrong or expired"):
        pull(pagerduty, home, token="wrong", retries=2)
    assert len(pagerduty.asked) == before + 1
