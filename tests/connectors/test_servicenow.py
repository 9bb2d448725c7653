"""Pulling ServiceNow: pages by last change, crowded seconds, rows taken out, queries not understood."""

from __future__ import annotations

import base64
import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors import servicenow as connector
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.connectors.servicenow import TABLES, ServicenowSource
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source


class ServicenowServer:
    """A table: encoded queries, order, offsets in ``Link``, ``X-Total-Count``, hidden rows."""

    def __init__(self, server: HTTPServer) -> None:
        self.rows: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        self.hidden: set[str] = set()
        self.knows_query = True
        self.fail_at: int | None = None
        self.busy = 0
        self.before_answer = lambda: None
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/api/now/table/.*")).respond_with_handler(self._handle)

    def add(self, identity: str, hours: float) -> None:
        changed = f"{NOW - timedelta(hours=hours):%Y-%m-%d %H:%M:%S}"
        self.rows[identity] = {"sys_id": identity, "sys_updated_on": changed, "state": "6"}

    def _handle(self, request: Request) -> Response:
        args = dict(request.args)
        self.asked.append({"path": request.path, **args})
        self.before_answer()
        if self.busy:
            self.busy -= 1
            return Response("{}", 429, {"Retry-After": "1", "X-RateLimit-Limit": "5000"})
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return self._json({"error": {"message": "User Not Authenticated"}, "status": "failure"}, 401)
        if request.headers.get("Authorization") not in (
            "Basic " + base64.b64encode(b"reader:s3cret").decode(),
            "Bearer s3cret",
        ):
            return self._json({"error": {"message": "User Not Authenticated"}, "status": "failure"}, 401)
        rows = [row for row in self.rows.values() if self._fits(row, args["sysparm_query"])]
        for order in reversed(re.findall(r"\^ORDERBY(\w+)", args["sysparm_query"])):
            rows.sort(key=lambda row: row[order])
        offset, limit = int(args.get("sysparm_offset", 0)), int(args["sysparm_limit"])
        more: dict[str, str] = {"X-Total-Count": str(len(rows))}
        if offset + limit < len(rows):
            kept = "&".join(f"{k}={v}" for k, v in args.items() if k != "sysparm_offset")
            following = f"{request.base_url}?{kept}&sysparm_offset={offset + limit}"
            more["Link"] = f'<{following}>;rel="next",<{request.base_url}?sysparm_offset=-1>;rel="prev"'
        page = [row for row in rows[offset : offset + limit] if row["sys_id"] not in self.hidden]
        if args["sysparm_display_value"] == "all":
            page = [{k: {"display_value": "x", "value": v} for k, v in row.items()} for row in page]
        return self._json({"result": page}, 200, more)

    def _fits(self, row: dict[str, str], query: str) -> bool:
        if not self.knows_query:
            return True
        for part in query.split("^"):
            found = re.fullmatch(r"(\w+?)(>=|>|=)(.*)", part)
            if found is None:
                continue
            field, sign, value = found.groups()
            if not {">=": row[field] >= value, ">": row[field] > value, "=": row[field] == value}[sign]:
                return False
        return True

    def _json(self, body: object, status: int = 200, more: dict[str, str] | None = None) -> Response:
        return Response(json.dumps(body), status=status, headers=more, content_type="application/json")


