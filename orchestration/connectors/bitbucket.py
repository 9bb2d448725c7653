"""Bitbucket Cloud and its Pipelines, as asked over REST (2.0). Data Center is taken from files.

Endpoints, per repository: ``/repositories/{workspace}/{slug}`` (its id and main branch), ``/pullrequests``
(state=ALL: by default only open ones are told), ``/pullrequests/{id}/commits`` and ``/activity``,
``/commits/{branch}``, ``/pipelines/``, ``/pipelines/{uuid}/steps/``, ``/deployments/``. Pages name the next
one in ``next`` of the body and hold at most 100 records, pull requests and activities 50.

Limits: about 1,000 requests an hour; beyond them 429.

Gotchas: ids are UUIDs in braces, which addresses carry encoded. A pull request says neither when it was
merged (its activity does) nor by which whole commit. Neither pipelines nor deployments tell of their last
change: pipelines are read again for ``rerun_days``, deployments whole. Commits have no filter by time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from .cursors import Cursors
from .http import Answer, Client
from .landing import LandingFolder
from .paging import follow_body_links, reads_back_to
from .pulled import Address, PulledSystem, Repository
from .puller import Puller, untold
from .scopes import one_by_one
from .walks import walk_body_links, walk_changes

PAGE = {"pagelen": 100}
SHORT_PAGE = {"pagelen": 50}

BitbucketTable = Literal[
    "repositories", "pull_requests", "pull_request_commits", "pull_request_activities", "commits",
    "pipelines", "pipeline_steps", "deployments",
]  # fmt: skip


class BitbucketSource(PulledSystem):
    """Bitbucket Cloud, by repository (workspace/slug).

    ``user``: owner of an API token, which is then the password; without, the token is an access token.
    """

    base_url: Address = "https://api.bitbucket.org/2.0"
    token_env: str
    user: str | None = None
    repositories: list[Repository] = Field(min_length=1)
    tables: list[BitbucketTable] | None = None
    overlap_days: int = Field(default=3, ge=0, le=90)
    rerun_days: int = Field(default=14, ge=0, le=90, description="how long a run may be started again")


def headers(source: BitbucketSource) -> dict[str, str]:
    """Request headers: an access token, or a user with an API token."""
    return source.bearer if source.user is None else source.basic_as(source.user)


def pull(
    client: Client, source: BitbucketSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land what is new of ``source``'s repositories up to ``now``. Raises PermanentError, TransientError."""
    for repository, reading in one_by_one(source.repositories):
        with reading:
            place = tuple(repository.split("/"))
            _Repository(client, source, landing, cursors, now, repository, place).pull()


class _Repository(Puller[BitbucketSource]):
    def pull(self) -> None:
        repository = self.client.get(f"repositories/{self.scope}")
        self.land("repositories", repository)
        self.pull_pull_requests()
        # A repository without a commit has no main branch.
        if self.wants("commits") and (branch := (repository.json.get("mainbranch") or {}).get("name")):
            is_last = reads_back_to(self.since("commits"), "date", "values")
            self._land_all(
                "commits", self._walk("commits", f"commits/{quote(branch, safe='')}", PAGE, is_last)
            )
        self.pull_pipelines()
        if self.wants("deployments"):
            self._land_all("deployments", self._walk("deployments", "deployments/", PAGE))

    def pull_pull_requests(self) -> None:
        parts = {
            "pull_request_commits": ("commits", PAGE),
            "pull_request_activities": ("activity", SHORT_PAGE),
        }
        if not self.wants("pull_requests", *parts):
            return
        told: dict[str, Any] = {}
        by_change = {**SHORT_PAGE, "state": "ALL", "sort": "updated_on"}
        pages = walk_changes(
            self.client,
            self.cursors,
            self.stream("pull_requests"),
            self.since("pull_requests"),
            self.now,
            pages=lambda start: self._pages("pullrequests", {**by_change, "q": f'updated_on >= "{start}"'}),
            reached=lambda page: str(page.json["values"][-1]["updated_on"]),
            has_more=lambda page: bool(page.json.get("next")),
        )
        for page in pages:
            self.land("pull_requests", page, records="values")
            for number in untold(page.json["values"], told, "id", "updated_on"):
                for table, (part, size) in parts.items():
                    if self.wants(table):
                        self._land_all(table, self._pages(f"pullrequests/{number}/{part}", size), number)

    def pull_pipelines(self) -> None:
        if not self.wants("pipelines", "pipeline_steps"):
            return
        stream = self.stream("pipelines")
        is_last = reads_back_to(self.since("pipelines", self.source.rerun_days), "created_on", "values")
        # Runs whose steps are landed, as of which state: uuid → "created_on state result completed_on".
        known = self.cursors.state(stream, "runs")
        for page in self._walk("pipelines", "pipelines/", {**PAGE, "sort": "-created_on"}, is_last):
            self.land("pipelines", page, records="values")
            for run in page.json["values"]:
                state = run["state"]
                result = (state.get("result") or {}).get("name")
                mark = f"{run['created_on']} {state['name']} {result} {run.get('completed_on')}"
                if self.wants("pipeline_steps") and known.get(run["uuid"]) != mark:
                    steps = self._pages(f"pipelines/{quote(run['uuid'], safe='')}/steps/", PAGE)
                    self._land_all("pipeline_steps", steps)
                if state["name"] == "COMPLETED":
                    known[run["uuid"]] = mark
            self.cursors.remember(stream, "runs", known)
        horizon = self.now - timedelta(days=self.source.rerun_days + 1)
        kept = {
            uuid: mark
            for uuid, mark in known.items()
            if datetime.fromisoformat(mark.split(" ")[0]) >= horizon
        }
        self.cursors.remember(stream, "runs", kept)

    def _walk(
        self, name: str, path: str, params: dict[str, Any], is_last: Callable[[Answer], bool] | None = None
    ) -> Iterator[Answer]:
        return walk_body_links(
            self.client,
            self.cursors,
            self.stream(name),
            self.now,
            f"repositories/{self.scope}/{path}",
            params,
            member="",
            is_last=is_last,
        )

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        return follow_body_links(self.client, f"repositories/{self.scope}/{path}", params, member="")

    def _land_all(self, table: str, pages: Iterator[Answer], *folders: str) -> None:
        self.land_all(table, pages, *folders, records="values")
