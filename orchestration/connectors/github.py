"""GitHub and GitHub Actions, as asked over REST (version 2022-11-28).

Endpoints, all per repository: ``/pulls`` (newest update first; the list has no ``since``, so reading stops at
the watermark), ``/pulls/{n}/commits`` (GitHub gives at most 250), ``/pulls/{n}/reviews``, ``/commits``,
``/deployments`` (no date filter; newest first), ``/deployments/{id}/statuses``, ``/actions/runs`` (at most
1,000 results per search, so the ``created`` window is bisected), ``/actions/runs/{id}/attempts/{n}``,
``/actions/runs/{id}/jobs?filter=all``, ``/issues`` (returns pull requests too).

Limits: 5,000 requests an hour for a token; a spent quota is 403 or 429 with ``x-ratelimit-remaining: 0``.

Gotchas: a re-run keeps a run's ``created_at``, so runs are read again for ``rerun_days``; the run list
shows only the latest attempt, so earlier ones are fetched one by one. Lists are read newest first: a record
that is touched while we read moves to the front, so pages shift towards repetition, never towards a gap,
and the next pull meets it again because the watermark is the instant at which this pull began.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from .cursors import Cursors
from .http import Answer, Client, PermanentError
from .landing import LandingFolder
from .paging import bisect_window, follow_links
from .pulled import Address, PulledSystem, Repository

RUNS_CAP = 1000
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
    for repository in source.repositories:
        puller = _Repository(client, source, landing, cursors, now, repository)
        puller.pull_pull_requests()
        puller.pull_commits()
        puller.pull_deployments()
        puller.pull_runs()
        puller.pull_issues()


class _Repository:
    def __init__(
        self,
        client: Client,
        source: GithubSource,
        landing: LandingFolder,
        cursors: Cursors,
        now: datetime,
        repository: str,
    ) -> None:
        self.client, self.source, self.landing, self.cursors, self.now = client, source, landing, cursors, now
        self.repository = repository
        self.parts = tuple(repository.split("/"))

    def pull_pull_requests(self) -> None:
        if not self._wants("pull_requests", "pull_request_commits", "pull_request_reviews"):
            return
        stream, since = self._since("pull_requests", self.source.overlap_days)
        # Details already landed by a pull that was cut off: number → updated_at.
        done = self.cursors.state(stream, "progress")
        params = {**PAGE, "state": "all", "sort": "updated", "direction": "desc"}
        for page in self._newest_first("pulls", params, since, "updated_at"):
            self._land("pull_requests", page)
            for change in page.json:
                number, updated_at = str(change["number"]), change["updated_at"]
                if _instant(updated_at) < since or done.get(number) == updated_at:
                    continue
                for part, table in (("commits", "pull_request_commits"), ("reviews", "pull_request_reviews")):
                    if self._wants(table):
                        for detail in self._pages(f"pulls/{number}/{part}", PAGE):
                            self._land(table, detail, number)
                done[number] = updated_at
            self.cursors.remember(stream, "progress", done)
        self.cursors.move(stream, self.now)

    def pull_commits(self) -> None:
        if not self._wants("commits"):
            return
        stream, since = self._since("commits", self.source.overlap_days)
        try:
            for page in self._pages("commits", {**PAGE, "since": _text(since), "until": _text(self.now)}):
                self._land("commits", page)
        except PermanentError as error:
            if error.status != 409:  # 409: the repository has no commit yet
                raise
        self.cursors.move(stream, self.now)

    def pull_deployments(self) -> None:
        if not self._wants("deployments", "deployment_statuses"):
            return
        stream, since = self._since("deployments", self.source.overlap_days)
        unfinished = self.cursors.state(stream, "unfinished")
        asked = set()
        for page in self._newest_first("deployments", PAGE, since, "created_at"):
            self._land("deployments", page)
            for deployment in page.json:
                identity = str(deployment["id"])
                if _instant(deployment["created_at"]) >= since or identity in unfinished:
                    asked.add(identity)
                    self._pull_statuses(identity, deployment["created_at"], unfinished)
        # A deployment that still ran when the watermark passed it: its end is asked for until it comes.
        for identity, created_at in list(unfinished.items()):
            if identity not in asked:
                self._pull_statuses(identity, created_at, unfinished)
        self.cursors.remember(stream, "unfinished", unfinished)
        self.cursors.move(stream, self.now)

    def _pull_statuses(self, identity: str, created_at: str, unfinished: dict[str, Any]) -> None:
        if not self._wants("deployment_statuses"):
            return
        states = set()
        for page in self._pages(f"deployments/{identity}/statuses", PAGE):
            self._land("deployment_statuses", page)
            states |= {status["state"] for status in page.json}
        is_given_up = _instant(created_at) < self.now - timedelta(days=self.source.rerun_days)
        if states & FINAL_STATES or is_given_up:
            unfinished.pop(identity, None)
        else:
            unfinished[identity] = created_at

    def pull_runs(self) -> None:
        if not self._wants("workflow_runs", "workflow_jobs"):
            return
        stream, since = self._since("workflow_runs", self.source.rerun_days)
        # Runs whose details are landed, as of which state: id → "attempt updated_at created_at".
        known = self.cursors.state(stream, "runs")
        for first, last in bisect_window(
            self._count_runs, since, self.now, cap=RUNS_CAP, refuse=self._refuse_window
        ):
            for page in self._pages("actions/runs", {**PAGE, "created": f"{_text(first)}..{_text(last)}"}):
                self._land("workflow_runs", page)
                for run in page.json["workflow_runs"]:
                    self._pull_run_details(run, known)
            self.cursors.remember(stream, "runs", known)
        horizon = _text(self.now - timedelta(days=self.source.rerun_days + 1))
        self.cursors.remember(
            stream, "runs", {i: mark for i, mark in known.items() if mark.split(" ")[2] >= horizon}
        )
        self.cursors.move(stream, self.now)

    def _pull_run_details(self, run: dict[str, Any], known: dict[str, Any]) -> None:
        identity, attempt = str(run["id"]), int(run.get("run_attempt") or 1)
        mark = f"{attempt} {run['updated_at']} {run['created_at']}"
        if known.get(identity) == mark:
            return
        landed = int(known[identity].split(" ")[0]) if identity in known else 1
        if self._wants("workflow_runs"):
            for earlier in range(landed, attempt):
                self._land("workflow_runs", self._get(f"actions/runs/{identity}/attempts/{earlier}"))
        if self._wants("workflow_jobs"):
            for page in self._pages(f"actions/runs/{identity}/jobs", {**PAGE, "filter": "all"}):
                self._land("workflow_jobs", page)
        if run.get("status") == "completed":
            known[identity] = mark

    def pull_issues(self) -> None:
        if not self._wants("issues"):
            return
        stream, since = self._since("issues", self.source.overlap_days)
        params = {**PAGE, "state": "all", "sort": "updated", "direction": "desc", "since": _text(since)}
        for page in self._pages("issues", params):
            self._land("issues", page)
        self.cursors.move(stream, self.now)

    def _count_runs(self, first: datetime, last: datetime) -> int:
        answer = self._get("actions/runs", {"per_page": 1, "created": f"{_text(first)}..{_text(last)}"})
        return int(answer.json["total_count"])

    def _refuse_window(self, second: datetime, found: int) -> PermanentError:
        return PermanentError(
            "github",
            f"repos/{self.repository}/actions/runs",
            f"{found} runs were created within the second {_text(second)}; GitHub shows only {RUNS_CAP}",
        )

    def _wants(self, *tables: str) -> bool:
        return self.source.tables is None or any(table in self.source.tables for table in tables)

    def _since(self, name: str, overlap_days: int) -> tuple[str, datetime]:
        stream = f"{name}:{self.repository}"
        return stream, self.cursors.reach_back(stream, self.source.started_at, overlap_days)

    def _get(self, path: str, params: dict[str, Any] | None = None) -> Answer:
        return self.client.get(f"repos/{self.repository}/{path}", params)

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        return follow_links(self.client, f"repos/{self.repository}/{path}", params)

    def _newest_first(
        self, path: str, params: dict[str, Any], since: datetime, member: str
    ) -> Iterator[Answer]:
        for page in self._pages(path, params):
            yield page
            if page.json and _instant(page.json[-1][member]) < since:
                return

    def _land(self, table: str, page: Answer, *more: str) -> None:
        records = (
            page.json.get("workflow_runs", page.json.get("jobs", [page]))
            if isinstance(page.json, dict)
            else page.json
        )
        # A table asked for only to find its details is not landed itself; an empty list says nothing.
        if records and self._wants(table):
            self.landing.land(table, (*self.parts, *more), page.body)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
