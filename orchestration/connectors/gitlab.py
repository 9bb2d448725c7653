"""GitLab and GitLab CI, as asked over REST (v4).

Endpoints, per project: ``/projects/{path}`` (its id, default branch and what is switched on),
``/merge_requests``, ``/merge_requests/{iid}/commits`` and ``/notes``, ``/repository/commits`` (default
branch) and, of ``monorepos``, ``/repository/commits/{sha}/diff`` (which files a commit touched),
``/pipelines``, ``/pipelines/{id}`` (the list has no start, end or duration),
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

from pydantic import Field, StringConstraints, model_validator

from .cursors import Cursors
from .http import Answer, Client
from .instants import utc_text
from .landing import LandingFolder
from .paging import follow_links
from .pulled import Address, PulledSystem, check_monorepos
from .puller import Puller, untold
from .refusals import PermanentError
from .scopes import one_by_one
from .walks import walk_changes, walk_links

PAGE = {"per_page": 100}
BY_CHANGE = {**PAGE, "order_by": "updated_at", "sort": "asc"}

Project = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)+$")]
GitlabTable = Literal[
    "projects", "merge_requests", "merge_request_commits", "merge_request_notes", "commits",
    "commit_diffs", "pipelines", "pipeline_details", "jobs", "deployments", "issues",
]  # fmt: skip


class GitlabSource(PulledSystem):
    """GitLab and GitLab CI, by project (its path with all groups)."""

    base_url: Address = "https://gitlab.com/api/v4"
    token_env: str
    projects: list[Project] = Field(min_length=1)
    tables: list[GitlabTable] | None = None
    overlap_days: int = Field(default=3, ge=0, le=90)
    monorepos: list[Project] = Field(
        default=[],
        description="of these, several services' each, every commit is asked for its files: a request each",
    )

    @model_validator(mode="after")
    def _pulls_its_monorepos(self) -> GitlabSource:
        check_monorepos(self.monorepos, self.projects)
        return self


def headers(source: GitlabSource) -> dict[str, str]:
    """Request headers: an access token that may read the API."""
    return {"PRIVATE-TOKEN": source.secret}


def pull(
    client: Client, source: GitlabSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land what is new of ``source``'s projects up to ``now``. Raises PermanentError, TransientError."""
    for path, reading in one_by_one(source.projects):
        with reading:
            _Project(client, source, landing, cursors, now, path).pull()


class _Project(Puller[GitlabSource]):
    @property
    def path(self) -> str:
        return f"projects/{quote(self.scope, safe='')}"

    def pull(self) -> None:
        answer = self.client.get(self.path)
        self.land("projects", answer)
        project = answer.json
        identity = str(project["id"])
        if project.get("merge_requests_enabled", True):
            self.pull_merge_requests(identity)
        if self.wants("commits", "commit_diffs"):
            self.pull_commits(identity)
        if project.get("jobs_enabled", True):
            self.pull_pipelines()
            if self.wants("deployments"):
                self.land_all("deployments", self._changed("deployments", {}), identity)
        if project.get("issues_enabled", True) and self.wants("issues"):
            self.land_all("issues", self._changed("issues", {"scope": "all", "state": "all"}))

    def pull_merge_requests(self, project: str) -> None:
        parts = {"merge_request_commits": "commits", "merge_request_notes": "notes"}
        if not self.wants("merge_requests", *parts):
            return
        told: dict[str, Any] = {}
        for page in self._changed("merge_requests", {"scope": "all", "state": "all"}):
            self.land("merge_requests", page)
            for request in untold(page.json, told, "iid", "updated_at"):
                for table, part in parts.items():
                    if self.wants(table):
                        details = self._pages(f"merge_requests/{request}/{part}", PAGE)
                        self.land_all(table, details, project, request)

    def pull_commits(self, project: str) -> None:
        window = {"since": utc_text(self.since("commits")), "until": utc_text(self.now)}
        path, stream = f"{self.path}/repository/commits", self.stream("commits")
        told: dict[str, Any] = {}
        try:
            for page in walk_links(self.client, self.cursors, stream, self.now, path, {**PAGE, **window}):
                self.land("commits", page)
                if self.scope in self.source.monorepos and self.wants("commit_diffs"):
                    for sha in untold(page.json, told, "id", "id"):
                        files = self._pages(f"repository/commits/{sha}/diff", PAGE)
                        self.land_all("commit_diffs", files, project, sha)
        except PermanentError as error:
            if error.status != 404:
                raise

    def pull_pipelines(self) -> None:
        if not self.wants("pipelines", "pipeline_details", "jobs"):
            return
        told: dict[str, Any] = {}
        for page in self._changed("pipelines", {}):
            self.land("pipelines", page)
            for pipeline in untold(page.json, told, "id", "updated_at"):
                path = f"pipelines/{pipeline}"
                if self.wants("pipeline_details"):
                    self.land("pipeline_details", self.client.get(f"{self.path}/{path}"))
                if self.wants("jobs"):
                    self.land_all("jobs", self._pages(f"{path}/jobs", {**PAGE, "include_retried": "true"}))

    def _changed(self, what: str, params: dict[str, Any]) -> Iterator[Answer]:
        """Pages of a list by last change, from the last pull and a little before."""
        return walk_changes(
            self.client,
            self.cursors,
            self.stream(what),
            self.since(what),
            self.now,
            pages=lambda start: self._pages(what, {**BY_CHANGE, **params, "updated_after": start}),
            reached=lambda page: str(page.json[-1]["updated_at"]),
            has_more=lambda page: "next" in page.links,
        )

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        return follow_links(self.client, f"{self.path}/{path}", params)
