"""Pulling GitLab: lists by last change, seams, retried jobs, walks that are cut off, limits and refusals."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from pytest_httpserver import HTTPServer

from orchestration.connectors.gitlab import GitlabSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source
from .gitlab_server import PROJECT, GitlabServer


@pytest.fixture
def gitlab(httpserver: HTTPServer) -> GitlabServer:
    return GitlabServer(httpserver)


def pull(server: GitlabServer, home: DataHome, now: datetime = NOW, **options: Any) -> PullOutcome:
    source = GitlabSource(
        base_url=server.url,
        token_env="GITLAB_TOKEN",
        projects=[PROJECT],
        since=date(2026, 1, 1),
        **{"retries": 3, "retry_backoff_seconds": 0, **options},
    )
    return pull_source("gitlab", source, home, now, "s3cret")


def at(hours: float) -> str:
    """An instant so many hours before the pull, with the milliseconds that GitLab tells."""
    return f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}.123Z"


def merge_request(number: int, hours: float, **more: Any) -> dict[str, Any]:
    return {"id": 1000 + number, "iid": number, "updated_at": at(hours), **more}


def numbers(home: DataHome, table: str = "merge_requests", member: str = "iid") -> list[int]:
    return [row[member] for body in landed(home, "gitlab", table) for row in body]  # type: ignore[attr-defined]


def test_a_first_pull_lands_every_list_and_its_details(gitlab: GitlabServer, home: DataHome) -> None:
    gitlab.merge_requests = [merge_request(1, hours=2)]
    gitlab.notes = {"1": [{"id": 5, "noteable_id": 1001}]}
    gitlab.commits = [{"id": "c1", "committed_date": at(3)}]
    gitlab.pipelines = [{"id": 9, "updated_at": at(1), "status": "success"}]
    gitlab.jobs = {"9": [{"id": 90, "retried": True}, {"id": 91}]}
    gitlab.deployments = [{"id": 4, "updated_at": at(1)}]
    gitlab.issues = [{"id": 3, "iid": 3, "updated_at": at(1)}]
    pull(gitlab, home)
    assert landed(home, "gitlab", "projects") == [gitlab.project]
    assert numbers(home) == [1]
    assert (home.landing / "gitlab" / "merge_request_commits" / "7" / "1").is_dir()
    assert numbers(home, "merge_request_notes", "noteable_id") == [1001]
    assert numbers(home, "commits", "id") == ["c1"]
    assert landed(home, "gitlab", "pipeline_details") == [{**gitlab.pipelines[0], "duration": 60}]
    assert numbers(home, "jobs", "id") == [90, 91]
    assert numbers(home, "deployments", "id") == [4]
    assert numbers(home, "issues", "id") == [3]


def test_a_list_beyond_the_deepest_offset_is_read_whole(gitlab: GitlabServer, home: DataHome) -> None:
    """Numbered pages are refused from some page on; the time of the last change has no such end."""
    gitlab.deepest_offset = 100
    gitlab.merge_requests = [merge_request(number, hours=1000 - number) for number in range(450)]
    pull(gitlab, home, tables=["merge_requests"])
    assert sorted(set(numbers(home))) == list(range(450))
    assert len(numbers(home)) == 450 + 4  # each page begins with the last record of the one before


def test_many_changes_of_one_instant_are_read_by_their_links(gitlab: GitlabServer, home: DataHome) -> None:
    """An import gives hundreds of merge requests one time of change: a page that ends where it began."""
    gitlab.merge_requests = [merge_request(number, hours=5) for number in range(250)]
    gitlab.merge_requests += [merge_request(900, hours=4)]
    pull(gitlab, home, tables=["merge_requests"])
    assert set(numbers(home)) == {*range(250), 900}


def test_what_is_touched_while_it_is_read_hides_nothing(gitlab: GitlabServer, home: DataHome) -> None:
    """The first record moves to the end: of numbered pages the second would then begin one too late."""
    gitlab.merge_requests = [merge_request(number, hours=1000 - number) for number in range(150)]
    gitlab.touch_at = (3, at(0))
    pull(gitlab, home, tables=["merge_requests"])
    assert set(numbers(home)) == set(range(150))
    assert numbers(home)[-1] == 0


def test_details_are_asked_for_once_though_pages_overlap(gitlab: GitlabServer, home: DataHome) -> None:
    gitlab.merge_requests = [merge_request(number, hours=1000 - number) for number in range(250)]
    pull(gitlab, home, tables=["merge_requests", "merge_request_notes"])
    notes = [path for path in gitlab.asked if path.endswith("/notes")]
    assert len(notes) == len(set(notes)) == 250


def test_a_second_pull_asks_for_what_changed_since_and_a_little_before(
    gitlab: GitlabServer, home: DataHome
) -> None:
    gitlab.merge_requests = [merge_request(number, hours=24 * 20) for number in range(120)]
    pull(gitlab, home)
    before = len(numbers(home))
    gitlab.merge_requests[7] = merge_request(7, hours=-2, state="merged")
    gitlab.merge_requests[8] = merge_request(8, hours=40)  # touched before the first pull, seen only after it
    pull(gitlab, home, now=NOW + timedelta(hours=3))
    assert numbers(home)[before:] == [8, 7]


def test_a_pipeline_whose_job_is_retried_is_told_again_with_all_its_jobs(
    gitlab: GitlabServer, home: DataHome
) -> None:
    gitlab.pipelines = [{"id": 9, "updated_at": at(24 * 30), "status": "failed"}]
    gitlab.jobs = {"9": [{"id": 90}]}
    pull(gitlab, home, tables=["pipelines", "pipeline_details", "jobs"])
    gitlab.pipelines = [{"id": 9, "updated_at": at(-1), "status": "success"}]
    gitlab.jobs = {"9": [{"id": 90, "retried": True}, {"id": 91}]}
    pull(gitlab, home, now=NOW + timedelta(hours=2), tables=["pipelines", "pipeline_details", "jobs"])
    assert [body["status"] for body in landed(home, "gitlab", "pipeline_details")] == ["failed", "success"]  # type: ignore[index]
    assert numbers(home, "jobs", "id") == [90, 90, 91]


@pytest.mark.parametrize("fail_at", range(2, 10))
def test_a_pull_that_dies_anywhere_is_finished_by_the_next_with_nothing_missing(
    gitlab: GitlabServer, home: DataHome, fail_at: int
) -> None:
    gitlab.merge_requests = [merge_request(number, hours=1000 - number) for number in range(330)]
    gitlab.commits = [{"id": f"c{number:03}", "committed_date": at(5)} for number in range(330)]
    tables: dict[str, Any] = {"tables": ["merge_requests", "commits"]}
    gitlab.fail_at = fail_at
    with pytest.raises(PermanentError, match="gitlab: HTTP 401: the token is missing, wrong or expired"):
        pull(gitlab, home, **tables)
    gitlab.fail_at = None
    pull(gitlab, home, now=NOW + timedelta(hours=1), **tables)
    assert set(numbers(home)) == set(range(330))
    assert sorted(numbers(home, "commits", "id")) == [f"c{number:03}" for number in range(330)]
    # Finished pages are not read again: of the nine requests of a whole pull, the two need four more at most.
    assert len(gitlab.asked) <= 9 + 4


def test_every_commit_of_a_monorepo_is_asked_for_its_files_and_after_a_break_only_the_rest(
    gitlab: GitlabServer, home: DataHome
) -> None:
    gitlab.commits = [{"id": f"c{number:03}", "committed_date": at(5)} for number in range(150)]
    options: dict[str, Any] = {"tables": ["commits", "commit_diffs"], "monorepos": [PROJECT]}
    # The project, a page of commits, their files, the next page, and its files until the fourth.
    gitlab.fail_at = 1 + 1 + 100 + 1 + 4
    with pytest.raises(PermanentError):
        pull(gitlab, home, **options)
    gitlab.fail_at = None
    pull(gitlab, home, now=NOW + timedelta(hours=1), **options)
    folders = {path.parent.relative_to(home.landing) for path in home.landing.rglob("commit_diffs/**/*.json")}
    assert {str(folder) for folder in folders} == {
        f"gitlab/commit_diffs/7/c{number:03}" for number in range(150)
    }
    assert sum(path.endswith("/diff") for path in gitlab.asked) == 100 + 4 + 50
    before = len(gitlab.asked)
    pull(gitlab, home, now=NOW + timedelta(hours=2), overlap_days=0, tables=["commits", "commit_diffs"])
    assert not any(path.endswith("/diff") for path in gitlab.asked[before:])
    with pytest.raises(ValidationError, match="not among what is pulled: acme/else"):
        pull(gitlab, home, monorepos=["acme/else"])


def test_a_project_without_a_commit_and_with_parts_switched_off_is_no_fault(
    gitlab: GitlabServer, home: DataHome
) -> None:
    gitlab.commits = None
    gitlab.project |= {"issues_enabled": False, "jobs_enabled": False, "merge_requests_enabled": False}
    pull(gitlab, home)
    assert gitlab.asked == ["", "repository/commits"]


def test_a_spent_limit_is_waited_for(gitlab: GitlabServer, home: DataHome) -> None:
    gitlab.merge_requests = [merge_request(1, hours=1)]
    gitlab.busy = 2
    pull(gitlab, home, tables=["merge_requests"])
    assert numbers(home) == [1]


def test_a_refused_token_is_named_and_not_tried_again(gitlab: GitlabServer, home: DataHome) -> None:
    gitlab.fail_at = 1
    with pytest.raises(PermanentError, match="gitlab: HTTP 401"):
        pull(gitlab, home)
    assert gitlab.asked == [""]
    assert not (home.cursors / "gitlab.json").exists()


def test_a_list_that_goes_back_in_time_is_refused(gitlab: GitlabServer, home: DataHome) -> None:
    gitlab.merge_requests = [merge_request(number, hours=1000 - number) for number in range(250)]
    gitlab.is_backwards = True
    with pytest.raises(PermanentError, match="not sorted by its last change"):
        pull(gitlab, home, tables=["merge_requests"])


@pytest.mark.parametrize("path", ["shop", "acme/shop/", "acme/../shop?", "https://gitlab.com/acme/shop"])
def test_a_project_is_named_by_its_whole_path(path: str) -> None:
    with pytest.raises(ValidationError, match="projects"):
        GitlabSource(token_env="GITLAB_TOKEN", projects=[path], since=date(2026, 1, 1))
