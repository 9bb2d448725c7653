"""Pulling GitHub: first pull, late changes, re-runs, caps, and a pull that dies in the middle."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from pytest_httpserver import HTTPServer

from orchestration.connectors.github import GithubSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source
from .github_server import REPOSITORY, GithubServer


def text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def at(hours: float) -> str:
    """``hours`` before the standing clock."""
    return text(NOW - timedelta(hours=hours))


def pull_request(number: int, hours: float) -> dict[str, Any]:
    return {"id": number, "number": number, "updated_at": at(hours)}


def run(identity: int, hours: float, attempt: int = 1, updated: float | None = None) -> dict[str, Any]:
    return {
        "id": identity,
        "run_attempt": attempt,
        "created_at": at(hours),
        "updated_at": at(hours if updated is None else updated),
        "status": "completed",
    }


@pytest.fixture
def github(httpserver: HTTPServer) -> GithubServer:
    return GithubServer(httpserver)


def pull(github: GithubServer, home: DataHome, now: datetime = NOW, **options: Any) -> PullOutcome:
    source = GithubSource(
        base_url=github.server.url_for("").rstrip("/"),
        token_env="GITHUB_TOKEN",
        repositories=[REPOSITORY],
        since=date(2026, 1, 1),
        **{"retries": 0, **options},
    )
    return pull_source("github", source, home, now, "s3cret-token")


def numbers(home: DataHome) -> list[int]:
    return [row["number"] for page in landed(home, "github", "pull_requests") for row in page]


def run_ids(home: DataHome) -> list[tuple[int, int]]:
    found = []
    for body in landed(home, "github", "workflow_runs"):
        for row in body.get("workflow_runs", [body]):
            found.append((row["id"], row["run_attempt"]))
    return found


def test_a_first_pull_lands_every_page_with_its_details(github: GithubServer, home: DataHome) -> None:
    github.pulls = [pull_request(number, number) for number in range(1, 251)]
    github.reviews["7"] = [{"id": 70, "state": "APPROVED"}]
    outcome = pull(github, home)
    assert sorted(numbers(home)) == list(range(1, 251))
    folders = {path.parent.name for path in (home.landing / "github/pull_request_commits").rglob("*.json")}
    assert folders == {str(number) for number in range(1, 251)}
    assert (home.landing / "github/pull_request_reviews/acme/shop/7").is_dir()
    assert outcome.files == sum(1 for _ in home.landing.rglob("*.json"))


def test_bodies_land_as_received(github: GithubServer, home: DataHome) -> None:
    github.issues = [{"id": 1, "title": "naïve – “quotes”", "updated_at": at(1)}]
    pull(github, home)
    (path,) = (home.landing / "github/issues").rglob("*.json")
    assert (
        path.read_bytes()
        == b'[{"id": 1, "title": "na\\u00efve \\u2013 \\u201cquotes\\u201d", "updated_at": "%s"}]'
        % at(1).encode()
    )


def test_a_second_pull_reads_only_what_changed_and_the_overlap(github: GithubServer, home: DataHome) -> None:
    github.pulls = [pull_request(number, 24 * number) for number in range(1, 151)]
    pull(github, home)
    before = len(github.asked)
    github.pulls[99]["updated_at"] = text(NOW + timedelta(minutes=30))
    pull(github, home, now=NOW + timedelta(hours=1), overlap_days=3)
    details = [
        path for path in github.asked[before:] if path.startswith("pulls/") and path.endswith("commits")
    ]
    assert sorted(details) == [f"pulls/{number}/commits" for number in (1, 100, 2, 3)]


def test_a_pull_that_dies_in_the_middle_is_resumed_without_a_gap(
    github: GithubServer, home: DataHome
) -> None:
    github.pulls = [pull_request(number, number) for number in range(1, 251)]
    github.fail_at = 250
    with pytest.raises(PermanentError, match="HTTP 401"):
        pull(github, home)
    died_after = len(github.asked)
    github.fail_at = None
    pull(github, home)
    assert set(numbers(home)) == set(range(1, 251))
    commits = [p.parent.name for p in (home.landing / "github/pull_request_commits").rglob("*.json")]
    assert set(commits) == {str(number) for number in range(1, 251)}
    # What was landed before the first page's end was noted is asked again; the page that was done is not.
    again = [path for path in github.asked[died_after:] if path.endswith("/commits") and path != "commits"]
    assert len(again) < 250


def test_every_attempt_of_a_rerun_is_landed_once(github: GithubServer, home: DataHome) -> None:
    github.runs = [run(1, 5), run(2, 4, attempt=3, updated=2)]
    github.earlier_attempts = {("2", "1"): run(2, 4, 1), ("2", "2"): run(2, 4, 2)}
    pull(github, home)
    assert sorted(run_ids(home)) == [(1, 1), (2, 1), (2, 2), (2, 3)]


def test_a_run_that_is_rerun_weeks_later_is_seen(github: GithubServer, home: DataHome) -> None:
    github.runs = [run(1, 24 * 20)]
    pull(github, home)
    github.runs = [run(1, 24 * 20, attempt=2, updated=0)]
    github.earlier_attempts = {("1", "1"): run(1, 24 * 20)}
    before = len(github.asked)
    pull(github, home, now=NOW + timedelta(hours=2))
    assert (1, 2) in run_ids(home)
    assert "actions/runs/1/jobs" in github.asked[before:]


def test_details_of_unchanged_runs_are_not_asked_again(github: GithubServer, home: DataHome) -> None:
    github.runs = [run(number, number) for number in range(1, 20)]
    pull(github, home)
    before = len(github.asked)
    pull(github, home, now=NOW + timedelta(hours=2))
    assert not [path for path in github.asked[before:] if path.endswith("/jobs")]


def test_more_runs_than_a_search_shows_are_reached_by_halving_the_window(
    github: GithubServer, home: DataHome
) -> None:
    github.runs = [run(number, number / 10) for number in range(1, 2501)]
    pull(github, home, tables=["workflow_runs"])
    assert {identity for identity, _ in run_ids(home)} == set(range(1, 2501))


def test_a_deployment_that_still_runs_is_asked_for_until_it_ends(
    github: GithubServer, home: DataHome
) -> None:
    github.deployments = [{"id": 5, "created_at": at(1)}]
    github.statuses["5"] = [{"id": 50, "state": "in_progress"}]
    pull(github, home)
    github.statuses["5"].append({"id": 51, "state": "success"})
    pull(github, home, now=NOW + timedelta(days=10))
    statuses = [row["state"] for page in landed(home, "github", "deployment_statuses") for row in page]
    assert statuses == ["in_progress", "in_progress", "success"]
    before = len(github.asked)
    pull(github, home, now=NOW + timedelta(days=20))
    assert "deployments/5/statuses" not in github.asked[before:]


def test_every_commit_of_a_monorepo_is_asked_for_its_files_and_after_a_break_only_the_rest(
    github: GithubServer, home: DataHome
) -> None:
    github.commits = [
        {"sha": f"c{number}", "commit": {"committer": {"date": at(number)}}} for number in range(1, 151)
    ]
    github.fail_at = 120
    with pytest.raises(PermanentError):
        pull(github, home, tables=["commits"], monorepos=[REPOSITORY])
    github.fail_at = None
    pull(github, home, now=NOW + timedelta(hours=1), tables=["commits"], monorepos=[REPOSITORY])
    single = [path for path in github.asked if path.startswith("commits/")]
    assert {path.removeprefix("commits/") for path in single} == {f"c{number}" for number in range(1, 151)}
    # The page that was cut off is asked again, the one before it is not.
    assert len(single) == 100 + 18 + 50
    told = {row["sha"] for row in landed(home, "github", "commits") if isinstance(row, dict)}
    assert told == {f"c{number}" for number in range(1, 151)}


def test_of_other_repositories_no_commit_is_asked_for_alone(github: GithubServer, home: DataHome) -> None:
    github.commits = [{"sha": "c1", "commit": {"committer": {"date": at(1)}}}]
    pull(github, home, tables=["commits"])
    assert github.asked == ["commits"]
    with pytest.raises(ValidationError, match="not among what is pulled: acme/els"):
        pull(github, home, monorepos=["acme/els"])


def test_only_the_tables_asked_for_are_landed(github: GithubServer, home: DataHome) -> None:
    github.pulls = [pull_request(1, 1)]
    github.issues = [{"id": 1, "updated_at": at(1)}]
    pull(github, home, tables=["issues"])
    assert sorted(path.name for path in (home.landing / "github").iterdir()) == ["issues"]


def test_a_repository_in_which_issues_and_pull_requests_are_switched_off_has_none(
    github: GithubServer, home: DataHome
) -> None:
    github.has_issues = github.has_pulls = False
    github.commits = [{"sha": "a", "commit": {"committer": {"date": at(1)}}}]
    pull(github, home)
    assert sorted(path.name for path in (home.landing / "github").iterdir()) == ["commits"]


def test_a_repository_that_is_not_there_is_named(github: GithubServer, home: DataHome) -> None:
    github.is_there = False
    with pytest.raises(PermanentError, match="HTTP 404: no such thing, or the token cannot see it"):
        pull(github, home)


def test_a_spent_quota_is_waited_for(github: GithubServer, home: DataHome) -> None:
    github.pulls, github.spent = [pull_request(1, 1)], 1
    pull(github, home, retries=1, tables=["pull_requests"])
    assert numbers(home) == [1]
    assert github.asked == ["pulls", "pulls"]


def test_a_wrong_token_is_named_and_moves_no_cursor(github: GithubServer, home: DataHome) -> None:
    github.fail_at = 1
    with pytest.raises(PermanentError, match="github: HTTP 401: the token is missing, wrong or expired"):
        pull(github, home)
    assert not (home.cursors / "github.json").exists()


def test_the_token_is_in_no_file_of_the_home(github: GithubServer, home: DataHome) -> None:
    github.pulls = [pull_request(1, 1)]
    pull(github, home)
    files = [path for path in home.root.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"s3cret-token" in path.read_bytes()]


def test_the_clock_is_utc_in_file_names(github: GithubServer, home: DataHome) -> None:
    github.issues = [{"id": 1, "updated_at": at(1)}]
    pull(github, home, now=datetime(2026, 6, 15, 12, 0, tzinfo=UTC))
    (path,) = (home.landing / "github/issues").rglob("*.json")
    assert path.name.startswith("20260615T120000")
