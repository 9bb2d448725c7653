"""Azure DevOps (Services and Server), as asked over its REST APIs, version 7.1.

Endpoints, per project: ``/wit/reporting/workitemrevisions`` (every revision, by a token that never ends),
``/work/teamsettings/iterations``, ``/build/builds`` and their ``/timeline``, ``/git/pullrequests`` with each
one's ``/commits`` and ``/threads``, ``/distributedtask/environments`` and their deployment records,
``/test/runs`` and their ``/results``; on a host of its own (``release_url``) ``/release/deployments``.

Limits: 200 units per five minutes for a user, counted by load and not by requests; 429 with ``Retry-After``,
and before that answers are delayed. Test runs are asked for in windows of at most seven days.

Gotchas: a token that is not valid is answered with 203 and a sign-in page. ``minTime`` of builds means the
time that ``queryOrder`` names: here the end, so that a build comes when it is over, and again when a stage of
it was run anew. Pull requests have no instant of their last change: those that are open are read each time,
the others by when they were closed; their lists know only ``$skip``, so pages overlap. The token goes on in
``x-ms-continuationtoken``, for revisions in ``nextLink``. An environment's records do not name it: the folder
that they land in does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, get_args
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, StringConstraints

from .cursors import Cursors
from .http import Answer, Client, PermanentError
from .landing import LandingFolder
from .paging import follow_header_tokens, follow_offsets, split_window
from .pulled import Address, PulledSystem
from .walks import FORGOTTEN, walk_pages

VERSION = {"api-version": "7.1"}
PAGE_SIZE = 100
CONTINUATION = "x-ms-continuationtoken"
LONGEST_TEST_WINDOW = timedelta(days=7)
WORK_ITEM_FIELDS = (
    "System.TeamProject,System.WorkItemType,System.Title,System.State,System.Reason,System.AreaPath,"
    "System.IterationPath,System.Parent,System.Tags,System.CreatedBy,System.CreatedDate,System.ChangedDate,"
    "System.RevisedDate,System.IsDeleted,Microsoft.VSTS.Scheduling.StoryPoints,Microsoft.VSTS.Scheduling.Effort,"
    "Microsoft.VSTS.Scheduling.Size,Microsoft.VSTS.Scheduling.DueDate,Microsoft.VSTS.Scheduling.TargetDate,"
    "Microsoft.VSTS.Common.ActivatedDate,Microsoft.VSTS.Common.ClosedDate,"
    "Microsoft.VSTS.Common.StateChangeDate,Microsoft.VSTS.Common.Priority,Microsoft.VSTS.Common.Severity"
)

Name = Annotated[str, StringConstraints(pattern=r"^[^/\\?#%]+$")]
AzureDevopsTable = Literal[
    "work_items", "iterations", "builds", "timeline_records", "pull_requests", "pull_request_commits",
    "pull_request_threads", "release_deployments", "environment_deployments", "test_runs", "test_results",
]  # fmt: skip


class AzureDevopsSource(PulledSystem):
    """Azure DevOps, by organization (or collection) and project."""

    base_url: Address = "https://dev.azure.com"
    release_url: Address = "https://vsrm.dev.azure.com"
    token_env: str
    organization: Name
    projects: list[Name] = Field(min_length=1)
    tables: list[AzureDevopsTable] = Field(default=list(get_args(AzureDevopsTable)))
    overlap_days: int = Field(default=2, ge=0, le=90)

    @property
    def further_urls(self) -> tuple[str, ...]:
        """The host of releases."""
        return (self.release_url,)


def headers(source: AzureDevopsSource) -> dict[str, str]:
    """Request headers for a personal access token: it is the password, and the user's name is empty."""
    return source.basic_as()


