"""Pulling BambooHR: whole states, a list of fields that is asked for, keys that see too little."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.bamboohr import FIELDS, BamboohrSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError, TransientError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source

PRIVATE = {"firstName": "Ada", "dateOfBirth": "1980-01-01", "payRate": "98765.43", "homeEmail": "a@b.example"}


class BamboohrServer:
    """A report of the fields that are asked for, two histories, refusals that are queued up by path."""

    def __init__(self, server: HTTPServer) -> None:
        self.employees: list[dict[str, Any]] = [
            {"id": "1", "hireDate": "2024-03-01", "terminationDate": "0000-00-00", **PRIVATE}
        ]
        self.histories: dict[str, list[dict[str, Any]]] = {"employmentStatus": [], "jobInfo": []}
        self.hidden: set[str] = set()
        self.refusals: dict[str, list[Response]] = {}
        self.asked: list[str] = []
        self.url = server.url_for("").rstrip("/")
        server.expect_request("/reports/custom", method="POST").respond_with_handler(self._report)
        for name in self.histories:
            server.expect_request(f"/employees/all/tables/{name}").respond_with_handler(self._history)

    def refuse(self, path: str, *responses: Response) -> None:
        self.refusals[path] = list(responses)

    def _checked(self, request: Request) -> Response | None:
        path = request.path.strip("/")
        self.asked.append(path)
        if request.headers.get("Authorization") != f"Basic {base64.b64encode(b's3cret:x').decode()}":
            return Response("", status=401)
        queue = self.refusals.get(path)
        return queue.pop(0) if queue else None

    def _report(self, request: Request) -> Response:
        if refused := self._checked(request):
            return refused
        assert dict(request.args) == {"format": "JSON", "onlyCurrent": "false"}
        fields = [name for name in request.get_json()["fields"] if name not in self.hidden]
        rows = [{name: row.get(name) for name in ("id", *fields)} for row in self.employees]
        body = {"title": "x", "fields": [{"id": name, "type": "text"} for name in fields], "employees": rows}
        return Response(json.dumps(body), content_type="application/json")

    def _history(self, request: Request) -> Response:
        if refused := self._checked(request):
            return refused
        rows = self.histories[request.path.split("/")[-1]]
        return Response(json.dumps(rows), content_type="application/json")


@pytest.fixture
def bamboohr(httpserver: HTTPServer) -> BamboohrServer:
    return BamboohrServer(httpserver)


def pull(
    server: BamboohrServer, home: DataHome, days: int = 0, secret: str = "s3cret", **options: Any
) -> PullOutcome:
    source = BamboohrSource(
        base_url=server.url, token_env="BHR", **{"retries": 0, "retry_backoff_seconds": 0, **options}
    )
    return pull_source("bamboohr", source, home, NOW + timedelta(days=days), secret)


def test_a_first_pull_lands_everybody_and_asks_for_nothing_that_no_figure_needs(
    bamboohr: BamboohrServer, home: DataHome
) -> None:
    assert pull(bamboohr, home).requests == 3
    (report,) = landed(home, "bamboohr", "employees")
    assert [set(row) for row in report["employees"]] == [set(FIELDS)]
    text = json.dumps(report)
    assert not [value for value in PRIVATE.values() if value in text]


def test_a_back_dated_edit_and_a_deleted_row_are_in_the_next_pull(
    bamboohr: BamboohrServer, home: DataHome
) -> None:
    bamboohr.histories["employmentStatus"] = [
        {"id": "1", "employeeId": "1", "date": "2024-03-01", "employmentStatus": "Full-Time"},
        {"id": "2", "employeeId": "1", "date": "2026-05-01", "employmentStatus": "Terminated"},
    ]
    pull(bamboohr, home)
    bamboohr.histories["employmentStatus"] = [
        {"id": "1", "employeeId": "1", "date": "2024-02-01", "employmentStatus": "Full-Time"}
    ]
    pull(bamboohr, home, days=1)
    first, second = landed(home, "bamboohr", "employment_statuses")
    assert [row["date"] for row in first] == ["2024-03-01", "2026-05-01"]
    assert [row["date"] for row in second] == ["2024-02-01"]
    folders = {
        path.parent.name for path in (home.landing / "bamboohr" / "employment_statuses").rglob("*.json")
    }
    assert len(folders) == 2  # each state is a delivery of its own time


@pytest.mark.parametrize("status", [503, 429])
def test_a_rate_limit_is_waited_out(bamboohr: BamboohrServer, home: DataHome, status: int) -> None:
    limit = Response("", status=status, headers={"Retry-After": "0"})
    bamboohr.refuse("employees/all/tables/jobInfo", limit, limit)
    pull(bamboohr, home, retries=3)
    assert len(landed(home, "bamboohr", "job_information")) == 1
    assert bamboohr.asked.count("employees/all/tables/jobInfo") == 3


def test_a_pull_that_broke_off_is_whole_after_the_next(bamboohr: BamboohrServer, home: DataHome) -> None:
    bamboohr.refuse("employees/all/tables/employmentStatus", Response("", status=502))
    with pytest.raises(TransientError, match="502"):
        pull(bamboohr, home)
    assert landed(home, "bamboohr", "employment_statuses") == []
    pull(bamboohr, home, days=1)
    assert len(landed(home, "bamboohr", "employment_statuses")) == 1
    assert len(landed(home, "bamboohr", "job_information")) == 1


def test_a_refused_key_is_said_once_and_not_asked_again(bamboohr: BamboohrServer, home: DataHome) -> None:
    bamboohr.refuse("reports/custom", *[Response("", status=401)] * 5)
    with pytest.raises(PermanentError, match=r"bamboohr: HTTP 401: the token is missing, wrong or expired"):
        pull(bamboohr, home, retries=4)
    assert bamboohr.asked == ["reports/custom"]


def test_a_key_that_may_not_see_a_field_is_an_error_that_names_it(
    bamboohr: BamboohrServer, home: DataHome
) -> None:
    bamboohr.hidden = {"terminationDate"}
    with pytest.raises(PermanentError, match="may not see terminationDate"):
        pull(bamboohr, home)
    assert landed(home, "bamboohr", "employees") == []
