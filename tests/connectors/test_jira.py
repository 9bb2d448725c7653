"""Pulling Jira: both deployments, changelogs cut in a search, the user's clock, resuming, refusals."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from pytest_httpserver import HTTPServer

from orchestration.connectors.jira import JiraSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source
from .jira_server import JiraServer


@pytest.fixture(params=["cloud", "data_center"])
def jira(httpserver: HTTPServer, request: pytest.FixtureRequest) -> JiraServer:
    return JiraServer(httpserver, is_cloud=request.param == "cloud")


@pytest.fixture
def cloud(httpserver: HTTPServer) -> JiraServer:
    return JiraServer(httpserver)


def pull(server: JiraServer, home: DataHome, now: Any = NOW, **options: Any) -> PullOutcome:
    deployment = {"deployment": "cloud", "user": "me@acme.example"}
    source = JiraSource(
        base_url=server.url,
        token_env="JIRA_TOKEN",
        projects=["SHOP"],
        since=date(2026, 1, 1),
        **{
            **(deployment if server.is_cloud else {"deployment": "data_center"}),
            "tables": ["issues"],
            "retries": 3,
            "retry_backoff_seconds": 0,
            **options,
        },
    )
    return pull_source("jira", source, home, now, "s3cret")


def keys(home: DataHome) -> list[str]:
    return [row["key"] for body in landed(home, "jira", "issues") for row in body["issues"]]


def histories(home: DataHome) -> list[tuple[str, str]]:
    bodies = landed(home, "jira", "issue_changelogs")
    return [(row["issueId"], row["id"]) for body in bodies for row in body["values"]]


def fill(server: JiraServer, count: int, changes: int = 1) -> None:
    for number in range(1, count + 1):
        instant = NOW - timedelta(days=40) + timedelta(minutes=number)
        server.add(number, instant, instant, changes)


def test_a_first_pull_reads_every_issue_with_its_changes(jira: JiraServer, home: DataHome) -> None:
    fill(jira, 35)
    pull(jira, home)
    assert sorted(set(keys(home))) == sorted(jira.issues)
    assert {identity for identity, _ in histories(home)} == {row["id"] for row in jira.issues.values()}
    assert landed(home, "jira", "statuses")
    assert landed(home, "jira", "issue_types")


def test_a_changelog_that_the_search_cut_is_read_whole(jira: JiraServer, home: DataHome) -> None:
    jira.add(1, NOW - timedelta(days=3), NOW - timedelta(days=2), changes=230)
    jira.add(2, NOW - timedelta(days=3), NOW - timedelta(days=2), changes=2)
    pull(jira, home)
    found = histories(home)
    assert {entry for identity, entry in found if identity == "10001"} == {str(100 + n) for n in range(230)}
    assert {entry for identity, entry in found if identity == "10002"} == {"200", "201"}
    assert len([args for args in jira.asked if "/issue/10002" in args["path"]]) == 0


def test_custom_fields_are_asked_for_by_kind_and_name_alone(cloud: JiraServer, home: DataHome) -> None:
    fill(cloud, 1)
    pull(cloud, home)
    fields = cloud.searches()[0]["fields"].split(",")
    assert [name for name in fields if name.startswith("customfield_")] == [
        "customfield_10020",
        "customfield_10031",
    ]
    assert {"status", "issuetype", "created", "updated"} <= set(fields)


def test_a_second_pull_reaches_back_a_day_by_the_clock_of_the_token_s_user(
    jira: JiraServer, home: DataHome
) -> None:
    fill(jira, 3)
    pull(jira, home)
    jira.add(2, NOW - timedelta(days=40), NOW - timedelta(hours=20))  # indexed too late for the first
    jira.add(9, NOW + timedelta(hours=1), NOW + timedelta(hours=1))
    pull(jira, home, now=NOW + timedelta(hours=2))
    # Noon of 15 June, UTC, less a day, is eight in the morning in New York.
    assert 'updated >= "2026/06/14 08:00"' in jira.searches()[-1]["jql"]
    assert sorted(keys(home)[3:]) == ["SHOP-2", "SHOP-9"]


def test_the_zone_is_not_asked_for_where_it_is_given(cloud: JiraServer, home: DataHome) -> None:
    fill(cloud, 1)
    pull(cloud, home, time_zone="UTC")
    assert 'updated >= "2026/01/01 00:00"' in cloud.searches()[0]["jql"]
    assert not [args for args in cloud.asked if args["path"].endswith("/myself")]


@pytest.mark.parametrize("dies_at", [6, 7])
def test_a_pull_that_dies_in_the_middle_goes_on_where_it_was_with_nothing_missing(
    jira: JiraServer, home: DataHome, dies_at: int
) -> None:
    fill(jira, 45)
    jira.fail_at = dies_at
    with pytest.raises(PermanentError):
        pull(jira, home)
    before = len(keys(home))
    assert 0 < before < 45
    jira.fail_at = None
    pull(jira, home, now=NOW + timedelta(hours=1))
    assert sorted(set(keys(home))) == sorted(jira.issues)
    # A Data Center's pages begin with the last issue of the page before; nothing else comes twice.
    assert len(keys(home)) - 45 <= (0 if jira.is_cloud else 6)
    # What changed since the walk began is met again by the next one, from where it began.
    pull(jira, home, now=NOW + timedelta(hours=2))
    assert 'updated >= "2026/06/14 08:00"' in jira.searches()[-1]["jql"]


def test_a_token_that_has_expired_means_beginning_again(cloud: JiraServer, home: DataHome) -> None:
    fill(cloud, 45)
    cloud.fail_at = 7
    with pytest.raises(PermanentError):
        pull(cloud, home)
    cloud.fail_at, cloud.forgets_tokens = None, True
    pull(cloud, home, now=NOW + timedelta(days=8))
    assert sorted(set(keys(home))) == sorted(cloud.issues)


def test_an_issue_that_goes_between_two_pages_of_a_data_center_hides_no_other(
    httpserver: HTTPServer, home: DataHome
) -> None:
    server = JiraServer(httpserver, is_cloud=False)
    fill(server, 30)
    search = server._search

    def search_and_delete(args: dict[str, str]) -> Any:
        answer = search(args)
        if args.get("startAt") == "9":
            server.issues.pop("SHOP-3", None)
        return answer

    server._search = search_and_delete
    pull(server, home)
    assert {f"SHOP-{n}" for n in range(1, 31)} - set(keys(home)) == set()


def test_sprints_of_the_projects_boards_are_read_page_by_page(jira: JiraServer, home: DataHome) -> None:
    pull(jira, home, tables=["sprints"])
    rows = [row["id"] for body in landed(home, "jira", "sprints") for row in body["values"]]
    assert sorted(set(rows)) == list(range(1, 61))
    boards = [args for args in jira.asked if args["path"].endswith("/board")]
    assert [args["projectKeyOrId"] for args in boards] == ["SHOP"]


def test_boards_are_kept_with_their_project_and_only_those_that_have_sprints_are_asked_for_them(
    jira: JiraServer, home: DataHome
) -> None:
    """A team that manages its own project has a board that has sprints or not: the answer to asking tells."""
    jira.boards.append({"id": 10, "name": "Ours", "type": "simple"})
    pull(jira, home, tables=["sprints"])
    kept = list((home.landing / "jira" / "boards" / "SHOP").iterdir())
    assert [[board["id"] for board in json.loads(file.read_bytes())["values"]] for file in kept] == [
        [8, 9, 10]
    ]
    asked = {args["path"] for args in jira.asked if args["path"].endswith("/sprint")}
    assert asked == {"/rest/agile/1.0/board/8/sprint", "/rest/agile/1.0/board/10/sprint"}


def test_a_board_that_should_have_sprints_and_refuses_is_an_error(jira: JiraServer, home: DataHome) -> None:
    jira.boards.append({"id": 10, "name": "Broken", "type": "scrum"})
    with pytest.raises(PermanentError, match="HTTP 400"):
        pull(jira, home, tables=["sprints"])


def test_work_logged_is_read_whole_and_lies_with_no_issue(jira: JiraServer, home: DataHome) -> None:
    jira.add(1, NOW - timedelta(days=3), NOW - timedelta(days=2), logs=75)
    jira.add(2, NOW - timedelta(days=3), NOW - timedelta(days=2), logs=3)
    pull(jira, home)
    found = {(e["issueId"], e["id"]) for body in landed(home, "jira", "worklogs") for e in body["values"]}
    assert found == {("10001", str(1000 + n)) for n in range(75)} | {
        ("10002", str(2000 + n)) for n in range(3)
    }
    assert not [args for args in jira.asked if args["path"].endswith("/issue/10002/worklog")]
    issues = [issue for body in landed(home, "jira", "issues") for issue in body["issues"]]
    assert [issue for issue in issues if "worklog" in issue["fields"]] == []


def test_slas_are_asked_for_of_requests_alone_and_an_issue_that_is_none_has_none(
    jira: JiraServer, home: DataHome
) -> None:
    fill(jira, 3)
    jira.requests = {"SHOP-1": [{"id": str(n), "completedCycles": []} for n in range(3)], "SHOP-2": []}
    pull(jira, home)
    asked = {args["path"] for args in jira.asked if "servicedeskapi" in args["path"]}
    assert asked == {f"/rest/servicedeskapi/request/1000{n}/sla" for n in (1, 2)}
    kept = sorted((home.landing / "jira" / "request_slas").rglob("*.json"))
    assert {file.parent.name for file in kept} == {"10001"}
    told = {sla["id"] for file in kept for sla in json.loads(file.read_bytes())["values"]}
    assert told == {"0", "1", "2"}


def test_a_busy_server_is_asked_again_as_it_says(cloud: JiraServer, home: DataHome) -> None:
    fill(cloud, 1)
    cloud.busy = 2
    pull(cloud, home)
    assert keys(home) == ["SHOP-1"]


def test_a_refusal_is_named_and_not_repeated(cloud: JiraServer, home: DataHome) -> None:
    cloud.fail_at = 1
    with pytest.raises(PermanentError, match="jira: HTTP 401: the token is missing, wrong or expired"):
        pull(cloud, home)
    assert len(cloud.asked) == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"user": None}, "wants user"),
        ({"time_zone": "Mars/Base"}, "is no IANA time zone"),
        ({"projects": ['SHOP") or ("X']}, "projects"),
        ({"projects": []}, "projects"),
    ],
)
def test_a_wrong_entry_says_what_is_wrong(options: dict[str, Any], problem: str) -> None:
    entry = {
        "base_url": "https://acme.atlassian.net",
        "token_env": "JIRA_TOKEN",
        "user": "me@acme.example",
        "projects": ["SHOP"],
        "since": date(2026, 1, 1),
    }
    with pytest.raises(ValidationError, match=problem):
        JiraSource(**{**entry, **options})  # type: ignore[arg-type]
