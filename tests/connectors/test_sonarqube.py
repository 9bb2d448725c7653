"""Pulling SonarQube: the cap of 10,000, what changed late, hotspots, measures, refusals."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors import sonarqube as connector
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.connectors.sonarqube import SonarqubeSource
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source

PROJECT = "acme:shop"
FORMAT = "%Y-%m-%dT%H:%M:%S+0000"


class SonarqubeServer:
    """``p`` and ``ps`` up to a cap, ``createdBefore`` exclusive, dates without a colon in the offset."""

    def __init__(self, server: HTTPServer) -> None:
        self.issues: dict[str, dict[str, Any]] = {}
        self.hotspots: list[dict[str, str]] = []
        self.analyses: list[datetime] = []
        self.asked: list[dict[str, str]] = []
        self.cap = 10_000
        self.fail_at: int | None = None
        self.busy = 0
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self._handle)

    def add(
        self, number: int, created: datetime, updated: datetime | None = None, status: str = "OPEN"
    ) -> None:
        self.issues[f"I{number:05d}"] = {
            "key": f"I{number:05d}",
            "project": PROJECT,
            "status": status,
            "creationDate": created.strftime(FORMAT),
            "updateDate": (updated or created).strftime(FORMAT),
        }

    def _handle(self, request: Request) -> Response:
        args = dict(request.args)
        self.asked.append({"path": request.path, **args})
        if self.busy:
            self.busy -= 1
            return self._json({"errors": [{"msg": "busy"}]}, 503)
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return self._json({"errors": [{"msg": "broken"}]}, 501)
        if request.authorization is None or request.authorization.username != "squ_s3cret":
            return self._json({"errors": [{"msg": "Not authorized"}]}, 401)
        number, size = int(args.get("p", 1)), int(args["ps"])
        if request.path == "/api/measures/search_history":
            return self._measures(args, number, size)
        if size > 500 or number * size > self.cap:
            return self._json({"errors": [{"msg": f"Can return only the first {self.cap} results"}]}, 400)
        rows = self._find(request.path, args)
        paging = {"pageIndex": number, "pageSize": size, "total": len(rows)}
        member = request.path.split("/")[2]
        return self._json({"paging": paging, member: rows[(number - 1) * size : number * size]})

    def _find(self, path: str, args: dict[str, str]) -> list[dict[str, Any]]:
        if path == "/api/hotspots/search":
            wanted = {name: args[name] for name in ("status", "resolution") if name in args}
            assert args["projectKey"] == PROJECT
            return [row for row in self.hotspots if wanted.items() <= row.items()]
        assert args["componentKeys"] == PROJECT
        rows = [
            row
            for row in self.issues.values()
            if args.get("createdAfter", "") <= row["creationDate"] < args.get("createdBefore", "9999")
        ]
        member = {"UPDATE_DATE": "updateDate"}.get(args["s"], "creationDate")
        return sorted(rows, key=lambda row: (row[member], row["key"]), reverse=args["asc"] == "false")

    def _measures(self, args: dict[str, str], number: int, size: int) -> Response:
        found = [at for at in self.analyses if f"{at:%Y-%m-%d}" >= args["from"]]
        history = [
            {"date": at.strftime(FORMAT), "value": "81.5"}
            for at in found[(number - 1) * size : number * size]
        ]
        paging = {"pageIndex": number, "pageSize": size, "total": len(found)}
        measures = [{"metric": metric, "history": history} for metric in args["metrics"].split(",")]
        return self._json({"paging": paging, "measures": measures})

    def _json(self, body: object, status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")


@pytest.fixture
def sonarqube(httpserver: HTTPServer) -> SonarqubeServer:
    return SonarqubeServer(httpserver)


def pull(
    server: SonarqubeServer, home: DataHome, now: datetime = NOW, token: str = "squ_s3cret", **options: Any
) -> PullOutcome:
    source = SonarqubeSource(
        base_url=server.url,
        token_env="SONAR",
        projects=[PROJECT],
        since=date(2026, 1, 1),
        **{"tables": ["issues"], "retries": 3, "retry_backoff_seconds": 0, **options},
    )
    return pull_source("sonarqube", source, home, now, token)


def issue_keys(home: DataHome) -> list[str]:
    return [row["key"] for body in landed(home, "sonarqube", "issues") for row in body["issues"]]


@pytest.fixture
def small_cap(sonarqube: SonarqubeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cap of a hundred with pages to match, so that hundreds of issues show what thousands would."""
    monkeypatch.setattr(connector, "RESULT_CAP", 100)
    monkeypatch.setattr(connector, "PAGE_SIZE", 20)
    sonarqube.cap = 100


@pytest.mark.usefixtures("small_cap")
def test_a_project_with_more_issues_than_can_be_read_is_read_in_windows_of_their_creation(
    sonarqube: SonarqubeServer, home: DataHome
) -> None:
    for number in range(450):
        sonarqube.add(number, NOW - timedelta(minutes=number * number))
    pull(sonarqube, home)
    found = issue_keys(home)
    assert sorted(found) == sorted(sonarqube.issues)
    assert len(found) == len(set(found))


