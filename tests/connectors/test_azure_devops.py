"""Pulling Azure DevOps: its three ways of paging, two hosts, windows of a week, the sign-in page, kills."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from orchestration.connectors.azure_devops import AzureDevopsSource
from orchestration.connectors.pull import PullOutcome
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .azure_devops_server import PAT, AzureDevopsServer
from .conftest import NOW, landed, pull_source


@pytest.fixture
def azure_devops(httpserver: HTTPServer) -> AzureDevopsServer:
    return AzureDevopsServer(httpserver)


def pull(
    server: AzureDevopsServer,
    home: DataHome,
    *tables: str,
    now: datetime = NOW,
    token: str = PAT,
    **options: Any,
) -> PullOutcome:
    source = AzureDevopsSource(
        base_url=server.url,
        release_url=server.release_url,
        token_env="AZ",
        organization="acme",
        projects=["Shop"],
        since=date(2026, 6, 1),
        tables=list(tables),
        **{"retries": 3, "retry_backoff_seconds": 0, **options},
    )
    return pull_source("azure_devops", source, home, now, token)


def values(home: DataHome, table: str, name: str, member: str = "value") -> list[Any]:
    return [row[name] for body in landed(home, "azure_devops", table) for row in body[member]]


def instant(hours: float) -> str:
    """So many hours before now, with seven digits behind the second as Azure DevOps writes them."""
    return f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}.1234567Z"


def add_builds(server: AzureDevopsServer, numbers: range, hours: float = 1) -> None:
    for number in numbers:
        server.builds[number] = {"id": number, "finishTime": instant(hours - number / 1000)}


def add_pull(server: AzureDevopsServer, number: int, closed: str | None = None, head: str = "a1") -> None:
    server.pulls[number] = {
        "pullRequestId": number,
        "status": "completed" if closed else "active",
        "repository": {"id": "r-1"},
        "lastMergeSourceCommit": {"commitId": head},
        **({"closedDate": closed} if closed else {}),
    }


def test_revisions_are_read_to_the_last_batch_and_the_next_pull_goes_on_from_its_token(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    azure_devops.revisions = [{"id": 1, "rev": number} for number in range(250)]
    pull(azure_devops, home, "work_items")
    azure_devops.revisions += [{"id": 2, "rev": 1}]
    pull(azure_devops, home, "work_items", now=NOW + timedelta(days=1))
    assert values(home, "work_items", "rev", "values") == [*range(250), 1]
    assert [args.get("continuationToken") for _, args in azure_devops.asked] == [None, "100", "200", "250"]


def test_a_pull_of_revisions_that_dies_goes_on_at_its_token_with_nothing_missing_and_nothing_twice(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    azure_devops.revisions = [{"id": 1, "rev": number} for number in range(450)]
    azure_devops.fail_at = 3
    with pytest.raises(PermanentError, match="azure_devops: HTTP 501: TF400898"):
        pull(azure_devops, home, "work_items")
    azure_devops.fail_at = None
    pull(azure_devops, home, "work_items", now=NOW + timedelta(hours=1))
    assert values(home, "work_items", "rev", "values") == list(range(450))


def test_a_token_that_is_no_longer_known_begins_the_report_anew(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    azure_devops.revisions = [{"id": 1, "rev": number} for number in range(10)]
    pull(azure_devops, home, "work_items")
    azure_devops.forgotten_tokens = {"10"}
    pull(azure_devops, home, "work_items", now=NOW + timedelta(days=1))
    assert Counter(values(home, "work_items", "rev", "values")) == dict.fromkeys(range(10), 2)
    assert azure_devops.asked[-1][1]["startDateTime"] == "2026-06-01T00:00:00Z"


def test_builds_are_walked_by_the_token_of_the_header_and_resumed_there(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    add_builds(azure_devops, range(350))
    azure_devops.fail_at = 3
    with pytest.raises(PermanentError, match="HTTP 501"):
        pull(azure_devops, home, "builds")
    azure_devops.fail_at = None
    pull(azure_devops, home, "builds", now=NOW + timedelta(hours=1))
    assert values(home, "builds", "id") == list(range(350))


def test_a_build_whose_stage_was_run_again_ends_anew_and_is_read_again(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    add_builds(azure_devops, range(2), hours=24 * 10)
    pull(azure_devops, home, "builds")
    azure_devops.builds[1]["finishTime"] = instant(-1)
    pull(azure_devops, home, "builds", now=NOW + timedelta(hours=2))
    assert values(home, "builds", "id") == [0, 1, 1]


def test_timelines_lie_in_the_folder_of_their_build_and_purged_ones_are_passed_over(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    add_builds(azure_devops, range(4))
    pull(azure_devops, home, "timeline_records")
    folders = (home.landing / "azure_devops" / "timeline_records").glob("acme/Shop/*")
    assert sorted(path.name for path in folders) == ["0", "2"]
    assert not (home.landing / "azure_devops" / "builds").exists()


def test_a_build_that_never_had_a_plan_has_no_timeline(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    add_builds(azure_devops, range(3))
    azure_devops.builds[0]["status"] = "postponed"
    pull(azure_devops, home, "timeline_records")
    folders = (home.landing / "azure_devops" / "timeline_records").glob("acme/Shop/*")
    assert [path.name for path in folders] == ["2"]


def test_open_pull_requests_are_read_each_time_and_closed_ones_by_when_they_were_closed(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    add_pull(azure_devops, 1, closed=instant(24 * 9))
    add_pull(azure_devops, 2)
    add_pull(azure_devops, 3)
    pull(azure_devops, home, "pull_requests")
    add_pull(azure_devops, 2, closed=instant(-1))
    pull(azure_devops, home, "pull_requests", now=NOW + timedelta(hours=2))
    assert values(home, "pull_requests", "pullRequestId") == [1, 3, 2, 2, 3]


def test_commits_are_asked_for_when_the_branch_moved_and_discussions_each_time(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    add_pull(azure_devops, 1)
    add_pull(azure_devops, 2)
    tables = ("pull_request_commits", "pull_request_threads")
    pull(azure_devops, home, *tables)
    add_pull(azure_devops, 2, head="b2")
    pull(azure_devops, home, *tables, now=NOW + timedelta(days=1))
    assert values(home, "pull_request_commits", "of") == [2, 1, 2]
    assert values(home, "pull_request_threads", "of") == [2, 1, 2, 1]
    assert (home.landing / "azure_devops/pull_request_commits/acme/Shop/r-1/2").is_dir()


def test_a_pull_request_that_is_closed_while_the_list_is_read_hides_no_other(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    """It leaves the list of open ones, whose rest moves up past the page that comes next."""
    for number in range(250):
        add_pull(azure_devops, number)

    def close_one(path: str, args: dict[str, str]) -> None:
        if args.get("searchCriteria.status") == "active" and args["$skip"] == "99":
            azure_devops.pulls[249]["status"] = "completed"

    azure_devops.before_request = close_one
    pull(azure_devops, home, "pull_requests")
    assert set(values(home, "pull_requests", "pullRequestId")) == set(range(250))


def test_releases_are_asked_for_on_their_own_host_and_by_their_last_change(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    azure_devops.deployments = [{"id": n, "lastModifiedOn": instant(24 * 12)} for n in range(150)]
    pull(azure_devops, home, "release_deployments")
    azure_devops.deployments[7]["lastModifiedOn"] = instant(-1)
    pull(azure_devops, home, "release_deployments", now=NOW + timedelta(hours=2))
    assert values(home, "release_deployments", "id") == [*range(150), 7]


def test_an_environments_records_are_read_newest_first_down_to_the_watermark(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    rows = [{"id": 1000 - n, "queueTime": instant(n), "finishTime": instant(n)} for n in range(300)]
    azure_devops.records = {"production": rows, "qa 2": rows[:1]}
    pull(azure_devops, home, "environment_deployments")
    assert len(values(home, "environment_deployments", "id")) == 301
    pull(azure_devops, home, "environment_deployments", now=NOW + timedelta(hours=1))
    assert len(values(home, "environment_deployments", "id")) == 301 + 101
    folders = (home.landing / "azure_devops" / "environment_deployments").glob("acme/Shop/*")
    assert sorted(path.name for path in folders) == ["production", "qa_2"]


def test_a_deployment_that_waited_for_days_is_read_again_once_it_has_ended(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    rows = [{"id": 1000 - n, "queueTime": instant(n), "finishTime": instant(n)} for n in range(0, 600, 2)]
    waiting = rows[130]
    del waiting["finishTime"]
    azure_devops.records = {"production": rows}
    pull(azure_devops, home, "environment_deployments")
    waiting["finishTime"] = instant(-1)
    for hours in (2, 3):
        pull(azure_devops, home, "environment_deployments", now=NOW + timedelta(hours=hours))
    assert Counter(values(home, "environment_deployments", "id"))[waiting["id"]] == 2
    assert len(values(home, "environment_deployments", "id")) == 200 + 200 + 100


def test_test_runs_are_asked_for_in_windows_of_a_week_with_the_results_of_each(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    for number in range(3):
        azure_devops.runs[number] = {"id": number, "lastUpdatedDate": instant(number * 24 * 6 + 1)}
        azure_devops.results[number] = [{"id": n} for n in range(100 * number + 50)]
    pull(azure_devops, home, "test_runs", "test_results")
    assert sorted(values(home, "test_runs", "id")) == [0, 1, 2]
    folder = home.landing / "azure_devops" / "test_results" / "acme" / "Shop"
    assert sorted(path.name for path in folder.iterdir()) == ["0", "1", "2"]
    found = Counter(values(home, "test_results", "id"))
    assert set(found) == set(range(250))


def test_a_sign_in_page_is_a_refused_token_and_not_tried_again(
    azure_devops: AzureDevopsServer, home: DataHome
) -> None:
    with pytest.raises(
        PermanentError, match="azure_devops: HTTP 203: the token is missing, wrong or expired"
    ):
        pull(azure_devops, home, "iterations", token="expired")
    assert len(azure_devops.asked) == 1
    assert not (home.cursors / "azure_devops.json").exists()


def test_a_spent_limit_is_waited_for(azure_devops: AzureDevopsServer, home: DataHome) -> None:
    azure_devops.busy = 2
    pull(azure_devops, home, "iterations")
    assert values(home, "iterations", "id") == ["i-1"]
