"""Pulling Bitbucket Cloud: lists by last change or newest first, re-runs, walks cut off, refusals."""

from __future__ import annotations

import base64
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from pytest_httpserver import HTTPServer

from orchestration.connectors.bitbucket import BitbucketSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .bitbucket_server import REPOSITORY, BitbucketServer
from .conftest import NOW, landed, pull_source


@pytest.fixture
def bitbucket(httpserver: HTTPServer) -> BitbucketServer:
    return BitbucketServer(httpserver)


def pull(server: BitbucketServer, home: DataHome, now: datetime = NOW, **options: Any) -> PullOutcome:
    source = BitbucketSource(
        base_url=server.url,
        token_env="BITBUCKET_TOKEN",
        repositories=[REPOSITORY],
        since=date(2026, 1, 1),
        **{"retries": 3, "retry_backoff_seconds": 0, **options},
    )
    return pull_source("bitbucket", source, home, now, "s3cret")


def at(hours: float) -> str:
    """An instant so many hours before the pull, with a fraction of five digits."""
    return f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}.14397+00:00"


def pull_request(number: int, hours: float, state: str = "OPEN") -> dict[str, Any]:
    return {"id": number, "state": state, "updated_on": at(hours)}


def run(number: int, hours: float, result: str | None = "SUCCESSFUL") -> dict[str, Any]:
    state = {"name": "COMPLETED", "result": {"name": result}} if result else {"name": "IN_PROGRESS"}
    return {"uuid": f"{{{number}}}", "created_on": at(hours), "completed_on": at(hours - 0.1), "state": state}


def ids(home: DataHome, table: str = "pull_requests", member: str = "id") -> list[Any]:
    bodies: list[Any] = landed(home, "bitbucket", table)
    return [row[member] for body in bodies for row in body["values"]]


def test_a_first_pull_lands_every_list_and_its_details(bitbucket: BitbucketServer, home: DataHome) -> None:
    bitbucket.pull_requests = [pull_request(1, hours=2, state="MERGED")]
    bitbucket.activities = {"1": [{"update": {"state": "MERGED", "date": at(2)}}]}
    bitbucket.commits = [{"hash": "c1", "date": at(3)}]
    bitbucket.pipelines = [run(9, hours=1)]
    bitbucket.steps = {"{9}": [{"uuid": "{90}", "run_number": 1}]}
    bitbucket.deployments = [{"uuid": "{4}"}]
    pull(bitbucket, home)
    assert landed(home, "bitbucket", "repositories") == [bitbucket.repository]
    assert ids(home) == [1]
    assert ids(home, "pull_request_activities", "update") == [{"state": "MERGED", "date": at(2)}]
    assert (home.landing / "bitbucket" / "pull_request_commits" / "acme" / "shop" / "1").is_dir()
    assert ids(home, "commits", "hash") == ["c1"]
    assert ids(home, "pipelines", "uuid") == ["{9}"]
    assert ids(home, "pipeline_steps", "uuid") == ["{90}"]
    assert ids(home, "deployments", "uuid") == ["{4}"]


def test_pull_requests_of_every_state_are_read_page_by_page(
    bitbucket: BitbucketServer, home: DataHome
) -> None:
    states = ("OPEN", "MERGED", "DECLINED", "SUPERSEDED")
    bitbucket.pull_requests = [pull_request(n, hours=1000 - n, state=states[n % 4]) for n in range(220)]
    pull(bitbucket, home, tables=["pull_requests", "pull_request_activities"])
    assert set(ids(home)) == set(range(220))
    activities = [path for path in bitbucket.asked if path.endswith("/activity")]
    assert len(activities) == len(set(activities)) == 220


def test_a_second_pull_asks_for_what_changed_since_and_a_little_before(
    bitbucket: BitbucketServer, home: DataHome
) -> None:
    bitbucket.pull_requests = [pull_request(number, hours=24 * 20) for number in range(60)]
    bitbucket.commits = [{"hash": f"c{number}", "date": at(24 * 20 + number)} for number in range(150)]
    tables = ["pull_requests", "commits"]
    pull(bitbucket, home, tables=tables)
    before = len(ids(home)), len(ids(home, "commits", "hash"))
    bitbucket.pull_requests[7] = pull_request(7, hours=-2, state="MERGED")
    bitbucket.pull_requests[8] = pull_request(
        8, hours=40
    )  # touched before the first pull, seen only after it
    bitbucket.commits += [{"hash": "new", "date": at(-1)}]
    pull(bitbucket, home, now=NOW + timedelta(hours=3), tables=tables)
    assert ids(home)[before[0] :] == [8, 7]
    # The page on which the watermark lies is the last one that is asked for.
    assert len(ids(home, "commits", "hash")) - before[1] == 100
    assert "new" in ids(home, "commits", "hash")