@pytest.mark.usefixtures("small_cap")
def test_a_second_in_which_more_issues_were_created_than_can_be_read_fails_loudly(
    sonarqube: SonarqubeServer, home: DataHome
) -> None:
    """The first analysis of an imported project gives thousands of issues one date."""
    for number in range(101):
        sonarqube.add(number, datetime(2026, 3, 1, 8, 0, 5, tzinfo=UTC))
    with pytest.raises(
        PermanentError,
        match=r"101 issues of acme:shop were created within the second 2026-03-01T08:00:05\+0000",
    ):
        pull(sonarqube, home)


def test_an_old_issue_that_changed_late_is_met_by_its_update_though_the_filters_see_creation_only(
    sonarqube: SonarqubeServer, home: DataHome
) -> None:
    for number in range(700):
        sonarqube.add(number, NOW - timedelta(days=400, minutes=number))
    pull(sonarqube, home)
    sonarqube.add(7, NOW - timedelta(days=400, minutes=7), NOW + timedelta(hours=1), status="CLOSED")
    sonarqube.asked.clear()
    pull(sonarqube, home, now=NOW + timedelta(days=1))
    assert issue_keys(home)[700] == "I00007"
    assert len(sonarqube.asked) == 1  # the rest of the page is older than the watermark


@pytest.mark.usefixtures("small_cap")
def test_where_more_changed_than_can_be_read_all_windows_are_read_again(
    sonarqube: SonarqubeServer, home: DataHome
) -> None:
    """An upgrade of SonarQube may touch every issue."""
    for number in range(300):
        sonarqube.add(number, NOW - timedelta(days=100, hours=number))
    pull(sonarqube, home)
    for number in range(300):
        sonarqube.add(number, NOW - timedelta(days=100, hours=number), NOW + timedelta(minutes=1), "CLOSED")
    pull(sonarqube, home, now=NOW + timedelta(days=1))
    states = {
        row["key"]: row["status"] for body in landed(home, "sonarqube", "issues") for row in body["issues"]
    }
    assert states == dict.fromkeys(sonarqube.issues, "CLOSED")


@pytest.mark.usefixtures("small_cap")
def test_a_pull_that_dies_in_the_middle_goes_on_with_the_window_where_it_was(
    sonarqube: SonarqubeServer, home: DataHome
) -> None:
    for number in range(450):
        sonarqube.add(number, NOW - timedelta(hours=number))
    sonarqube.fail_at = 45
    with pytest.raises(PermanentError, match="sonarqube: HTTP 501"):
        pull(sonarqube, home)
    before = issue_keys(home)
    assert 0 < len(before) < 450
    sonarqube.fail_at = None
    pull(sonarqube, home, now=NOW + timedelta(hours=3))
    found = issue_keys(home)
    assert set(found) == set(sonarqube.issues)
    assert len(found) - len(set(found)) < 100  # at most the window that was cut, which loading folds


def test_hotspots_are_read_whole_by_their_states(sonarqube: SonarqubeServer, home: DataHome) -> None:
    sonarqube.hotspots = [
        {"key": "H1", "status": "TO_REVIEW"},
        {"key": "H2", "status": "REVIEWED", "resolution": "SAFE"},
        {"key": "H3", "status": "REVIEWED", "resolution": "FIXED"},
    ]
    pull(sonarqube, home, tables=["hotspots"])
    found = {row["key"] for body in landed(home, "sonarqube", "hotspots") for row in body["hotspots"]}
    assert found == {"H1", "H2", "H3"}


def test_measures_are_read_from_the_watermark_on_into_a_folder_of_their_project(
    sonarqube: SonarqubeServer, home: DataHome
) -> None:
    sonarqube.analyses = [NOW - timedelta(days=day) for day in range(30, 0, -1)]
    pull(sonarqube, home, tables=["measures"])
    sonarqube.analyses.append(NOW + timedelta(hours=1))
    pull(sonarqube, home, now=NOW + timedelta(days=1), tables=["measures"])
    bodies = landed(home, "sonarqube", "measures")
    assert [len(body["measures"][0]["history"]) for body in bodies] == [30, 3]
    assert (home.landing / "sonarqube" / "measures" / "acme_shop").is_dir()


def test_a_server_that_is_busy_is_asked_again(sonarqube: SonarqubeServer, home: DataHome) -> None:
    sonarqube.add(1, NOW - timedelta(hours=1))
    sonarqube.busy = 2
    pull(sonarqube, home)
    assert issue_keys(home) == ["I00001"]


def test_a_refused_token_is_named_and_not_tried_again(sonarqube: SonarqubeServer, home: DataHome) -> None:
    with pytest.raises(PermanentError, match="sonarqube: HTTP 401: the token is missing, wrong or expired"):
        pull(sonarqube, home, token="wrong")
    assert len(sonarqube.asked) == 1
