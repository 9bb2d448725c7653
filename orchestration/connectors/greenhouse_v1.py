"""Greenhouse, as it was asked over Harvest v1 until 31 August 2026, and as some accounts may still be.

Endpoints: ``/jobs`` (openings are inside), ``/applications`` (``last_activity_after``), ``/offers``,
``/candidates`` and ``/job_stages`` (``updated_after``), ``/departments``, ``/close_reasons``,
``/rejection_reasons``, and ``/candidates/{id}/activity_feed`` for the history of stages.

Limits: ``X-RateLimit-Limit`` requests in ten seconds, then 429 with Retry-After; pages hold at most 500.

Gotchas: pages are followed by the Link header, never counted (``skip_count`` spares the server the total, and
with it ``rel=last``). An opening may change without its job's ``updated_at``, so all jobs are read each time.
Harvest has no endpoint for stage history: it stands as sentences in each candidate's activity feed, which is
asked for whoever was active; it lands under the application's id, since a candidate's id in a path would stay
in clear. A candidate who was deleted or merged answers 404. Applications of one person share a feed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .http import Answer
from .instants import utc_text
from .paging import follow_links
from .puller import Entry, Puller
from .refusals import PermanentError

PAGE_SIZE = 500
# Which filter gives what has changed; lists without one are short and read whole.
CHANGED_AFTER = {
    "jobs": None, "departments": None, "close_reasons": None, "rejection_reasons": None,
    "job_stages": "updated_after", "offers": "updated_after", "candidates": "updated_after",
    "applications": "last_activity_after",
}  # fmt: skip

TABLES = (*CHANGED_AFTER, "activity_feed")


class Account(Puller[Entry]):
    """A pull of an account by its Harvest key."""

    def pull(self) -> None:
        """Land everything new. Raises PermanentError, TransientError."""
        for table in CHANGED_AFTER:
            if self.wants(table):
                self.pull_list(table)
        if self.wants("activity_feed"):
            self.pull_feeds()

    def pull_list(self, table: str) -> None:
        """Land the list ``table``."""
        self._read(table, table, lambda page: self.land(table, page, f"{self.now:%Y%m%dT%H%M%SZ}"))
        self.move(table)

    def pull_feeds(self) -> None:
        """The feed of everybody whose applications moved, once: a killed pull goes on where it was."""
        done = self.cursors.state("activity_feed", "progress")

        def read_feeds(page: Answer) -> None:
            for application in page.json:
                self._read_feed(application, done)
            self.cursors.remember("activity_feed", "progress", done)

        self._read("applications", "activity_feed", read_feeds)
        self.move("activity_feed")

    def _read_feed(self, application: dict[str, Any], done: dict[str, Any]) -> None:
        identity, moved = str(application["id"]), application.get("last_activity_at")
        if application.get("prospect") or done.get(identity) == (moved or ""):
            return
        feed = self.client.find(f"v1/candidates/{application['candidate_id']}/activity_feed")
        if feed is not None:
            self.landing.land("activity_feed", (identity,), feed.body)
        done[identity] = moved or ""

    def _read(self, path: str, stream: str, take: Callable[[Answer], object]) -> None:
        params: dict[str, Any] = {"per_page": PAGE_SIZE, "skip_count": "true"}
        if name := CHANGED_AFTER[path]:
            params[name] = utc_text(self.since(stream))
        for page in follow_links(self.client, f"v1/{path}", params):
            if not isinstance(page.json, list):
                raise PermanentError(self.client.system, page.url, "the answer is no list")
            if page.json:
                take(page)