def test_a_run_that_is_started_again_is_told_again_with_its_steps(
    bitbucket: BitbucketServer, home: DataHome
) -> None:
    tables = ["pipelines", "pipeline_steps"]
    bitbucket.pipelines = [run(1, hours=30, result="FAILED"), run(2, hours=29)]
    bitbucket.steps = {"{1}": [{"uuid": "{a}", "run_number": 1}], "{2}": [{"uuid": "{b}", "run_number": 1}]}
    pull(bitbucket, home, tables=tables)
    bitbucket.pipelines[0] = {**run(1, hours=30), "completed_on": at(-1)}
    bitbucket.steps["{1}"] = [{"uuid": "{a}", "run_number": 2}]
    pull(bitbucket, home, now=NOW + timedelta(days=1), tables=tables)
    steps: list[Any] = landed(home, "bitbucket", "pipeline_steps")
    told = [(row["uuid"], row["run_number"]) for body in steps for row in body["values"]]
    assert sorted(told) == [("{a}", 1), ("{a}", 2), ("{b}", 1)]


def test_a_run_that_is_not_over_is_asked_about_until_it_is(
    bitbucket: BitbucketServer, home: DataHome
) -> None:
    bitbucket.pipelines = [run(1, hours=1, result=None)]
    bitbucket.steps = {"{1}": [{"uuid": "{a}", "run_number": 1}]}
    for day in range(3):
        pull(bitbucket, home, now=NOW + timedelta(days=day), tables=["pipelines", "pipeline_steps"])
        bitbucket.pipelines = [run(1, hours=1)]
    assert len(landed(home, "bitbucket", "pipelines")) == 3
    assert len(landed(home, "bitbucket", "pipeline_steps")) == 2


@pytest.mark.parametrize("fail_at", range(2, 13))
def test_a_pull_that_dies_anywhere_is_finished_by_the_next_with_nothing_missing(
    bitbucket: BitbucketServer, home: DataHome, fail_at: int
) -> None:
    tables = ["pull_requests", "commits", "deployments"]
    bitbucket.pull_requests = [pull_request(number, hours=1000 - number) for number in range(180)]
    bitbucket.commits = [{"hash": f"c{number:03}", "date": at(number)} for number in range(330)]
    bitbucket.deployments = [{"uuid": f"{{{number:03}}}"} for number in range(250)]
    bitbucket.fail_at = fail_at
    with pytest.raises(PermanentError, match="bitbucket: HTTP 401: the token is missing, wrong or expired"):
        pull(bitbucket, home, tables=tables)
    bitbucket.fail_at = None
    pull(bitbucket, home, now=NOW + timedelta(hours=1), tables=tables)
    assert set(ids(home)) == set(range(180))
    assert set(ids(home, "commits", "hash")) == {f"c{number:03}" for number in range(330)}
    assert set(ids(home, "deployments", "uuid")) == {f"{{{number:03}}}" for number in range(250)}
    # Of the twelve requests of a whole pull few are made twice: where finished lists overlap.
    assert len(bitbucket.asked) <= 12 + 7


def test_a_user_signs_in_with_an_api_token_as_password(bitbucket: BitbucketServer, home: DataHome) -> None:
    bitbucket.authorization = "Basic " + base64.b64encode(b"ada@acme.example:s3cret").decode()
    pull(bitbucket, home, user="ada@acme.example")
    assert landed(home, "bitbucket", "repositories")


def test_an_empty_repository_has_no_branch_to_ask_for(bitbucket: BitbucketServer, home: DataHome) -> None:
    bitbucket.repository["mainbranch"] = None
    pull(bitbucket, home)
    assert bitbucket.asked == ["", "pullrequests", "pipelines", "deployments"]


def test_a_spent_limit_is_waited_for(bitbucket: BitbucketServer, home: DataHome) -> None:
    bitbucket.pull_requests = [pull_request(1, hours=1)]
    bitbucket.busy = 2
    pull(bitbucket, home, tables=["pull_requests"])
    assert ids(home) == [1]


def test_a_refused_token_is_named_and_not_tried_again(bitbucket: BitbucketServer, home: DataHome) -> None:
    bitbucket.fail_at = 1
    with pytest.raises(PermanentError, match="bitbucket: HTTP 401"):
        pull(bitbucket, home)
    assert bitbucket.asked == [""]
    assert not (home.cursors / "bitbucket.json").exists()


@pytest.mark.parametrize("repository", ["shop", "acme/shop/more", "https://bitbucket.org/acme/shop"])
def test_a_repository_is_named_by_workspace_and_slug(repository: str) -> None:
    with pytest.raises(ValidationError, match="repositories"):
        BitbucketSource(token_env="BITBUCKET_TOKEN", repositories=[repository], since=date(2026, 1, 1))
