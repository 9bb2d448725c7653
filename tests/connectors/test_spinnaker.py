"""Pulling Spinnaker: indices oldest first, executions that end late, a walk that is cut off, refusals."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.refusals import PermanentError
from orchestration.connectors.spinnaker import SpinnakerSource
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source


class GateServer:
    """Bare arrays by ``startIndex`` and ``size`` (10 if not asked), newest first unless reversed."""

    def __init__(self, server: HTTPServer) -> None:
        self.executions: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, str]] = []
        self.fail_at: int | None = None
        self.busy = 0
        self.url = server.url_for("/gate").rstrip("/")
        server.expect_request(re.compile("/gate/.*")).respond_with_handler(self._handle)

    def add(self, number: int, hours: float, status: str = "SUCCEEDED") -> None:
        at = int((NOW - timedelta(hours=hours)).timestamp() * 1000)
        self.executions[f"E{number:05d}"] = {
            "id": f"E{number:05d}",
            "application": "shop",
            "status": status,
            "buildTime": at,
            "stages": [{"id": f"S{number}", "type": "deploy", "context": {"account": "prod"}}],
        }

    def _handle(self, request: Request) -> Response:
        self.asked.append({"path": request.path, **request.args})
        if self.busy:
            self.busy -= 1
            return self._json({"error": "Too Many Requests"}, 429)
        if self.fail_at == len(self.asked):
            return Response("<html>Sign in</html>", status=200, content_type="text/html")
        args = request.args
        if request.path == "/gate/executions":
            asked = args["executionIds"].split(",")
            return self._json([self._shown(self.executions[i], args) for i in asked if i in self.executions])
        assert request.path == "/gate/applications/shop/executions/search"
        first, size = int(args.get("startIndex", 0)), int(args.get("size", 10))
        rows = [
            e for e in self.executions.values() if e["buildTime"] >= int(args["triggerTimeStartBoundary"])
        ]
        rows.sort(key=lambda e: (e["buildTime"], e["id"]), reverse=args.get("reverse") != "true")
        return self._json([self._shown(row, args) for row in rows[first : first + size]])

    def _shown(self, execution: dict[str, Any], args: Any) -> dict[str, Any]:
        if args.get("expand") == "true":
            return execution
        return {**execution, "stages": [{"id": stage["id"]} for stage in execution["stages"]]}

    def _json(self, body: object, status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")


@pytest.fixture
def gate(httpserver: HTTPServer) -> GateServer:
    return GateServer(httpserver)


def pull(server: GateServer, home: DataHome, now: Any = NOW, **options: Any) -> None:
    source = SpinnakerSource(
        base_url=server.url,
        applications=["shop"],
        since=date(2026, 1, 1),
        **{"retries": 3, "retry_backoff_seconds": 0, **options},
    )
    pull_source("spinnaker", source, home, now, "s3cret")


def ids(home: DataHome, table: str = "executions") -> list[str]:
    return [execution["id"] for body in landed(home, "spinnaker", table) for execution in body]


def expected(*numbers: int) -> list[str]:
    return [f"E{number:05d}" for number in numbers]


def test_a_first_pull_reads_oldest_first_to_the_end_with_the_context_of_the_stages(
    gate: GateServer, home: DataHome
) -> None:
    for number in range(250):
        gate.add(number, hours=500 - number)
    gate.add(999, hours=24 * 300)  # before `since`
    pull(gate, home)
    assert ids(home) == ids(home, "stages") == expected(*range(250))
    assert [args["startIndex"] for args in gate.asked] == ["0", "100", "200"]
    (first, *_) = landed(home, "spinnaker", "stages")
    assert first[0]["stages"][0]["context"] == {"account": "prod"}


def test_a_second_pull_asks_from_a_little_before_the_first_and_for_those_that_ran_still(
    gate: GateServer, home: DataHome
) -> None:
    gate.add(1, hours=24 * 20, status="RUNNING")
    gate.add(2, hours=24 * 20, status="RUNNING")
    gate.add(3, hours=24 * 19)
    pull(gate, home)
    gate.executions["E00001"]["status"] = "TERMINAL"
    gate.add(4, hours=-1)
    pull(gate, home, now=NOW + timedelta(hours=2))
    boundary = int((NOW - timedelta(days=1)).timestamp() * 1000)
    assert gate.asked[1]["triggerTimeStartBoundary"] == str(boundary)
    assert gate.asked[2]["executionIds"] == "E00001,E00002"
    assert ids(home)[3:] == expected(4, 1, 2)
    pull(gate, home, now=NOW + timedelta(hours=4))
    assert gate.asked[-1]["executionIds"] == "E00002"


def test_what_is_deleted_or_waits_for_longer_than_anybody_looks_is_asked_for_no_more(
    gate: GateServer, home: DataHome
) -> None:
    gate.add(1, hours=24 * 29, status="PAUSED")
    gate.add(2, hours=24 * 2, status="RUNNING")
    pull(gate, home)
    del gate.executions["E00002"]
    pull(gate, home, now=NOW + timedelta(days=2))
    asked = len(gate.asked)
    pull(gate, home, now=NOW + timedelta(days=3))
    assert len(gate.asked) == asked + 1


def test_a_pull_that_dies_in_the_middle_goes_on_where_it_was_with_nothing_missing_and_nothing_twice(
    gate: GateServer, home: DataHome
) -> None:
    """What is triggered meanwhile comes at the end, so the indices still fit."""
    for number in range(350):
        gate.add(number, hours=500 - number)
    gate.fail_at = 3
    with pytest.raises(PermanentError, match="spinnaker: HTML instead of JSON: a sign-in page"):
        pull(gate, home)
    assert len(ids(home)) == 200
    gate.fail_at = None
    gate.add(350, hours=-1)
    pull(gate, home, now=NOW + timedelta(hours=2))
    assert ids(home) == expected(*range(351))


def test_an_execution_that_ran_when_the_walk_died_is_not_forgotten(gate: GateServer, home: DataHome) -> None:
    gate.add(0, hours=24 * 25, status="RUNNING")
    for number in range(1, 150):
        gate.add(number, hours=24 * 20)
    gate.fail_at = 2
    with pytest.raises(PermanentError):
        pull(gate, home)
    gate.fail_at = None
    gate.executions["E00000"]["status"] = "SUCCEEDED"
    pull(gate, home, now=NOW + timedelta(hours=1))
    (*_, last) = landed(home, "spinnaker", "executions")
    assert [(e["id"], e["status"]) for e in last] == [("E00000", "SUCCEEDED")]


def test_a_gate_that_is_busy_is_asked_again(gate: GateServer, home: DataHome) -> None:
    gate.add(1, hours=1)
    gate.busy = 2
    pull(gate, home)
    assert ids(home) == expected(1)


def test_a_sign_in_page_is_named_and_not_asked_for_again(gate: GateServer, home: DataHome) -> None:
    gate.fail_at = 1
    with pytest.raises(PermanentError, match="sign-in page"):
        pull(gate, home)
    assert len(gate.asked) == 1
    assert not (home.cursors / "spinnaker.json").exists()
