"""Pulling Greenhouse over Harvest v3: a token first, cursors that stand alone, what changed since."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from datetime import date, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors import greenhouse as connector
from orchestration.connectors.greenhouse import GreenhouseSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError, TransientError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source

TABLES = {path: table for table, path in connector.PATHS.items()}


class GreenhouseServer:
    """Lists of two a page, newest id first, behind cursors that must come alone; tokens that end."""

    def __init__(self, server: HTTPServer) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {table: [] for table in connector.PATHS}
        self.cursors: dict[str, tuple[str, dict[str, str], int]] = {}
        self.refusals: dict[str, list[Response]] = {}
        self.cut_before: int | None = None
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.tokens = 0
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self._handle)

    def add(self, table: str, identity: int, hours: float, **members: Any) -> None:
        """A record that changed ``hours`` before the standing clock, in the place of what it was."""
        changed = f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        kept = [row for row in self.lists[table] if row["id"] != identity]
        self.lists[table] = [*kept, {"id": identity, "updated_at": changed, **members}]

    def paths(self, table: str) -> int:
        """How often a page of the table was asked for."""
        return [path for path, _ in self.asked].count(f"v3/{connector.PATHS[table]}")

    def _handle(self, request: Request) -> Response:
        path, args = request.path.strip("/"), dict(request.args)
        self.asked.append((path, args))
        if self.refusals.get(path):
            return self.refusals[path].pop(0)
        if path == "token":
            return self._give_token(request)
        if request.headers.get("Authorization") != f"Bearer t{self.tokens}":
            return Response('{"errors": ["Access token is not valid"]}', status=401)
        table, start = TABLES[path.removeprefix("v3/")], 0
        if "cursor" in args:
            if len(args) > 1:
                return Response('{"errors": ["When passing a cursor, do not include others"]}', status=422)
            _, args, start = self.cursors[args["cursor"]]
        rows = sorted(self.lists[table], key=lambda row: -row["id"])
        if "updated_at" in args:
            operator, since = args["updated_at"].split("|")
            assert operator == "gte"
            rows = [row for row in rows if row["updated_at"] >= since]
        if start and self.cut_before is not None and start >= self.cut_before:
            return Response("", status=502)
        names = args["fields"].split(",") if "fields" in args else None
        shown = [{k: v for k, v in row.items() if names is None or k in names} for row in rows]
        answer = Response(json.dumps(shown[start : start + 2]), content_type="application/json")
        if start + 2 < len(rows):
            cursor = f"c{len(self.cursors)}"
            self.cursors[cursor] = (path, args, start + 2)
            answer.headers["Link"] = f'<{self.url}/{path}?cursor={cursor}>; rel="next"'
        return answer

    def _give_token(self, request: Request) -> Response:
        expected = base64.b64encode(b"client:s3cret").decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            return Response('{"error": "invalid_client"}', status=401)
        assert request.form["grant_type"] == "client_credentials"
        self.tokens += 1
        body = {"access_token": f"t{self.tokens}", "token_type": "Bearer", "sub": request.form.get("sub")}
        return Response(json.dumps(body), content_type="application/json")


@pytest.fixture
def greenhouse(httpserver: HTTPServer) -> GreenhouseServer:
    return GreenhouseServer(httpserver)


def pull(
    server: GreenhouseServer, home: DataHome, days: int = 0, secret: str = "client:s3cret", **options: Any
) -> PullOutcome:
    source = GreenhouseSource(
        base_url=server.url,
        auth_url=server.url,
        token_env="GH",
        since=date(2026, 1, 1),
        **{"retries": 0, "retry_backoff_seconds": 0, **options},
    )
    return pull_source("greenhouse", source, home, NOW + timedelta(days=days), secret)


def found(home: DataHome, table: str) -> Counter[int]:
    return Counter(row["id"] for body in landed(home, "greenhouse", table) for row in body)


def test_a_first_pull_follows_the_cursors_and_reads_old_openings_too(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    for number in range(1, 8):
        greenhouse.add("job_openings", number, hours=24 * 400)
        greenhouse.add("applications", number, hours=24 * (400 if number < 3 else 1))
    greenhouse.add("rejection_reasons", 1, hours=1)
    pull(greenhouse, home, user="77")
    assert found(home, "job_openings") == Counter(range(1, 8))
    assert found(home, "applications") == Counter(range(3, 8))
    assert greenhouse.tokens == 1
    asked = {path: args for path, args in greenhouse.asked if "cursor" not in args}
    assert asked["v3/rejection_reasons"] == {"per_page": "500", "include_defaults": "true"}
    assert asked["v3/applications"]["updated_at"] == "gte|2026-01-01T00:00:00Z"


def test_who_a_candidate_is_and_what_an_offer_pays_is_not_asked_for(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    greenhouse.add("candidates", 1, hours=1, first_name="Ada", private=False)
    greenhouse.add("offers", 1, hours=1, status="Created", custom_fields={"salary": {"value": "1"}})
    pull(greenhouse, home)
    ((candidate,),), ((offer,),) = (landed(home, "greenhouse", table) for table in ("candidates", "offers"))
    assert set(candidate) == {"id", "updated_at", "private"}
    assert set(offer) == {"id", "updated_at", "status"}


def test_the_history_is_landed_as_far_as_it_has_instants(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    for number, entered in enumerate(("2026-06-01T00:00:00Z", None, "2026-06-02T00:00:00Z"), 1):
        greenhouse.add("application_history", number, hours=1, application_id=5, entered_at=entered)
    pull(greenhouse, home)
    rows = [row for body in landed(home, "greenhouse", "application_history") for row in body]
    assert [row["entered_at"][:10] for row in rows] == ["2026-06-02", "2026-06-01"]


def test_a_later_pull_takes_what_changed_late_and_leaves_the_rest(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    for number in range(1, 6):
        greenhouse.add("applications", number, hours=24 * 30)
        greenhouse.add("job_openings", number, hours=24 * 30)
    pull(greenhouse, home)
    # Changed before the watermark and told after it: the overlap reads back for it.
    greenhouse.add("applications", 2, hours=30, status="hired")
    greenhouse.add("job_openings", 3, hours=-1, open=False)
    pull(greenhouse, home, days=1, overlap_days=3)
    assert found(home, "applications") == Counter([1, 2, 2, 3, 4, 5])
    assert found(home, "job_openings") == Counter([1, 2, 3, 3, 4, 5])


def test_a_pull_that_dies_between_pages_goes_on_at_its_cursor_with_nothing_missing_and_nothing_twice(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    for number in range(1, 8):
        greenhouse.add("applications", number, hours=24)
    greenhouse.cut_before = 4
    with pytest.raises(TransientError, match="greenhouse: HTTP 502"):
        pull(greenhouse, home, tables=["applications"])
    assert sum(found(home, "applications").values()) == 4
    greenhouse.cut_before = None
    pull(greenhouse, home, days=1, tables=["applications"])
    assert found(home, "applications") == Counter(range(1, 8))


def test_a_long_pull_asks_for_a_new_token_before_the_old_one_ends(
    greenhouse: GreenhouseServer, home: DataHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connector, "TOKEN_SECONDS", 0.0)
    for number in range(1, 6):
        greenhouse.add("applications", number, hours=24)
    pull(greenhouse, home, tables=["applications"])
    assert found(home, "applications") == Counter(range(1, 6))
    assert greenhouse.tokens == 4


def test_many_short_tables_outlive_no_token(
    greenhouse: GreenhouseServer, home: DataHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = connector.TOKEN_SECONDS / 4
    monkeypatch.setattr(connector, "time", SimpleNamespace(monotonic=count(0.0, step).__next__))
    tables = ["jobs", "job_openings", "offers", "candidates", "applications"]
    for table in tables:
        greenhouse.add(table, 1, hours=24)
    pull(greenhouse, home, tables=tables)
    assert [found(home, table) for table in tables] == [Counter([1])] * 5
    assert greenhouse.tokens > 1


def test_a_rate_limit_is_waited_out(greenhouse: GreenhouseServer, home: DataHome) -> None:
    greenhouse.add("applications", 1, hours=1)
    limit = Response('{"errors": ["Rate limit exceeded"]}', status=429, headers={"Retry-After": "0"})
    greenhouse.refusals = {"v3/applications": [limit, limit], "token": [limit]}
    pull(greenhouse, home, retries=3, tables=["applications"])
    assert found(home, "applications") == Counter([1])
    assert greenhouse.paths("applications") == 3


def test_refused_credentials_are_named_and_not_asked_again(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    with pytest.raises(PermanentError, match="HTTP 401: the token is missing, wrong or expired") as caught:
        pull(greenhouse, home, secret="client:wr0ng", retries=3)
    assert "invalid_client" in str(caught.value)
    assert "wr0ng" not in str(caught.value)
    assert len(greenhouse.asked) == 1
    assert not (home.cursors / "greenhouse.json").exists()


def test_a_credential_without_the_scope_is_named_and_not_asked_again(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    refusal = '{"errors": ["Token lacks harvest:offers:list"]}'
    greenhouse.refusals["v3/offers"] = [Response(refusal, status=403)] * 4
    with pytest.raises(PermanentError, match=r"HTTP 403.*lacks harvest:offers:list.*v3/offers"):
        pull(greenhouse, home, retries=3)
    assert greenhouse.paths("offers") == 1


def test_what_cannot_be_asked_is_said_before_anything_is(
    greenhouse: GreenhouseServer, home: DataHome
) -> None:
    with pytest.raises(PermanentError, match="GH must hold <client id>:<client secret>"):
        pull(greenhouse, home, secret="an-old-key")
    with pytest.raises(ValidationError, match="Harvest v3 has no activity_feed; it has jobs"):
        pull(greenhouse, home, tables=["activity_feed"])
    assert greenhouse.asked == []
