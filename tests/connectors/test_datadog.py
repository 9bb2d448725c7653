"""Pulling Datadog: two keys, SLOs by offset, history day by day, events by cursor."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors import datadog as connector
from orchestration.connectors.datadog import DatadogSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source

DAY = 86_400


class DatadogServer:
    """SLOs by offset and limit, a history with two-hour buckets, events by ``page[cursor]``."""

    def __init__(self, server: HTTPServer) -> None:
        self.slos: list[dict[str, Any]] = []
        self.events: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.fail_at: int | None = None
        self.busy = 0
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/api/.*")).respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        path, args = request.path.removeprefix("/api/"), dict(request.args)
        self.asked.append((path, args))
        if self.busy:
            self.busy -= 1
            return Response('{"errors": ["Rate limit of 60 requests"]}', 429, {"X-RateLimit-Reset": "1"})
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return self._json({"errors": ["Forbidden"]}, 403)
        keys = (request.headers.get("DD-API-KEY"), request.headers.get("DD-APPLICATION-KEY"))
        if keys != ("api", "app"):
            return self._json({"errors": ["Forbidden"]}, 403)
        if path == "v1/slo":
            offset, limit = int(args["offset"]), int(args["limit"])
            return self._json({"data": self.slos[offset : offset + limit], "errors": []})
        if path.endswith("/history"):
            begin, end = int(args["from_ts"]), int(args["to_ts"])
            times = [second * 1000 for second in range(begin, end, 7200)]
            series = {"interval": 7200, "times": times, "numerator": {"values": [1.0] * len(times)}}
            return self._json({"data": {"from_ts": begin, "to_ts": end, "series": series}, "errors": None})
        return self._events(request, args)

    def _events(self, request: Request, args: dict[str, str]) -> Response:
        after, limit = args.get("page[cursor]", ""), int(args["page[limit]"])
        found = [
            {"id": identity, "type": "event", "attributes": {"timestamp": at}}
            for identity, at in sorted(self.events.items())
            if args["filter[from]"] <= at <= args["filter[to]"] and identity > after
        ]
        body: dict[str, Any] = {"data": found[:limit], "meta": {"page": {}}}
        if len(found) > limit:
            more = {**args, "page[cursor]": found[limit - 1]["id"]}
            query = "&".join(f"{quote(k)}={quote(v)}" for k, v in more.items())
            body["links"] = {"next": f"{request.base_url}?{query}"}
        return self._json(body)

    def _json(self, body: object, status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")

    def add_event(self, number: int, hours: float) -> None:
        self.events[f"e-{number:04d}"] = (NOW - timedelta(hours=hours)).isoformat()


@pytest.fixture
def datadog(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> DatadogServer:
    monkeypatch.setattr(connector, "PAGE_SIZE", 40)
    return DatadogServer(httpserver)


def pull(server: DatadogServer, home: DataHome, now: datetime = NOW, **options: Any) -> PullOutcome:
    secret = options.pop("secret", "api:app")
    given = {"since": date(2026, 6, 10), "retries": 2, "retry_backoff_seconds": 0, **options}
    source = DatadogSource(base_url=server.url, token_env="DATADOG_KEYS", **given)
    return pull_source("datadog", source, home, now, secret)


def days(home: DataHome, slo_id: str) -> list[date]:
    """Days whose history was landed, in order of landing."""
    spans = [body["data"] for body in landed(home, "datadog", f"slo_history/{slo_id}")]
    assert all(span["to_ts"] - span["from_ts"] == DAY and span["from_ts"] % DAY == 0 for span in spans)
    return [datetime.fromtimestamp(span["from_ts"], UTC).date() for span in spans]


def event_ids(home: DataHome) -> list[str]:
    return [row["id"] for body in landed(home, "datadog", "monitor_events") for row in body["data"]]


def test_slos_are_read_whole_and_their_history_in_days_that_are_over(
    datadog: DatadogServer, home: DataHome
) -> None:
    """A younger SLO has no history before the day on which it was made."""
    made = int(datetime(2026, 6, 13, 9, tzinfo=UTC).timestamp())
    datadog.slos = [{"id": f"s-{number:02d}", "created_at": 0} for number in range(40)]
    datadog.slos.append({"id": "young", "created_at": made})
    pull(datadog, home, tables=["slos", "slo_history"])
    assert [len(body["data"]) for body in landed(home, "datadog", "slos")] == [40, 1]
    assert days(home, "s-39") == [date(2026, 6, day) for day in range(10, 15)]
    assert days(home, "young") == [date(2026, 6, 13), date(2026, 6, 14)]


def test_a_second_pull_asks_again_for_the_days_that_may_have_been_corrected(
    datadog: DatadogServer, home: DataHome
) -> None:
    datadog.slos = [{"id": "s", "created_at": 0}]
    datadog.add_event(1, hours=40)
    pull(datadog, home)
    datadog.add_event(2, hours=30)  # told late
    datadog.add_event(3, hours=-2)
    pull(datadog, home, now=NOW + timedelta(hours=24))
    assert days(home, "s")[5:] == [date(2026, 6, day) for day in range(12, 16)]
    assert event_ids(home) == ["e-0001", "e-0001", "e-0002", "e-0003"]


def test_a_pull_that_dies_in_the_middle_goes_on_with_the_day_and_the_page_it_was_at(
    datadog: DatadogServer, home: DataHome
) -> None:
    datadog.slos = [{"id": "s", "created_at": 0}]
    for number in range(130):
        datadog.add_event(number, hours=100 - number / 10)
    datadog.fail_at = 4  # after the SLOs and two days
    with pytest.raises(PermanentError, match="datadog: HTTP 403"):
        pull(datadog, home, overlap_days=0)
    assert days(home, "s") == [date(2026, 6, 10), date(2026, 6, 11)]
    datadog.fail_at = len(datadog.asked) + 7  # after the SLOs, three days and two pages of events
    with pytest.raises(PermanentError):
        pull(datadog, home, now=NOW + timedelta(hours=1), overlap_days=0)
    assert days(home, "s") == [date(2026, 6, day) for day in range(10, 15)]
    assert event_ids(home) == sorted(datadog.events)[:80]
    datadog.fail_at = None
    pull(datadog, home, now=NOW + timedelta(hours=2), overlap_days=0)
    assert days(home, "s") == [date(2026, 6, day) for day in range(10, 15)]
    assert event_ids(home) == sorted(datadog.events)


def test_a_spent_limit_is_waited_for(datadog: DatadogServer, home: DataHome) -> None:
    datadog.add_event(1, hours=2)
    datadog.busy = 1
    assert pull(datadog, home, tables=["monitor_events"]).seconds >= 1
    assert event_ids(home) == ["e-0001"]
    assert datadog.asked[-1][1]["filter[query]"] == "source:alert"


def test_a_refused_key_is_named_and_not_tried_again(datadog: DatadogServer, home: DataHome) -> None:
    with pytest.raises(PermanentError, match="datadog: HTTP 403: the token may not read this"):
        pull(datadog, home, secret="api:wrong")
    assert len(datadog.asked) == 1


@pytest.mark.parametrize("secret", ["api", "api:", ":app"])
def test_one_key_alone_is_refused_before_anything_is_asked(
    datadog: DatadogServer, home: DataHome, secret: str
) -> None:
    with pytest.raises(PermanentError, match="DATADOG_KEYS must hold <api key>:<application key>"):
        pull(datadog, home, secret=secret)
    assert datadog.asked == []
