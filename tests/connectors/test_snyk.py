"""Pulling Snyk: cursor links in the body, what changed since, a walk that is cut off, limits and refusals."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.connectors.snyk import SnykSource
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source

ORGANISATION = "3de2b524-eae7-4f3f-ba5f-1a07e1df44c2"


class SnykServer:
    """Pages of at most 100 by ``starting_after``; links without a host, ``last`` counting backwards."""

    def __init__(self, server: HTTPServer) -> None:
        self.issues: dict[str, dict[str, Any]] = {}
        self.projects = [{"id": f"p-{n}", "type": "project"} for n in range(3)]
        self.asked: list[dict[str, str]] = []
        self.fail_at: int | None = None
        self.busy = 0
        self.forgotten: set[str] = set()
        self.link_prefix = "/rest"
        self.as_object = False
        self.url = server.url_for("/rest").rstrip("/")
        server.expect_request(re.compile("/rest/.*")).respond_with_handler(self._handle)

    def add(self, number: int, hours: float, **more: Any) -> None:
        instant = f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        identity = f"i-{number:05d}"
        self.issues[identity] = {
            "id": identity,
            "type": "issue",
            "attributes": {"created_at": instant, "updated_at": instant, "status": "open", **more},
        }

    def _handle(self, request: Request) -> Response:
        args = dict(request.args)
        self.asked.append({"path": request.path, **args})
        if self.busy:
            self.busy -= 1
            return self._json({"errors": [{"status": "429"}]}, 429)
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return self._json({"errors": [{"detail": "Unauthorized"}]}, 401)
        if request.headers.get("Authorization") != "token s3cret":
            return self._json({"errors": [{"detail": "Unauthorized"}]}, 401)
        if args.get("version") != "2024-10-15" or int(args.get("limit", 10)) > 100:
            return self._json({"errors": [{"detail": "Invalid version or limit"}]}, 400)
        after = args.get("starting_after", "")
        if after in self.forgotten:
            self.forgotten.remove(after)
            return self._json({"errors": [{"detail": "Invalid cursor"}]}, 400)
        table = request.path.rsplit("/", 1)[1]
        rows = self.projects if table == "projects" else list(self.issues.values())
        rows = [row for row in rows if row["id"] > after]
        if "updated_after" in args:
            rows = [row for row in rows if row["attributes"]["updated_at"] > args["updated_after"]]
        rows.sort(key=lambda row: row["id"])
        page, rest = rows[:100], rows[100:]
        kept = "&".join(f"{k}={v}" for k, v in args.items() if k != "starting_after")
        address = f"{self.link_prefix}/orgs/{ORGANISATION}/{table}?{kept}"
        links: dict[str, Any] = {"self": address, "last": f"{address}&ending_before=end"}
        if rest:
            following = f"{address}&starting_after={page[-1]['id']}"
            links["next"] = {"href": following} if self.as_object else following
        return self._json({"jsonapi": {"version": "1.0"}, "data": page, "links": links})

    def _json(self, body: object, status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/vnd.api+json")


@pytest.fixture
def snyk(httpserver: HTTPServer) -> SnykServer:
    return SnykServer(httpserver)


def pull(server: SnykServer, home: DataHome, now: Any = NOW, **options: Any) -> PullOutcome:
    source = SnykSource(
        base_url=server.url,
        token_env="SNYK_TOKEN",
        organisations=[ORGANISATION],
        since=date(2026, 1, 1),
        **{"tables": ["issues"], "retries": 3, "retry_backoff_seconds": 0, **options},
    )
    return pull_source("snyk", source, home, now, "s3cret")


def issue_ids(home: DataHome) -> list[str]:
    return [row["id"] for body in landed(home, "snyk", "issues") for row in body["data"]]


@pytest.mark.parametrize("as_object", [False, True])
@pytest.mark.parametrize("prefix", ["/rest", ""])
def test_a_first_pull_follows_the_links_of_the_body_to_the_end(
    snyk: SnykServer, home: DataHome, prefix: str, as_object: bool
) -> None:
    """Snyk's documents show links with and without the API's own path, as text and as an object."""
    snyk.link_prefix, snyk.as_object = prefix, as_object
    for number in range(250):
        snyk.add(number, hours=number)
    pull(snyk, home)
    assert issue_ids(home) == [f"i-{number:05d}" for number in range(250)]
    assert not [args for args in snyk.asked if "ending_before" in args]


def test_a_first_pull_reads_old_issues_too_because_they_may_still_be_open(
    snyk: SnykServer, home: DataHome
) -> None:
    snyk.add(1, hours=24 * 900)
    pull(snyk, home)
    assert issue_ids(home) == ["i-00001"]


def test_a_second_pull_asks_for_what_changed_since_and_a_little_before(
    snyk: SnykServer, home: DataHome
) -> None:
    for number in range(120):
        snyk.add(number, hours=24 * 30)
    pull(snyk, home)
    snyk.add(7, hours=-2, status="resolved")
    snyk.add(8, hours=40, ignored=True)  # touched before the first pull, seen by the API only after it
    pull(snyk, home, now=NOW + timedelta(hours=3))
    assert snyk.asked[-1]["updated_after"] == f"{NOW - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
    assert issue_ids(home)[120:] == ["i-00007", "i-00008"]


def test_projects_are_read_whole_each_time_with_their_targets(snyk: SnykServer, home: DataHome) -> None:
    for hours in (0, 24):
        pull(snyk, home, now=NOW + timedelta(hours=hours), tables=["projects"])
    assert [args["expand"] for args in snyk.asked] == ["target", "target"]
    assert not [args for args in snyk.asked if "updated_after" in args]


def test_a_pull_that_dies_in_the_middle_goes_on_where_it_was_with_nothing_missing_and_nothing_twice(
    snyk: SnykServer, home: DataHome
) -> None:
    for number in range(450):
        snyk.add(number, hours=number)
    snyk.fail_at = 4
    with pytest.raises(PermanentError, match="snyk: HTTP 401: the token is missing, wrong or expired"):
        pull(snyk, home)
    assert len(issue_ids(home)) == 300
    snyk.fail_at = None
    pull(snyk, home, now=NOW + timedelta(hours=5))
    assert issue_ids(home) == [f"i-{number:05d}" for number in range(450)]


def test_what_changed_while_a_cut_off_walk_rested_is_met_by_the_next_pull(
    snyk: SnykServer, home: DataHome
) -> None:
    for number in range(250):
        snyk.add(number, hours=24 * 30)
    snyk.fail_at = 2
    with pytest.raises(PermanentError):
        pull(snyk, home, overlap_days=0)
    snyk.fail_at = None
    snyk.add(3, hours=-1, status="resolved")  # on a page already landed
    pull(snyk, home, now=NOW + timedelta(hours=5), overlap_days=0)
    pull(snyk, home, now=NOW + timedelta(hours=6), overlap_days=0)
    states = {
        row["id"]: row["attributes"]["status"]
        for body in landed(home, "snyk", "issues")
        for row in body["data"]
    }
    assert states["i-00003"] == "resolved"


def test_a_link_that_the_api_has_forgotten_begins_the_walk_anew(snyk: SnykServer, home: DataHome) -> None:
    for number in range(250):
        snyk.add(number, hours=number)
    snyk.fail_at = 3
    with pytest.raises(PermanentError):
        pull(snyk, home)
    snyk.fail_at = None
    snyk.forgotten = {"i-00199"}
    pull(snyk, home, now=NOW + timedelta(hours=1))
    assert set(issue_ids(home)) == set(snyk.issues)
    assert [args.get("starting_after") for args in snyk.asked[3:]] == ["i-00199", None, "i-00099", "i-00199"]


def test_a_spent_limit_is_waited_for(snyk: SnykServer, home: DataHome) -> None:
    snyk.add(1, hours=1)
    snyk.busy = 2
    pull(snyk, home)
    assert issue_ids(home) == ["i-00001"]
    assert len(snyk.asked) == 3


def test_a_refused_token_is_named_and_not_tried_again(snyk: SnykServer, home: DataHome) -> None:
    snyk.fail_at = 1
    with pytest.raises(PermanentError, match="snyk: HTTP 401"):
        pull(snyk, home)
    assert len(snyk.asked) == 1
    assert not (home.cursors / "snyk.json").exists()


def test_a_link_to_another_host_is_refused(snyk: SnykServer, home: DataHome) -> None:
    snyk.link_prefix = "http://elsewhere.example/rest"
    for number in range(101):
        snyk.add(number, hours=number)
    with pytest.raises(PermanentError, match="a link leads away"):
        pull(snyk, home)
