"""Runs of GitHub Actions with their attempts and jobs, as asked over REST (version 2022-11-28).

Endpoints, per repository: ``/actions/runs`` (at most 1,000 results a search, so the ``created`` window is
bisected), ``/actions/runs/{id}/attempts/{n}``, ``/actions/runs/{id}/jobs?filter=all``.

Gotchas: a re-run keeps a run's ``created_at``, so runs are read again for ``rerun_days``; the list shows only
the latest attempt, so earlier ones are fetched one by one.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from .instants import utc_text
from .paging import follow_links
from .puller import Entry, Puller
from .refusals import PermanentError
from .windows import bisect_window

RUNS_CAP = 1000
PAGE = {"per_page": 100}


def pull_runs(puller: Puller[Entry], rerun_days: int) -> None:
    """Land the runs of the puller's repository that are new or may have been started again, with details."""
    cursors, stream = puller.cursors, puller.stream("workflow_runs")
    path = f"repos/{puller.scope}/actions/runs"
    # Runs whose details are landed, as of which state: id → "attempt updated_at created_at".
    known = cursors.state(stream, "runs")

    def count(first: datetime, last: datetime) -> int:
        answer = puller.client.get(path, {"per_page": 1, "created": _window(first, last)})
        return int(answer.json["total_count"])

    def refuse(second: datetime, found: int) -> PermanentError:
        what = f"{found} runs were created within the second {utc_text(second)}; GitHub shows only {RUNS_CAP}"
        return PermanentError("github", path, what)

    since = puller.since("workflow_runs", rerun_days)
    for first, last in bisect_window(count, since, puller.now, cap=RUNS_CAP, refuse=refuse):
        for page in follow_links(puller.client, path, {**PAGE, "created": _window(first, last)}):
            puller.land("workflow_runs", page, records="workflow_runs")
            for run in page.json["workflow_runs"]:
                _pull_details(puller, path, run, known)
        cursors.remember(stream, "runs", known)
    horizon = utc_text(puller.now - timedelta(days=rerun_days + 1))
    kept = {identity: mark for identity, mark in known.items() if mark.split(" ")[2] >= horizon}
    cursors.remember(stream, "runs", kept)
    puller.move("workflow_runs")


def _pull_details(puller: Puller[Entry], path: str, run: dict[str, Any], known: dict[str, Any]) -> None:
    identity, attempt = str(run["id"]), int(run.get("run_attempt") or 1)
    mark = f"{attempt} {run['updated_at']} {run['created_at']}"
    if known.get(identity) == mark:
        return
    landed = int(known[identity].split(" ")[0]) if identity in known else 1
    if puller.wants("workflow_runs"):
        for earlier in range(landed, attempt):
            puller.land("workflow_runs", puller.client.get(f"{path}/{identity}/attempts/{earlier}"))
    if puller.wants("workflow_jobs"):
        jobs = follow_links(puller.client, f"{path}/{identity}/jobs", {**PAGE, "filter": "all"})
        puller.land_all("workflow_jobs", jobs, records="jobs")
    if run.get("status") == "completed":
        known[identity] = mark


def _window(first: datetime, last: datetime) -> str:
    return f"{utc_text(first)}..{utc_text(last)}"
