"""Pulling Opsgenie and Jira Service Management operations: windows, the cap, what ends late, timelines."""

from __future__ import annotations

import base64
import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors import opsgenie as connector
from orchestration.connectors.opsgenie import OpsgenieSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source


class OpsgenieServer:
    """Offsets below 20,000, at most 100 a page, ``paging.next`` as a whole address, creation in ms.

    With ``is_jsm`` it wraps lists in ``values``, pages by ``size`` and ``links.next``, and wants an address.
    """

    def __init__(self, server: HTTPServer) -> None:
        self.alerts: dict[str, dict[str, Any]] = {}
        self.incidents: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.is_jsm = False
        self.offset_cap = 20_000
        self.fail_at: int | None = None
        self.busy = 0
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self._handle)

    def add(self, table: str, identity: str, hours: float, status: str = "closed") -> None:
        created = f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S.346Z}"
        getattr(self, table)[identity] = {"id": identity, "createdAt": created, "status": status}

    def _handle(self, request: Request) -> Response:
        path, args = request.path.strip("/").split("/", 1)[1], dict(request.args)
        self.asked.append((path, args))
        if self.busy:
            self.busy -= 1
            limited = {"X-RateLimit-State": "THROTTLED", "X-RateLimit-Period-In-Sec": "1"}
            return self._json({"message": "You are making too many requests!"}, 429, limited)
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return self._json({"message": "Key format is not valid!"}, 422)
        wanted = (
            "Basic " + base64.b64encode(b"ada@acme.example:s3cret").decode()
            if self.is_jsm
            else "GenieKey s3cret"
        )
        if request.headers.get("Authorization") != wanted:
            return self._json({"message": "Could not authenticate"}, 401)
        parts = path.split("/")
        if parts[-1] == "logs":
            rows = [
                {"log": "Alert created", "createdAt": "2026-06-01T00:00:00Z", "offset": f"{n}_{n}"}
                for n in range(3)
            ]
            return self._list(request, rows, args)
        if parts[-1] == "timeline":
            return self._json({"data": {"_parent": {"id": parts[1]}, "finalTimeline": {"rotations": []}}})
        if len(parts) == 2:
            found = getattr(self, parts[0]).get(parts[1])
            if found is None:
                return self._json({"message": "not found"}, 404)
            return self._json(found if self.is_jsm else {"data": found})
        if path in ("alerts", "incidents"):
            since, until = (int(bound) for bound in re.findall(r"createdAt[<>]=(\d+)", args["query"]))
            rows = [
                row
                for row in getattr(self, path).values()
                if since <= datetime.fromisoformat(row["createdAt"]).timestamp() * 1000 <= until
            ]
            rows.sort(key=lambda row: row["createdAt"], reverse=args.get("order") != "asc")
            return self._list(request, rows, args)
        return self._list(request, [{"id": f"{path}-{number}"} for number in range(150)], args)

    def _list(self, request: Request, rows: list[dict[str, Any]], args: dict[str, str]) -> Response:
        offset, limit = int(args.get("offset", 0)), int(args.get("size" if self.is_jsm else "limit", 20))
        if offset + limit > self.offset_cap or limit > 100:
            return self._json({"message": "Offset or limit is too great"}, 422)
        links = {}
        if offset + limit < len(rows):
            query = "&".join(f"{k}={v}" for k, v in {**args, "offset": str(offset + limit)}.items())
            links["next"] = f"{request.base_url}?{query}"
        names = ("values", "links") if self.is_jsm else ("data", "paging")
        return self._json(dict(zip(names, (rows[offset : offset + limit], links), strict=True)))

    def _json(self, body: object, status: int = 200, more: dict[str, str] | None = None) -> Response:
        return Response(json.dumps(body), status=status, headers=more, content_type="application/json")


@pytest.fixture
def opsgenie(httpserver: HTTPServer) -> OpsgenieServer:
    return OpsgenieServer(httpserver)