@pytest.fixture
def servicenow(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> ServicenowServer:
    monkeypatch.setattr(connector, "PAGE_SIZE", 50)
    return ServicenowServer(httpserver)


def pull(server: ServicenowServer, home: DataHome, now: datetime = NOW, **options: Any) -> PullOutcome:
    given = {"tables": ["incidents"], "user": "reader", "retries": 2, "retry_backoff_seconds": 0, **options}
    source = ServicenowSource(base_url=server.url, token_env="SN", since=date(2026, 4, 1), **given)
    return pull_source("servicenow", source, home, now, "s3cret")


def told(home: DataHome, table: str = "incidents") -> list[str]:
    """Ids of the rows landed, in the order of landing, each once."""
    rows = [row["sys_id"] for body in landed(home, "servicenow", table) for row in body["result"]]
    return list(dict.fromkeys(row["value"] if isinstance(row, dict) else row for row in rows))


@pytest.mark.parametrize("mode", ["all", "false"])
def test_a_first_pull_reads_every_row_in_the_order_of_change(
    servicenow: ServicenowServer, home: DataHome, mode: str
) -> None:
    for number in range(170):
        servicenow.add(f"i-{number:03d}", hours=number)
    servicenow.add("ancient", hours=24 * 300)
    pull(servicenow, home, display_value=mode)
    assert told(home) == [f"i-{number:03d}" for number in reversed(range(170))]
    assert {args["sysparm_exclude_reference_link"] for args in servicenow.asked} == {"true"}
    assert not [args for args in servicenow.asked if "caller" in args["sysparm_fields"]]


def test_a_row_that_changes_while_pages_are_read_lets_no_other_fall_out(
    servicenow: ServicenowServer, home: DataHome
) -> None:
    for number in range(120):
        servicenow.add(f"i-{number:03d}", hours=200 - number)

    def change() -> None:  # ten rows that were read move to the end, and every offset behind them shifts
        for number in range(len(servicenow.asked) * 10):
            servicenow.add(f"i-{number:03d}", hours=0.5)

    servicenow.before_answer = change
    pull(servicenow, home)
    assert set(told(home)) == set(servicenow.rows)


def test_a_second_with_more_rows_than_a_page_is_walked_by_id(
    servicenow: ServicenowServer, home: DataHome
) -> None:
    servicenow.add("before", hours=20)
    for number in range(180):
        servicenow.add(f"bulk-{number:03d}", hours=10)
    for number in range(60):
        servicenow.add(f"after-{number:03d}", hours=5 - number / 100)
    pull(servicenow, home)
    assert set(told(home)) == set(servicenow.rows)


def test_a_second_with_more_rows_than_a_page_may_be_the_last(
    servicenow: ServicenowServer, home: DataHome
) -> None:
    for number in range(180):
        servicenow.add(f"bulk-{number:03d}", hours=10)
    pull(servicenow, home)
    assert set(told(home)) == set(servicenow.rows)


def test_pages_that_access_rules_empty_are_no_end(servicenow: ServicenowServer, home: DataHome) -> None:
    for number in range(230):
        servicenow.add(f"i-{number:03d}", hours=300 - number)
    servicenow.hidden = {f"i-{number:03d}" for number in range(10, 170)}
    pull(servicenow, home)
    assert set(told(home)) == set(servicenow.rows) - servicenow.hidden


def test_an_answer_to_another_question_is_an_error(servicenow: ServicenowServer, home: DataHome) -> None:
    """An instance leaves out what it does not understand of a query, and would export everything."""
    servicenow.add("ancient", hours=24 * 300)
    servicenow.knows_query = False
    with pytest.raises(PermanentError, match="does not keep to 'sys_updated_on>=2026-04-01 00:00:00"):
        pull(servicenow, home)
    assert told(home) == []


def test_a_second_pull_reads_what_changed_and_a_day_before(
    servicenow: ServicenowServer, home: DataHome
) -> None:
    for number in range(3):
        servicenow.add(f"i-{number}", hours=24 * 10)
    pull(servicenow, home)
    servicenow.add("i-1", hours=-2)
    pull(servicenow, home, now=NOW + timedelta(hours=3))
    assert servicenow.asked[-1]["sysparm_query"].startswith("sys_updated_on>=2026-06-14 12:00:00^")
    assert [len(body["result"]) for body in landed(home, "servicenow", "incidents")] == [3, 1]


def test_a_pull_that_dies_in_the_middle_goes_on_at_the_last_change_it_had_read(
    servicenow: ServicenowServer, home: DataHome
) -> None:
    for number in range(230):
        servicenow.add(f"i-{number:03d}", hours=300 - number)
    servicenow.fail_at = 4
    with pytest.raises(PermanentError, match="servicenow: HTTP 401"):
        pull(servicenow, home)
    before = len(told(home))
    assert 100 < before < 230
    servicenow.fail_at = None
    asked = len(servicenow.asked)
    servicenow.add("i-000", hours=-1)  # changed while the walk rested
    pull(servicenow, home, now=NOW + timedelta(hours=2))
    assert set(told(home)) == set(servicenow.rows)
    assert servicenow.asked[asked]["sysparm_query"].startswith(
        f"sys_updated_on>={servicenow.rows['i-147']['sys_updated_on']}"
    )
    pull(servicenow, home, now=NOW + timedelta(hours=3))
    assert servicenow.asked[-1]["sysparm_query"].startswith("sys_updated_on>=2026-06-14 12:00:00^")


def test_each_table_has_its_own_name_and_place(servicenow: ServicenowServer, home: DataHome) -> None:
    servicenow.add("i-1", hours=1)
    pull(servicenow, home, tables=list(TABLES), incident_fields=["u_severity"])
    asked = {args["path"].rsplit("/", 1)[1]: args["sysparm_fields"].split(",") for args in servicenow.asked}
    assert set(asked) == {"incident", "change_request", "task_sla", "problem", "problem_task"}
    assert ["u_severity" in asked[name] for name in ("incident", "change_request")] == [True, False]
    assert all(told(home, table) == ["i-1"] for table in TABLES)


def test_a_spent_limit_is_waited_for(servicenow: ServicenowServer, home: DataHome) -> None:
    servicenow.add("i-1", hours=1)
    servicenow.busy = 1
    assert pull(servicenow, home).seconds >= 1
    assert told(home) == ["i-1"]


def test_a_token_signs_in_without_a_user_and_a_refused_one_is_not_tried_again(
    servicenow: ServicenowServer, home: DataHome
) -> None:
    servicenow.add("i-1", hours=1)
    pull(servicenow, home, user=None)
    assert told(home) == ["i-1"]
    asked = len(servicenow.asked)
    with pytest.raises(PermanentError, match="servicenow: HTTP 401: the token is missing, wrong or expired"):
        pull(servicenow, home, user="somebody")
    assert len(servicenow.asked) == asked + 1
