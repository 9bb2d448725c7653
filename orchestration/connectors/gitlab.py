"""GitLab and GitLab CI, as asked over REST (v4).

Endpoints, per project: ``/projects/{path}`` (its id, default branch and what is switched on),
``/merge_requests``, ``/merge_requests/{iid}/commits`` and ``/notes``, ``/repository/commits`` (default
branch), ``/pipelines``, ``/pipelines/{id}`` (the list has no start, end or duration),
``/pipelines/{id}/jobs?include_retried=true`` (without it a job that was retried is not told),
``/deployments``, ``/issues`` (incidents among them). Pages of at most 100, the next one by the Link header.

Limits: an instance's own, told by ``RateLimit-*``; beyond them 429 with ``Retry-After``. Paging by number
ends at 50,000 records and totals are left out above 10,000: lists are read by their last change instead.

Gotchas: ``updated_after`` of deployments needs ``order_by=updated_at`` beside it. A retry changes its
pipeline, so that the pipeline, and with it its jobs, are told again. Lists of pipelines hold no child
pipelines. A project without a commit answers 404 where its commits are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import Field, StringConstraints

from .cursors import Cursors
from .http import Answer, Client, PermanentError
from .landing import LandingFolder
from .paging import follow_links
from .pulled import Address, PulledSystem
from .walks import walk_changes, walk_pages

PAGE = {"per_page": 100}
BY_CHANGE = {**PAGE, "order_by": "updated_at", "sort": "asc"}

Project = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$")]
GitlabTable = Literal[
    "projects", "merge_requests", "merge_request_commits", "merge_request_notes", "commits", "pipelines",
    "pipeline_details", "jobs", "deployments", "issues",
]  # fmt: skip


class GitlabSource(PulledSystem):
    """GitLab and GitLab CI, by project (its path with all groups)."""

    base_url: Address = "https://gitlab.com/api/v4"
    token_env: str
    projects: list[Project] = Field(min_length=1)
    tables: list[GitlabTable] | None = None
    overlap_days: int = Field(default=3, ge=0, le=90)


def headers(source: GitlabSource) -> dict[str, str]:
    """Request headers: an access token that may read the API."""
    return {"PRIVATE-TOKEN": source.secret}


def pull(
    client: Client, source: GitlabSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land what is new of ``source``'s projects up to ``now``. Raises PermanentError, TransientError."""
    for path in source.projects:
        _Project(client, source, landing, cursors, now, path).pull()


class _Project:
    def __init__(
        self,
        client: Client,
        source: GitlabSource,
        landing: LandingFolder,
        cursors: Cursors,
        now: datetime,
        path: str,
    ) -> None:
        self.client, self.source, self.landing, self.cursors, self.now = client, source, landing, cursors, now
        self.name = path
        self.path = f"projects/{quote(path, safe='')}"

    def pull(self) -> None:
        answer = self.client.get(self.path)
        self._land("projects", answer)
        project = answer.json
        self.identity = str(project["id"])
        if project.get("merge_requests_enabled", True):
            self.pull_merge_requests()
        self.pull_commits()
        if project.get("jobs_enabled", True):
            self.pull_pipelines()
            self.pull_deployments()
        if project.get("issues_enabled", True) and self._wants("issues"):
            for page in self._changed("issues", {"scope": "all", "state": "all"}):
                self._land("issues", page)

    def pull_merge_requests(self) -> None:
        parts = {"merge_request_commits": "commits", "merge_request_notes": "notes"}
        if not self._wants("merge_requests", *parts):
            return
        told: dict[str, str] = {}
        for page in self._changed("merge_requests", {"scope": "all", "state": "all"}):
            self._land("merge_requests", page)
            for request in self._untold(page, told, "iid"):
                for table, part in parts.items():
                    if self._wants(table):
                        for detail in self._pages(f"merge_requests/{request}/{part}", PAGE):
                            self._land(table, detail, self.identity, request)

    def pull_commits(self) -> None:
        if not self._wants("commits"):
            return
        stream = f"commits:{self.name}"
        since = self._since(stream)
        params = {**PAGE, "since": f"{since:%Y-%m-%dT%H:%M:%SZ}", "until": f"{self.now:%Y-%m-%dT%H:%M:%SZ}"}
        pages = walk_pages(
            self.cursors,
            stream,
            self.now,
            begin=lambda: self._pages("repository/commits", params),
            resume=lambda link: follow_links(self.client, link, {}),
            following=lambda page: page.links.get("next"),
        )
        try:
            for page in pages:
                self._land("commits", page)
        except PermanentError as error:
            if error.status != 404:
                raise

    def pull_pipelines(self) -> None:
        if not self._wants("pipelines", "pipeline_details", "jobs"):
            return
        told: dict[str, str] = {}
        for page in self._changed("pipelines", {}):
            self._land("pipelines", page)
            for pipeline in self._untold(page, told, "id"):
                if self._wants("pipeline_details"):
                    self._land("pipeline_details", self.client.get(f"{self.path}/pipelines/{pipeline}"))
                if self._wants("jobs"):
                    for jobs in self._pages(
                        f"pipelines/{pipeline}/jobs", {**PAGE, "include_retried": "true"}
                    ):
                        self._land("jobs", jobs)

    def pull_deployments(self) -> None:
        if self._wants("deployments"):
            for page in self._changed("deployments", {}):
                self._land("deployments", page, self.identity)

    def _untold(self, page: Answer, told: dict[str, str], identity: str) -> Iterator[str]:
        """Ids of the page's records whose details were not read in this state: pages overlap at the seam."""
        for record in page.json:
            key, state = str(record[identity]), str(record.get("updated_at"))
            if told.get(key) != state:
                yield key
            told[key] = state

    def _changed(self, what: str, params: dict[str, Any]) -> Iterator[Answer]:
        """Pages of a list by last change, from the last pull and a little before."""
        stream = f"{what}:{self.name}"
        return walk_changes(
            self.client,
            self.cursors,
            stream,
            self._since(stream),
            self.now,
            pages=lambda start: self._pages(what, {**BY_CHANGE, **params, "updated_after": start}),
            reached=lambda page: str(page.json[-1]["updated_at"]),
            has_more=lambda page: "next" in page.links,
        )

    def _since(self, stream: str) -> datetime:
        return self.cursors.reach_back(stream, self.source.started_at, self.source.overlap_days)

    def _wants(self, *tables: str) -> bool:
        return self.source.tables is None or any(table in self.source.tables for table in tables)

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        return follow_links(self.client, f"{self.path}/{path}", params)

    def _land(self, table: str, page: Answer, *folders: str) -> None:
        # A table asked for only to find its details is not landed itself; an empty list says nothing.
        if page.json and self._wants(table):
            self.landing.land(table, folders, page.body)