def pull(server: OpsgenieServer, home: DataHome, now: datetime = NOW, **options: Any) -> PullOutcome:
    given = {"tables": ["alerts"], "retries": 2, "retry_backoff_seconds": 0, **options}
    source = OpsgenieSource(base_url=server.url, token_env="OPSGENIE", since=date(2026, 4, 1), **given)
    return pull_source("opsgenie", source, home, now, "s3cret")


def told(home: DataHome, table: str) -> list[tuple[str, str]]:
    """Id and status of each record landed, in the order of landing."""
    rows: list[dict[str, Any]] = []
    for body in landed(home, "opsgenie", table):
        found = body.get("data", body.get("values", body))
        rows += found if isinstance(found, list) else [found]
    return [(row["id"], row["status"]) for row in rows]


def test_a_first_pull_follows_the_next_addresses_through_all_windows(
    opsgenie: OpsgenieServer, home: DataHome
) -> None:
    for number in range(260):
        opsgenie.add("alerts", f"a-{number:03d}", hours=number * 6)
    pull(opsgenie, home)
    ids = [identity for identity, _ in told(home, "alerts")]
    assert sorted(ids) == sorted(opsgenie.alerts)
    assert ids == sorted(ids, reverse=True)  # oldest first: the numbers count hours back


def test_a_window_that_reaches_the_last_place_is_bisected(
    opsgenie: OpsgenieServer, home: DataHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "OFFSET_CAP", 200)
    monkeypatch.setattr(opsgenie, "offset_cap", 200)
    for number in range(450):
        opsgenie.add("alerts", f"a-{number:03d}", hours=1 + number / 10)
    pull(opsgenie, home)
    assert {identity for identity, _ in told(home, "alerts")} == set(opsgenie.alerts)


def test_a_second_with_more_than_paging_reaches_is_an_error_not_a_loss(
    opsgenie: OpsgenieServer, home: DataHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "OFFSET_CAP", 200)
    monkeypatch.setattr(opsgenie, "offset_cap", 200)
    for number in range(200):
        opsgenie.add("alerts", f"a-{number:03d}", hours=5)
    with pytest.raises(PermanentError, match="200 records or more within the second 2026-06-15T07:00:00Z"):
        pull(opsgenie, home)


@pytest.mark.parametrize("table", ["alerts", "incidents"])
def test_what_was_open_is_asked_for_by_id_until_it_has_ended(
    opsgenie: OpsgenieServer, home: DataHome, table: str
) -> None:
    opsgenie.add(table, "old", hours=24 * 40, status="open")
    opsgenie.add(table, "gone", hours=24 * 40, status="open")
    pull(opsgenie, home, tables=[table])
    getattr(opsgenie, table)["old"]["status"] = "resolved"
    del getattr(opsgenie, table)["gone"]
    for hours in (3, 6):
        pull(opsgenie, home, now=NOW + timedelta(hours=hours), tables=[table])
    assert told(home, table) == [("old", "open"), ("gone", "open"), ("old", "resolved")]


def test_a_second_pull_reads_a_little_before_the_first(opsgenie: OpsgenieServer, home: DataHome) -> None:
    pull(opsgenie, home)
    opsgenie.add("alerts", "late", hours=30)  # reached the search only after the first pull
    opsgenie.add("alerts", "new", hours=-2)
    pull(opsgenie, home, now=NOW + timedelta(hours=3))
    assert told(home, "alerts") == [("late", "closed"), ("new", "closed")]


def test_each_alert_brings_its_log_into_a_folder_of_its_own(opsgenie: OpsgenieServer, home: DataHome) -> None:
    opsgenie.add("alerts", "a-1", hours=5)
    pull(opsgenie, home, tables=["alerts", "alert_logs"])
    (log,) = (home.landing / "opsgenie" / "alert_logs" / "a-1").iterdir()
    assert [row["offset"] for row in json.loads(log.read_bytes())["data"]] == ["0_0", "1_1", "2_2"]


