"""Pulling Lever: pages by token, what changed since, offers of one opportunity after another."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.lever import LeverSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError, TransientError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source


def milliseconds(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


class LeverServer:
    """Lists of two a page whose tokens cannot be guessed; opportunities by change; offers by opportunity."""

    def __init__(self, server: HTTPServer) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("requisitions", "postings", "stages", "archive_reasons", "opportunities")
        }
        self.offers: dict[str, list[dict[str, Any]]] = {}
        self.refusals: dict[str, list[Response]] = {}
        self.cuts_at_token: str | None = None
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self._handle)

    def add(self, identity: str, hours: float, updated: float | None = None, **offer: Any) -> None:
        self.lists["opportunities"] = [o for o in self.lists["opportunities"] if o["id"] != identity]
        changed = None if updated is None else milliseconds(NOW - timedelta(hours=updated))
        created = milliseconds(NOW - timedelta(hours=hours))
        self.lists["opportunities"].append({"id": identity, "createdAt": created, "updatedAt": changed})
        if offer:
            self.offers[identity] = [{"id": f"offer-{identity}", **offer}]

    def paths(self) -> Counter[str]:
        return Counter(path for path, _ in self.asked)

    def _handle(self, request: Request) -> Response:
        path, args = request.path.strip("/"), dict(request.args)
        self.asked.append((path, args))
        if request.headers.get("Authorization") != f"Basic {base64.b64encode(b's3cret:').decode()}":
            return Response('{"code": "Unauthorized", "message": "bad key"}', status=401)
        if self.refusals.get(path):
            return self.refusals[path].pop(0)
        if self.cuts_at_token is not None and args.get("offset") == self.cuts_at_token:
            return Response("", status=500)
        if path.endswith("/offers"):
            identity = path.split("/")[1]
            rows = self.offers.get(identity, [])
        else:
            rows = self.lists[path]
        if "updated_at_start" in args:
            rows = [row for row in rows if (row["updatedAt"] or 0) >= int(args["updated_at_start"])]
        if "created_at_start" in args:
            rows = [row for row in rows if row["createdAt"] >= int(args["created_at_start"])]
        start = int(args.get("offset", "[0]").strip("[]"))
        more = start + 2 < len(rows)
        body = {
            "data": rows[start : start + 2],
            "hasNext": more,
            **({"next": f"[{start + 2}]"} if more else {}),
        }
        return Response(json.dumps(body), content_type="application/json")


@pytest.fixture
def lever(httpserver: HTTPServer) -> LeverServer:
    return LeverServer(httpserver)


def pull(server: LeverServer, home: DataHome, days: int = 0, **options: Any) -> PullOutcome:
    source = LeverSource(
        base_url=server.url,
        token_env="LV",
        since=date(2025, 1, 1),
        **{"retries": 0, "retry_backoff_seconds": 0, **options},
    )
    return pull_source("lever", source, home, NOW + timedelta(days=days), "s3cret")


def found(home: DataHome, table: str) -> Counter[str]:
    return Counter(row["id"] for body in landed(home, "lever", table) for row in body["data"])


def test_a_first_pull_follows_every_token_and_needs_no_updated_at(lever: LeverServer, home: DataHome) -> None:
    lever.lists["stages"] = [{"id": f"s{number}", "text": "x"} for number in range(5)]
    for number in range(5):
        lever.add(f"o{number}", hours=24 * number)
    lever.add("old", hours=24 * 600)
    pull(lever, home)
    assert found(home, "stages") == Counter(f"s{number}" for number in range(5))
    assert found(home, "opportunities") == Counter(f"o{number}" for number in range(5))
    asked = [args for path, args in lever.asked if path == "opportunities"]
    assert any(args.get("expand") == "applications" for args in asked)


def test_a_later_pull_takes_what_changed_late_and_offers_that_were_undecided(
    lever: LeverServer, home: DataHome
) -> None:
    lever.add("signed", hours=24 * 40, status="signed")
    lever.add("sent", hours=24 * 40, status="sent")
    lever.add("quiet", hours=24 * 40)
    pull(lever, home)
    # The offer is decided and its opportunity says nothing; another changed a little before the watermark.
    lever.offers["sent"][0]["status"] = "signed"
    lever.add("quiet", hours=24 * 40, updated=30)
    lever.asked.clear()
    pull(lever, home, days=1, overlap_days=3)
    assert found(home, "opportunities") == Counter(["signed", "sent", "quiet", "quiet"])
    assert [
        o["status"] for b in landed(home, "lever", "offers") for o in b["data"] if o["id"] == "offer-sent"
    ] == [
        "sent",
        "signed",
    ]
    assert lever.paths()["opportunities/signed/offers"] == 0
    lever.asked.clear()
    pull(lever, home, days=20)
    assert not [path for path in lever.paths() if path.endswith("/offers")]


def test_a_pull_killed_between_pages_loses_nothing_and_asks_no_offer_twice(
    lever: LeverServer, home: DataHome
) -> None:
    for number in range(7):
        lever.add(f"o{number}", hours=24, updated=24, status="signed")
    lever.refusals["opportunities/o4/offers"] = [Response("", status=502)]
    with pytest.raises(TransientError):
        pull(lever, home)
    pull(lever, home)
    assert found(home, "offers") == Counter(f"offer-o{number}" for number in range(7))
    assert lever.paths()["opportunities/o1/offers"] == 1
    assert lever.paths()["opportunities/o4/offers"] == 2


def test_a_list_killed_between_pages_is_read_again(lever: LeverServer, home: DataHome) -> None:
    for number in range(5):
        lever.add(f"o{number}", hours=24)
    lever.cuts_at_token = "[4]"
    with pytest.raises(TransientError):
        pull(lever, home, tables=["opportunities"])
    assert sum(found(home, "opportunities").values()) == 4
    lever.cuts_at_token = None
    pull(lever, home, tables=["opportunities"])
    assert set(found(home, "opportunities")) == {f"o{number}" for number in range(5)}


def test_a_rate_limit_is_waited_out(lever: LeverServer, home: DataHome) -> None:
    lever.add("o1", hours=1)
    limit = Response('{"message": "Too many requests"}', status=429, headers={"Retry-After": "0"})
    lever.refusals["opportunities"] = [limit, limit]
    pull(lever, home, retries=3, tables=["opportunities"])
    assert found(home, "opportunities") == Counter(["o1"])


def test_a_wrong_key_is_named_and_not_asked_again(lever: LeverServer, home: DataHome) -> None:
    lever.refusals["requisitions"] = [Response('{"message": "no access"}', status=403)] * 4
    with pytest.raises(PermanentError, match=r"lever: HTTP 403.*no access.*requisitions"):
        pull(lever, home, retries=3)
    assert lever.paths() == Counter({"requisitions": 1})


def test_an_opportunity_that_was_deleted_stops_nobody_else(lever: LeverServer, home: DataHome) -> None:
    lever.add("gone", hours=1)
    lever.add("there", hours=1, status="sent")
    lever.refusals["opportunities/gone/offers"] = [Response('{"message": "not found"}', status=404)]
    pull(lever, home)
    assert found(home, "offers") == Counter(["offer-there"])


def test_a_token_that_comes_twice_is_an_error_and_no_endless_loop(
    lever: LeverServer, home: DataHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = json.dumps({"data": [{"id": "s1"}], "hasNext": True, "next": "same"})
    lever.refusals["stages"] = [Response(body, content_type="application/json") for _ in range(3)]
    with pytest.raises(PermanentError, match="paging loops or stands still: next is 'same'"):
        pull(lever, home, tables=["stages"])
