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

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from .cursors import Cursors
from .http import Answer, Client
from .landing import LandingFolder
from .paging import follow_body_links, next_in_body
from .pulled import Address, PulledSystem, Repository
from .walks import walk_changes, walk_pages

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
    for repository in source.repositories:
        _Repository(client, source, landing, cursors, now, repository).pull()


class _Repository:
    def __init__(
        self,
        client: Client,
        source: BitbucketSource,
        landing: LandingFolder,
        cursors: Cursors,
        now: datetime,
        repository: str,
    ) -> None:
        self.client, self.source, self.landing, self.cursors, self.now = client, source, landing, cursors, now
        self.name = repository
        self.parts = tuple(repository.split("/"))

    def pull(self) -> None:
        answer = self.client.get(f"repositories/{self.name}")
        if self._wants("repositories"):
            self.landing.land("repositories", self.parts, answer.body)
        self.pull_pull_requests()
        # A repository without a commit has no main branch.
        if self._wants("commits") and (branch := (answer.json.get("mainbranch") or {}).get("name")):
            self.pull_commits(branch)
        self.pull_pipelines()
        if self._wants("deployments"):
            for page in self._walk("deployments", "deployments/", PAGE):
                self._land("deployments", page)

    def pull_pull_requests(self) -> None:
        parts = {
            "pull_request_commits": ("commits", PAGE),
            "pull_request_activities": ("activity", SHORT_PAGE),
        }
        if not self._wants("pull_requests", *parts):
            return
        told: dict[str, str] = {}
        stream = f"pull_requests:{self.name}"
        pages = walk_changes(
            self.client,
            self.cursors,
            stream,
            self._since(stream, self.source.overlap_days),
            self.now,
            pages=lambda start: self._pages(
                "pullrequests",
                {**SHORT_PAGE, "state": "ALL", "sort": "updated_on", "q": f'updated_on >= "{start}"'},
            ),
            reached=lambda page: str(page.json["values"][-1]["updated_on"]),
            has_more=lambda page: bool(page.json.get("next")),
        )
        for page in pages:
            self._land("pull_requests", page)
            for change in page.json["values"]:
                number, state = str(change["id"]), str(change["updated_on"])
                # Pages overlap at the seam: what was read in this state is not asked for again.
                for table, (part, size) in parts.items() if told.get(number) != state else ():
                    if self._wants(table):
                        for detail in self._pages(f"pullrequests/{number}/{part}", size):
                            self._land(table, detail, number)
                told[number] = state

    def pull_commits(self, branch: str) -> None:
        since = self._since(f"commits:{self.name}", self.source.overlap_days)
        for page in self._walk("commits", f"commits/{quote(branch, safe='')}", PAGE, "date", since):
            self._land("commits", page)

    def pull_pipelines(self) -> None:
        if not self._wants("pipelines", "pipeline_steps"):
            return
        stream = f"pipelines:{self.name}"
        since = self._since(stream, self.source.rerun_days)
        # Runs whose steps are landed, as of which state: uuid → "created_on state result completed_on".
        known = self.cursors.state(stream, "runs")
        params = {**PAGE, "sort": "-created_on"}
        for page in self._walk("pipelines", "pipelines/", params, "created_on", since):
            self._land("pipelines", page)
            for run in page.json["values"]:
                state = run["state"]
                result = (state.get("result") or {}).get("name")
                mark = f"{run['created_on']} {state['name']} {result} {run.get('completed_on')}"
                if self._wants("pipeline_steps") and known.get(run["uuid"]) != mark:
                    for steps in self._pages(f"pipelines/{quote(run['uuid'], safe='')}/steps/", PAGE):
                        self._land("pipeline_steps", steps)
                if state["name"] == "COMPLETED":
                    known[run["uuid"]] = mark
            self.cursors.remember(stream, "runs", known)
        horizon = self.now - timedelta(days=self.source.rerun_days + 1)
        kept = {uuid: mark for uuid, mark in known.items() if _instant(mark.split(" ")[0]) >= horizon}
        self.cursors.remember(stream, "runs", kept)

    def _walk(
        self, what: str, path: str, params: dict[str, Any], member: str = "", since: datetime | None = None
    ) -> Iterator[Answer]:
        """Pages of a list, newest first by ``member`` and read back to ``since``; whole without."""

        def is_old_enough(page: Answer) -> bool:
            rows = page.json["values"]
            return since is not None and bool(rows) and _instant(rows[-1][member]) < since

        return walk_pages(
            self.cursors,
            f"{what}:{self.name}",
            self.now,
            begin=lambda: self._pages(path, params),
            resume=lambda link: follow_body_links(self.client, link, {}, member=""),
            following=lambda page: next_in_body(self.client, page, member=""),
            is_last=is_old_enough,
        )

    def _since(self, stream: str, overlap_days: int) -> datetime:
        return self.cursors.reach_back(stream, self.source.started_at, overlap_days)

    def _wants(self, *tables: str) -> bool:
        return self.source.tables is None or any(table in self.source.tables for table in tables)

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        return follow_body_links(self.client, f"repositories/{self.name}/{path}", params, member="")

    def _land(self, table: str, page: Answer, *folders: str) -> None:
        # A table asked for only to find its details is not landed itself; an empty list says nothing.
        if page.json.get("values") and self._wants(table):
            self.landing.land(table, (*self.parts, *folders), page.body)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
