"""Pulling Greenhouse over Harvest v1: pages by link, what changed since, the feed of everybody who moved."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors import greenhouse_v1 as connector
from orchestration.connectors.greenhouse import GreenhouseSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError, TransientError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source


class GreenhouseServer:
    """Lists of two a page behind Link headers that cannot be guessed, filters, feeds by candidate."""

    def __init__(self, server: HTTPServer) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {name: [] for name in connector.CHANGED_AFTER}
        self.gone: set[int] = set()
        self.refusals: dict[str, list[Response]] = {}
        self.cuts_at_token: str | None = None
        self.asked: list[str] = []
        self.base_url = server.url_for("").rstrip("/")
        self.url = f"{self.base_url}/v1"
        server.expect_request(re.compile("/.*")).respond_with_handler(self._handle)

    def apply(self, identity: int, hours: float, candidate: int | None = None, **members: Any) -> None:
        self.lists["applications"] = [a for a in self.lists["applications"] if a["id"] != identity]
        moved = f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S.000Z}"
        application = {"id": identity, "candidate_id": candidate or identity, "prospect": False}
        self.lists["applications"].append({**application, "last_activity_at": moved, **members})

    def _handle(self, request: Request) -> Response:
        path, args = request.path.removeprefix("/v1/"), dict(request.args)
        self.asked.append(path)
        if request.headers.get("Authorization") != f"Basic {base64.b64encode(b's3cret:').decode()}":
            return Response('{"message": "Invalid Basic Auth credentials"}', status=401)
        if self.refusals.get(path):
            return self.refusals[path].pop(0)
        if self.cuts_at_token is not None and args.get("token") == self.cuts_at_token:
            return Response("", status=500)
        if path.startswith("candidates/"):
            candidate = int(path.split("/")[1])
            if candidate in self.gone:
                return Response('{"message": "Resource not found"}', status=404)
            return self._json({"activities": [{"id": candidate * 10, "subject": "Candidate Stage Change"}]})
        rows = self.lists[path]
        if name := connector.CHANGED_AFTER[path]:
            field = {"last_activity_after": "last_activity_at", "updated_after": "updated_at"}[name]
            rows = [row for row in rows if row[field] >= args[name]]
        start = int(args.get("token", "t0")[1:])
        answer = self._json(rows[start : start + 2])
        if start + 2 < len(rows):
            query = f"{name}={args[name]}&" if name else ""
            answer.headers["Link"] = f'<{self.url}/{path}?{query}token=t{start + 2}>; rel="next"'
        return answer

    def _json(self, body: object) -> Response:
        return Response(json.dumps(body), content_type="application/json")


@pytest.fixture
def greenhouse(httpserver: HTTPServer) -> GreenhouseServer:
    return GreenhouseServer(httpserver)


def pull(server: GreenhouseServer, home: DataHome, days: int = 0, **options: Any) -> PullOutcome:
    source = GreenhouseSource(
        base_url=server.base_url,
        version="v1",
        token_env="GH",
        since=date(2025, 1, 1),
        **{"retries": 0, "retry_backoff_seconds": 0, **options},
    )
    return pull_source("greenhouse", source, home, NOW + timedelta(days=days), "s3cret")


def found(home: DataHome, table: str) -> Counter[int]:
    return Counter(row["id"] for body in landed(home, "greenhouse", table) for row in body)


def feeds(home: DataHome) -> set[str]:
    return {path.parent.name for path in (home.landing / "greenhouse" / "activity_feed").rglob("*.json")}


def test_a_first_pull_follows_every_link(greenhouse: GreenhouseServer, home: DataHome) -> None:
    greenhouse.lists["jobs"] = [{"id": number, "openings": []} for number in range(7)]
    for number in range(1, 6):
        greenhouse.apply(number, hours=number)
    greenhouse.apply(9, hours=1, prospect=True)
    pull(greenhouse, home)
    assert found(home, "jobs") == Counter(range(7))
    assert found(home, "applications") == Counter([1, 2, 3, 4, 5, 9])
    assert feeds(home) == {"1", "2", "3", "4", "5"}  # prospects have no stages


def test_a_later_pull_takes_what_changed_late_and_leaves_the_rest(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    for number in range(1, 6):
        greenhouse.apply(number, hours=24 * 30)
    pull(greenhouse, home)
    # Written before the watermark and seen after it: the overlap reads back for it.
    greenhouse.apply(2, hours=30, status="hired")
    before = len(greenhouse.asked)
    pull(greenhouse, home, days=1, overlap_days=3)
    assert found(home, "applications") == Counter([1, 2, 2, 3, 4, 5])
    assert [path for path in greenhouse.asked[before:] if "activity" in path] == [
        "candidates/2/activity_feed"
    ]


def test_an_opening_that_closes_without_its_job_changing_is_seen(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    job = {"id": 1, "updated_at": "2025-01-01T00:00:00Z", "openings": [{"id": 5, "status": "open"}]}
    greenhouse.lists["jobs"] = [job]
    pull(greenhouse, home)
    greenhouse.lists["jobs"] = [{**job, "openings": [{"id": 5, "status": "closed"}]}]
    pull(greenhouse, home, days=9)
    states = [body[0]["openings"][0]["status"] for body in landed(home, "greenhouse", "jobs")]
    assert states == ["open", "closed"]


def test_a_pull_killed_between_pages_loses_nothing_and_asks_no_feed_twice(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    for number in range(1, 8):
        greenhouse.apply(number, hours=24)
    greenhouse.refusals["candidates/5/activity_feed"] = [Response("", status=502)]
    with pytest.raises(TransientError):
        pull(greenhouse, home)
    assert feeds(home) == {"1", "2", "3", "4"}
    pull(greenhouse, home)
    assert feeds(home) == {"1", "2", "3", "4", "5", "6", "7"}
    asked = Counter(path for path in greenhouse.asked if "activity" in path)
    assert asked["candidates/1/activity_feed"] == 1
    assert asked["candidates/5/activity_feed"] == 2


def test_a_list_killed_between_pages_is_read_again_from_its_watermark(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    for number in range(1, 8):
        greenhouse.apply(number, hours=24)
    greenhouse.cuts_at_token = "t4"
    with pytest.raises(TransientError):
        pull(greenhouse, home, tables=["applications"])
    assert sum(found(home, "applications").values()) == 4
    greenhouse.cuts_at_token = None
    pull(greenhouse, home, tables=["applications"])
    assert set(found(home, "applications")) == set(range(1, 8))


def test_a_rate_limit_is_waited_out(greenhouse: GreenhouseServer, home: DataHome) -> None:
    greenhouse.apply(1, hours=1)
    limit = Response('{"message": "Rate limit exceeded"}', status=429, headers={"Retry-After": "0"})
    greenhouse.refusals["applications"] = [limit, limit]
    pull(greenhouse, home, retries=3, tables=["applications"])
    assert found(home, "applications") == Counter([1])
    assert greenhouse.asked.count("applications") == 3


def test_a_key_without_the_permission_is_named_and_not_asked_again(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    refusal = '{"message": "This API Key does not have permission for this endpoint"}'
    greenhouse.refusals["offers"] = [Response(refusal, status=403)] * 4
    with pytest.raises(PermanentError, match=r"greenhouse: HTTP 403.*does not have permission.*offers"):
        pull(greenhouse, home, retries=3)
    assert greenhouse.asked.count("offers") == 1


def test_a_candidate_who_was_deleted_stops_nobody_else(greenhouse: GreenhouseServer, home: DataHome) -> None:
    greenhouse.apply(1, hours=1)
    greenhouse.apply(2, hours=1)
    greenhouse.gone = {1}
    pull(greenhouse, home)
    assert feeds(home) == {"2"}


def test_no_id_of_a_candidate_is_in_a_path_that_is_kept(greenhouse: GreenhouseServer, home: DataHome) -> None:
    greenhouse.apply(31, hours=1, candidate=424242)
    pull(greenhouse, home)
    assert feeds(home) == {"31"}
    kept = [path for path in home.root.rglob("*") if path.is_file() and home.landing not in path.parents]
    assert kept
    assert not [path for path in kept if "424242" in path.read_text(encoding="utf-8")]