def test_lists_are_read_whole_and_timelines_in_days_that_are_over(
    opsgenie: OpsgenieServer, home: DataHome
) -> None:
    pull(opsgenie, home, tables=["services", "users", "schedules", "on_calls"])
    for table in ("services", "users", "schedules"):
        assert sum(len(body["data"]) for body in landed(home, "opsgenie", table)) == 150
    asked = [args for path, args in opsgenie.asked if path == "schedules/schedules-7/timeline"]
    days = [(args["date"], args["interval"], args["intervalUnit"]) for args in asked]
    assert days == [
        ("2026-04-01T00:00:00Z", "30", "days"),
        ("2026-05-01T00:00:00Z", "30", "days"),
        ("2026-05-31T00:00:00Z", "15", "days"),
    ]
    assert len(landed(home, "opsgenie", "on_calls/schedules-7")) == 3


def test_a_pull_that_dies_in_the_middle_goes_on_with_the_window_it_was_in(
    opsgenie: OpsgenieServer, home: DataHome
) -> None:
    for number in range(300):
        opsgenie.add(
            "alerts", f"a-{number:03d}", hours=number * 6, status="open" if number == 299 else "closed"
        )
    opsgenie.fail_at = 6
    with pytest.raises(PermanentError, match="opsgenie: HTTP 422"):
        pull(opsgenie, home)
    first = told(home, "alerts")
    assert 100 < len(first) < 300
    opsgenie.fail_at = None
    opsgenie.add("alerts", "meanwhile", hours=-1)
    asked = len(opsgenie.asked)
    pull(opsgenie, home, now=NOW + timedelta(hours=2))
    assert {identity for identity, _ in told(home, "alerts")} == set(opsgenie.alerts) - {"meanwhile"}
    windows = [args["query"] for path, args in opsgenie.asked[asked:] if path == "alerts"]
    assert min(windows) > f"createdAt>={datetime(2026, 4, 30).timestamp() * 1000:.0f}"
    assert ("alerts/a-299", {}) in opsgenie.asked  # what the cut-off pull saw open is still asked for
    pull(opsgenie, home, now=NOW + timedelta(hours=3))
    assert {identity for identity, _ in told(home, "alerts")} == set(opsgenie.alerts)


def test_a_spent_limit_is_waited_for_by_its_period(opsgenie: OpsgenieServer, home: DataHome) -> None:
    opsgenie.add("alerts", "a-1", hours=1)
    opsgenie.busy = 1
    outcome = pull(opsgenie, home)
    assert told(home, "alerts") == [("a-1", "closed")]
    assert outcome.seconds >= 1


def test_a_refused_key_is_named_and_not_tried_again(opsgenie: OpsgenieServer, home: DataHome) -> None:
    opsgenie.is_jsm = True
    with pytest.raises(PermanentError, match="opsgenie: HTTP 401"):
        pull(opsgenie, home)
    assert len(opsgenie.asked) == 1
    assert not (home.cursors / "opsgenie.json").exists()


def test_jira_service_management_has_the_same_alerts_in_another_wrapper(
    opsgenie: OpsgenieServer, home: DataHome
) -> None:
    opsgenie.is_jsm = True
    for number in range(150):
        opsgenie.add(
            "alerts", f"a-{number:03d}", hours=1 + number, status="open" if number == 149 else "closed"
        )
    settings = {"product": "jsm", "account": "ada@acme.example"}
    pull(opsgenie, home, **settings, tables=["alerts", "schedules", "on_calls"])
    opsgenie.alerts["a-149"]["status"] = "closed"
    pull(opsgenie, home, now=NOW + timedelta(days=9), overlap_days=0, **settings)
    assert len(told(home, "alerts")) == 151
    assert told(home, "alerts")[-1] == ("a-149", "closed")
    assert {args["intervalUnits"] for path, args in opsgenie.asked if path.endswith("timeline")} == {"days"}


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"product": "jsm"}, "wants account"),
        ({"product": "jsm", "account": "a@b.c", "tables": ["users"]}, "tables"),
    ],
)
def test_what_jira_service_management_cannot_give_is_refused(settings: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        OpsgenieSource(token_env="X", since=date(2026, 1, 1), **settings)
