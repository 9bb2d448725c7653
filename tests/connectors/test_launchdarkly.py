"""Pulling LaunchDarkly's audit log: links of the body, what is new, a walk that is cut off, its limits."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.launchdarkly import LaunchdarklySource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source


class LaunchdarklyServer:
    """Newest first, at most 20 a page, links without a host, the token without a scheme."""

    def __init__(self, server: HTTPServer) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, str]] = []
        self.fail_at: int | None = None
        self.busy = 0
        self.busy_headers: dict[str, str] = {}
        self.url = server.url_for("/api/v2").rstrip("/")
        server.expect_request(re.compile("/api/v2/.*")).respond_with_handler(self._handle)

    def add(self, number: int, hours: float) -> None:
        identity = f"e{number:04d}"
        instant = int((NOW - timedelta(hours=hours)).timestamp() * 1000)
        self.entries[identity] = {"_id": identity, "date": instant, "kind": "flag"}

    def _handle(self, request: Request) -> Response:
        args = dict(request.args)
        self.asked.append(args)
        if self.busy:
            self.busy -= 1
            return self._json({"message": "rate limited"}, 429, self.busy_headers)
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return self._json({"code": "internal", "message": "broken"}, 501)
        if request.path != "/api/v2/auditlog" or request.headers.get("Authorization") != "api-s3cret":
            return self._json({"code": "unauthorized", "message": "Invalid access token"}, 401)
        after, before = int(args["after"]), int(args["before"])
        rows = [row for row in self.entries.values() if after < row["date"] < before]
        rows.sort(key=lambda row: row["date"], reverse=True)
        size = min(20, int(args["limit"]))
        page, rest = rows[:size], rows[size:]
        links: dict[str, Any] = {"self": {"href": request.full_path, "type": "application/json"}}
        if rest:
            address = (
                f"/api/v2/auditlog?after={after}&before={page[-1]['date']}&limit={size}&spec={args['spec']}"
            )
            links["next"] = {"href": address, "type": "application/json"}
        return self._json({"items": page, "_links": links})

    def _json(self, body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json", headers=headers)


@pytest.fixture
def launchdarkly(httpserver: HTTPServer) -> LaunchdarklyServer:
    return LaunchdarklyServer(httpserver)


def pull(
    server: LaunchdarklyServer, home: DataHome, now: datetime = NOW, token: str = "api-s3cret", **options: Any
) -> PullOutcome:
    source = LaunchdarklySource(
        base_url=server.url,
        token_env="LD",
        since=date(2026, 1, 1),
        **{"retries": 3, "retry_backoff_seconds": 0, **options},
    )
    return pull_source("launchdarkly", source, home, now, token)


def entry_ids(home: DataHome) -> list[str]:
    return [row["_id"] for body in landed(home, "launchdarkly", "audit_log_entries") for row in body["items"]]


def test_a_first_pull_reads_everything_since_the_beginning_that_was_asked_for(
    launchdarkly: LaunchdarklyServer, home: DataHome
) -> None:
    for number in range(50):
        launchdarkly.add(number, hours=number + 1)
    launchdarkly.add(99, hours=24 * 300)
    pull(launchdarkly, home)
    assert entry_ids(home) == [f"e{number:04d}" for number in range(50)]
    assert {args["spec"] for args in launchdarkly.asked} == {"proj/*:env/*:flag/*"}


def test_a_second_pull_reads_what_is_new_and_what_came_in_late(
    launchdarkly: LaunchdarklyServer, home: DataHome
) -> None:
    launchdarkly.add(1, hours=24 * 9)
    pull(launchdarkly, home)
    launchdarkly.add(2, hours=20)  # happened before the first pull, shown only after it
    launchdarkly.add(3, hours=-1)
    pull(launchdarkly, home, now=NOW + timedelta(hours=2))
    assert entry_ids(home) == ["e0001", "e0003", "e0002"]


def test_a_pull_that_dies_in_the_middle_goes_on_where_it_was_with_nothing_missing_and_nothing_twice(
    launchdarkly: LaunchdarklyServer, home: DataHome
) -> None:
    for number in range(70):
        launchdarkly.add(number, hours=number + 1)
    launchdarkly.fail_at = 3
    with pytest.raises(PermanentError, match="launchdarkly: HTTP 501: broken"):
        pull(launchdarkly, home)
    assert len(entry_ids(home)) == 40
    launchdarkly.fail_at = None
    launchdarkly.add(70, hours=-1)
    pull(launchdarkly, home, now=NOW + timedelta(hours=5))
    assert entry_ids(home) == [f"e{number:04d}" for number in range(70)]
    pull(launchdarkly, home, now=NOW + timedelta(hours=6), overlap_days=0)
    assert entry_ids(home)[70:] == ["e0070"]


def test_a_spent_limit_is_waited_for_until_the_millisecond_that_the_header_names(
    launchdarkly: LaunchdarklyServer, home: DataHome
) -> None:
    """Read as seconds, the header would ask to wait for fifty thousand years."""
    launchdarkly.add(1, hours=1)
    launchdarkly.busy = 2
    launchdarkly.busy_headers = {"X-Ratelimit-Reset": str(int(datetime.now().timestamp() * 1000))}
    pull(launchdarkly, home)
    assert entry_ids(home) == ["e0001"]
    assert len(launchdarkly.asked) == 3


def test_a_refused_token_is_named_and_not_tried_again(
    launchdarkly: LaunchdarklyServer, home: DataHome
) -> None:
    with pytest.raises(
        PermanentError, match="HTTP 401: the token is missing, wrong or expired: Invalid access"
    ):
        pull(launchdarkly, home, token="wrong")
    assert len(launchdarkly.asked) == 1
    assert not (home.cursors / "launchdarkly.json").exists()