def pull(
    client: Client, source: AzureDevopsSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land what is new of ``source``'s projects up to ``now``. Raises PermanentError, TransientError."""
    for project in source.projects:
        puller = _Project(client, source, landing, cursors, now, project)
        steps: dict[Callable[[], None], tuple[str, ...]] = {
            puller.pull_work_items: ("work_items",),
            puller.pull_iterations: ("iterations",),
            puller.pull_builds: ("builds", "timeline_records"),
            puller.pull_pull_requests: ("pull_requests", "pull_request_commits", "pull_request_threads"),
            puller.pull_releases: ("release_deployments",),
            puller.pull_environments: ("environment_deployments",),
            puller.pull_test_runs: ("test_runs", "test_results"),
        }
        for step, tables in steps.items():
            if any(table in source.tables for table in tables):
                step()


class _Project:
    def __init__(
        self, client: Client, source: AzureDevopsSource, landing: LandingFolder,
        cursors: Cursors, now: datetime, project: str,
    ) -> None:  # fmt: skip
        self.client, self.source, self.landing, self.cursors, self.now = client, source, landing, cursors, now
        self.project = project
        self.base = f"{source.organization}/{project}/_apis"

    def pull_work_items(self) -> None:
        """Every revision since the token of the last pull, which is kept page by page."""
        stream = f"work_items:{self.project}"
        path = f"{self.base}/wit/reporting/workitemrevisions"
        params = {
            **VERSION,
            "fields": WORK_ITEM_FIELDS,
            "includeIdentityRef": "true",
            "includeDeleted": "true",
        }
        beginning = {**params, "startDateTime": _text(self.source.started_at)}
        token = self.cursors.state(stream, "position").get("token")
        page = None
        if token is not None:
            try:
                page = self.client.get(path, {**params, "continuationToken": token})
            except PermanentError as error:
                if error.status not in FORGOTTEN:
                    raise
        page = page or self.client.get(path, beginning)
        while True:
            self._land("work_items", page, member="values")
            following = parse_qs(urlsplit(page.json.get("nextLink") or "").query)
            followed = {name.lower(): value for name, value in following.items()}.get("continuationtoken")
            if followed:
                self.cursors.remember(stream, "position", {"token": followed[0]})
            if page.json["isLastBatch"]:
                break
            if not followed or followed[0] == token:
                raise PermanentError(
                    "azure_devops", page.url, "paging stands still: more is promised without a new token"
                )
            token = followed[0]
            page = self.client.get(path, {**params, "continuationToken": token})
        self.cursors.move(stream, self.now)

    def pull_iterations(self) -> None:
        self._land("iterations", self.client.get(f"{self.base}/work/teamsettings/iterations", VERSION))

    def pull_builds(self) -> None:
        stream = f"builds:{self.project}"
        params = {"queryOrder": "finishTimeAscending", "minTime": _text(self._since(stream))}
        for page in self._walk(stream, f"{self.base}/build/builds", params):
            self._land("builds", page)
            for build in page.json["value"] if "timeline_records" in self.source.tables else []:
                self._land_timeline(build["id"])

    def _land_timeline(self, build: int) -> None:
        timeline = self._ask_unless_gone(f"{self.base}/build/builds/{build}/timeline")
        # A build that ended before it had a plan has no timeline: 204, or null.
        if timeline is not None and timeline.json:
            self._land("timeline_records", timeline, str(build), member="records")

    def pull_pull_requests(self) -> None:
        stream = f"pull_requests:{self.project}"
        closed = {
            "searchCriteria.status": "all",
            "searchCriteria.queryTimeRangeType": "closed",
            "searchCriteria.minTime": _text(self._since(stream)),
        }
        heads = self.cursors.state(stream, "heads")  # open ones: number → commit that was last read
        for criteria in (closed, {"searchCriteria.status": "active"}):
            for page in self._skip(f"{self.base}/git/pullrequests", criteria, "pullRequestId"):
                self._land("pull_requests", page)
                for change in page.json["value"]:
                    self._land_details(change, heads)
                self.cursors.remember(stream, "heads", heads)
        self.cursors.move(stream, self.now)

    def _land_details(self, change: dict[str, Any], heads: dict[str, Any]) -> None:
        repository, number = change["repository"]["id"], str(change["pullRequestId"])
        path = f"{self.base}/git/repositories/{repository}/pullRequests/{number}"
        head = (change.get("lastMergeSourceCommit") or {}).get("commitId")
        if "pull_request_commits" in self.source.tables and (head is None or heads.get(number) != head):
            for page in self._tokens(f"{path}/commits", {"$top": PAGE_SIZE}):
                self._land("pull_request_commits", page, repository, number)
        if "pull_request_threads" in self.source.tables:
            self._land(
                "pull_request_threads", self.client.get(f"{path}/threads", VERSION), repository, number
            )
        heads[number] = head
        if change["status"] != "active":
            heads.pop(number)

    def pull_releases(self) -> None:
        stream = f"release_deployments:{self.project}"
        path = f"{self.source.release_url.rstrip('/')}/{self.base}/release/deployments"
        params = {"queryOrder": "ascending", "minModifiedTime": _text(self._since(stream))}
        for page in self._walk(stream, path, params):
            self._land("release_deployments", page)

    def pull_environments(self) -> None:
        stream = f"environment_deployments:{self.project}"
        since, path = self._since(stream), f"{self.base}/distributedtask/environments"
        for environments in self._tokens(path, {"$top": PAGE_SIZE}):
            for environment in environments.json["value"]:
                records = f"{path}/{environment['id']}/environmentdeploymentrecords"
                for page in self._tokens(records, {"top": PAGE_SIZE}):
                    self._land("environment_deployments", page, environment["name"])
                    rows = page.json["value"]
                    if rows and datetime.fromisoformat(rows[-1]["queueTime"]) < since:
                        break
        self.cursors.move(stream, self.now)

    def pull_test_runs(self) -> None:
        stream = f"test_runs:{self.project}"
        for first, last in split_window(self._since(stream), self.now, LONGEST_TEST_WINDOW):
            window = {"minLastUpdatedDate": _text(first), "maxLastUpdatedDate": _text(last)}
            for page in self._tokens(f"{self.base}/test/runs", {**window, "$top": PAGE_SIZE}):
                self._land("test_runs", page)
                for run in page.json["value"] if "test_results" in self.source.tables else []:
                    path = f"{self.base}/test/runs/{run['id']}/results"
                    for results in self._skip(path, {"detailsToInclude": "SubResults"}, "id"):
                        self._land("test_results", results, str(run["id"]))
            self.cursors.move(stream, last)

    def _ask_unless_gone(self, path: str) -> Answer | None:
        try:
            return self.client.get(path, VERSION)
        except PermanentError as error:
            if error.status != 404:  # purged at the source; what we have of it stays
                raise
            return None

    def _walk(self, stream: str, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        asked = {**params, "$top": PAGE_SIZE}
        return walk_pages(
            self.cursors,
            stream,
            self.now,
            begin=lambda: self._tokens(path, asked),
            resume=lambda token: self._tokens(path, asked, token),
            following=lambda page: page.headers.get(CONTINUATION),
        )

    def _tokens(self, path: str, params: dict[str, Any], token: str | None = None) -> Iterator[Answer]:
        return follow_header_tokens(
            self.client,
            path,
            {**VERSION, **params},
            header=CONTINUATION,
            name="continuationToken",
            token=token,
        )

    def _skip(self, path: str, params: dict[str, Any], identity: str) -> Iterator[Answer]:
        return follow_offsets(
            self.client,
            path,
            {**VERSION, **params},
            records="value",
            identity=identity,
            page_size=PAGE_SIZE,
            names=("$skip", "$top"),
            has_more=lambda _, count: count == PAGE_SIZE,
        )

    def _since(self, stream: str) -> datetime:
        return self.cursors.reach_back(stream, self.source.started_at, self.source.overlap_days)

    def _land(self, table: AzureDevopsTable, page: Answer, *more: str, member: str = "value") -> None:
        if table in self.source.tables and page.json[member]:
            self.landing.land(table, (self.source.organization, self.project, *more), page.body)


def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
