"""GitHub and GitHub Actions, as asked over REST (version 2022-11-28).

Endpoints, all per repository: ``/pulls`` (newest update first; the list has no ``since``, so reading stops at
the watermark), ``/pulls/{n}/commits`` (GitHub gives at most 250), ``/pulls/{n}/reviews``, ``/commits``,
``/commits/{sha}`` of ``monorepos`` (only it lists files, 300 at most), ``/deployments`` (no date filter;
newest first), ``/deployments/{id}/statuses``, ``/issues`` (returns pull requests too); those of Actions are
in ``github_actions``.

Limits: 5,000 requests an hour for a token; a spent quota is 403 or 429 with ``x-ratelimit-remaining: 0``.

Gotchas: lists are read newest first: a record that is touched while we read moves to the front, so pages
shift towards repetition, never towards a gap, and the next pull meets it again because the watermark is the
instant at which this pull began. A deployment's statuses come without its list: they are asked for until one
of them is final, or ``rerun_days`` are over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from pydantic import Field, model_validator

from .cursors import Cursors
from .github_actions import pull_runs
from .http import Answer, Client
from .instants import utc_text
from .landing import LandingFolder
from .paging import follow_links, read_until, reads_back_to
from .pulled import Address, PulledSystem, Repository, check_monorepos
from .puller import Puller, untold
from .refusals import PermanentError
from .scopes import one_by_one

PAGE = {"per_page": 100}
FINAL_STATES = frozenset({"success", "failure", "error", "inactive"})

GithubTable = Literal[
    "pull_requests", "pull_request_commits", "pull_request_reviews", "commits", "deployments",
    "deployment_statuses", "workflow_runs", "workflow_jobs", "issues",
]  # fmt: skip


class GithubSource(PulledSystem):
    """GitHub and GitHub Actions, by repository."""

    base_url: Address = "https://api.github.com"
    token_env: str
    repositories: list[Repository] = Field(min_length=1)
    tables: list[GithubTable] | None = None
    overlap_days: int = Field(default=3, ge=0, le=90)
    rerun_days: int = Field(
        default=30,
        ge=0,
        le=90,
        description="a run may be re-run this long after it was created: re-read so far",
    )
    monorepos: list[Repository] = Field(
        default=[],
        description="of these, several services' each, every commit is asked for its files: a request each",
    )

    @model_validator(mode="after")
    def _pulls_its_monorepos(self) -> GithubSource:
        check_monorepos(self.monorepos, self.repositories)
        return self


def headers(source: PulledSystem) -> dict[str, str]:
    """Request headers: a personal or an app token."""
    return {
        "Authorization": f"Bearer {source.secret}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }


def pull(
    client: Client, source: GithubSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land what is new of ``source``'s repositories up to ``now``. Raises PermanentError, TransientError."""
    for repository, reading in one_by_one(source.repositories):
        with reading:
            place = tuple(repository.split("/"))
            puller = _Repository(client, source, landing, cursors, now, repository, place)
            puller.take(
                {
                    puller.pull_pull_requests: (
                        "pull_requests",
                        "pull_request_commits",
                        "pull_request_reviews",
                    ),
                    puller.pull_commits: ("commits",),
                    puller.pull_deployments: ("deployments", "deployment_statuses"),
                    partial(pull_runs, puller, source.rerun_days): ("workflow_runs", "workflow_jobs"),
                    puller.pull_issues: ("issues",),
                }
            )


class _Repository(Puller[GithubSource]):
    def pull_pull_requests(self) -> None:
        stream, since = self.stream("pull_requests"), self.since("pull_requests")
        # Details already landed by a pull that was cut off: number → updated_at.
        done = self.cursors.state(stream, "progress")
        params = {**PAGE, "state": "all", "sort": "updated", "direction": "desc"}
        for page in read_until(self._pages_unless_off("pulls", params), reads_back_to(since, "updated_at")):
            self.land("pull_requests", page)
            changed = [row for row in page.json if datetime.fromisoformat(row["updated_at"]) >= since]
            for number in untold(changed, done, "number", "updated_at"):
                for part, table in (("commits", "pull_request_commits"), ("reviews", "pull_request_reviews")):
                    if self.wants(table):
                        self.land_all(table, self._pages(f"pulls/{number}/{part}", PAGE), number)
            self.cursors.remember(stream, "progress", done)
        self.move("pull_requests")

    def pull_commits(self) -> None:
        window = {"since": utc_text(self.since("commits")), "until": utc_text(self.now)}
        # 409: the repository has no commit yet.
        self._land_list("commits", window, nothing=409, details=self._pull_files)

    def _pull_files(self, page: Answer) -> None:
        if self.scope not in self.source.monorepos:
            return
        stream = self.stream("commits")
        # Commits whose files were landed by a pull that was cut off.
        done = self.cursors.state(stream, "progress")
        for sha in untold(page.json, done, "sha", "sha"):
            self.land("commits", self.client.get(f"repos/{self.scope}/commits/{sha}"))
        self.cursors.remember(stream, "progress", done)

    def pull_deployments(self) -> None:
        stream, since = self.stream("deployments"), self.since("deployments")
        unfinished = self.cursors.state(stream, "unfinished")
        asked = set()
        for page in read_until(self._pages("deployments", PAGE), reads_back_to(since, "created_at")):
            self.land("deployments", page)
            for deployment in page.json:
                identity, created_at = str(deployment["id"]), deployment["created_at"]
                if datetime.fromisoformat(created_at) >= since or identity in unfinished:
                    asked.add(identity)
                    self._pull_statuses(identity, created_at, unfinished)
        # A deployment that still ran when the watermark passed it: its end is asked for until it comes.
        for identity, created_at in list(unfinished.items()):
            if identity not in asked:
                self._pull_statuses(identity, created_at, unfinished)
        self.cursors.remember(stream, "unfinished", unfinished)
        self.move("deployments")

    def _pull_statuses(self, identity: str, created_at: str, unfinished: dict[str, Any]) -> None:
        if not self.wants("deployment_statuses"):
            return
        states = set()
        for page in self._pages(f"deployments/{identity}/statuses", PAGE):
            self.land("deployment_statuses", page)
            states |= {status["state"] for status in page.json}
        given_up_at = self.now - timedelta(days=self.source.rerun_days)
        if states & FINAL_STATES or datetime.fromisoformat(created_at) < given_up_at:
            unfinished.pop(identity, None)
        else:
            unfinished[identity] = created_at

    def pull_issues(self) -> None:
        newest_first = {"state": "all", "sort": "updated", "direction": "desc"}
        window = {**newest_first, "since": utc_text(self.since("issues"))}
        self._land_list("issues", window, nothing=410)  # they are switched off, as in a new fork

    def _land_list(
        self,
        name: str,
        params: dict[str, Any],
        nothing: int,
        details: Callable[[Answer], None] = lambda _: None,
    ) -> None:
        """Land a list, each page with its details; where there is none it is refused with ``nothing``."""
        try:
            for page in self._pages(name, {**PAGE, **params}):
                self.land(name, page)
                details(page)
        except PermanentError as error:
            if error.status != nothing:
                raise
        self.move(name)

    def _pages_unless_off(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        """Pages of a list; none where a repository that is there has it switched off (404)."""
        try:
            yield from self._pages(path, params)
        except PermanentError as error:
            if error.status != 404 or self.client.find(f"repos/{self.scope}") is None:
                raise

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        return follow_links(self.client, f"repos/{self.scope}/{path}", params)
