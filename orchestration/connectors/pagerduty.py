"""PagerDuty, as asked over REST v2 and, for the raw-incident table, its analytics.

Endpoints: ``/incidents`` (``since``/``until`` select by creation, at most 6 months a window),
``/incidents/{id}``, ``/log_entries``, ``/oncalls``, ``/services``, ``/users``, ``/schedules``; ``POST
/analytics/raw/incidents``.

Limits: 960 requests a minute for a key; ``offset + limit`` may not exceed 10,000, so windows are bisected by
their ``total``; pages hold at most 100.

Gotchas: without ``time_zone=UTC`` instants come in the account's zone. ``since`` sees creation only, so
incidents that were open are asked for again by id until they are resolved. Analytics lag up to a day and
speak local time without an offset in the zone that was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field

from .cursors import Cursors
from .http import Client
from .landing import LandingFolder
from .paging import follow_cursor, follow_offsets
from .pulled import Address, PulledSystem
from .refusals import PermanentError
from .windows import bisect_window, split_window

OFFSET_CAP = 9_900  # offset + limit stays below 10,000 with a page to spare
LONGEST_WINDOW = timedelta(days=179)
ON_CALL_WINDOW = timedelta(days=30)
ANALYTICS_LAG = timedelta(days=2)

PagerdutyTable = Literal[
    "incidents", "log_entries", "services", "users", "schedules", "on_calls", "incidents_raw_csv"
]  # fmt: skip


class PagerdutySource(PulledSystem):
    """PagerDuty REST and, where ``incidents_raw_csv`` is asked for, its analytics."""

    base_url: Address = "https://api.pagerduty.com"
    token_env: str
    tables: list[PagerdutyTable] = Field(
        default=["incidents", "log_entries", "services", "users", "schedules", "on_calls"]
    )
    overlap_days: int = Field(default=2, ge=0, le=90)


def headers(source: PagerdutySource) -> dict[str, str]:
    """Request headers for an API key."""
    return {
        "Authorization": f"Token token={source.secret}",
        "Accept": "application/vnd.pagerduty+json;version=2",
        "Content-Type": "application/json",
    }


def pull(
    client: Client, source: PagerdutySource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land everything new of the account up to ``now``. Raises PermanentError, TransientError."""
    puller = _Account(client, source, landing, cursors, now)
    steps: dict[str, Callable[[], None]] = {
        "services": lambda: puller.pull_list("services"),
        "users": lambda: puller.pull_list("users"),
        "schedules": lambda: puller.pull_list("schedules"),
        "incidents": puller.pull_incidents,
        "log_entries": puller.pull_log_entries,
        "on_calls": puller.pull_on_calls,
        "incidents_raw_csv": puller.pull_analytics,
    }
    for table, step in steps.items():
        if table in source.tables:
            step()


class _Account:
    def __init__(
        self, client: Client, source: PagerdutySource, landing: LandingFolder, cursors: Cursors, now: datetime
    ) -> None:
        self.client, self.source, self.landing, self.cursors, self.now = client, source, landing, cursors, now

    def pull_list(self, table: str) -> None:
        for page in follow_offsets(self.client, table, {}, records=table):
            if page.json[table]:
                self.landing.land(table, (), page.body)
        self.cursors.move(table, self.now)

    def pull_incidents(self) -> None:
        open_ids = self.cursors.state("incidents", "open")
        seen = set()
        for first, last in self._windows("incidents", {"sort_by": "created_at:asc"}):
            params = {**_window(first, last), "sort_by": "created_at:asc"}
            for page in follow_offsets(self.client, "incidents", params, records="incidents"):
                if page.json["incidents"]:
                    self.landing.land("incidents", (), page.body)
                for incident in page.json["incidents"]:
                    seen.add(incident["id"])
                    _note_open(open_ids, incident["id"], incident.get("status"))
            self.cursors.remember("incidents", "open", open_ids)
        for identity in sorted(set(open_ids) - seen):
            try:
                answer = self.client.get(f"incidents/{identity}", {"time_zone": "UTC"})
            except PermanentError as error:
                if error.status != 404:
                    raise
                open_ids.pop(identity)  # deleted at the source; what we have of it stays
                continue
            self.landing.land("incidents", (), answer.body)
            _note_open(open_ids, identity, answer.json["incident"].get("status"))
        self.cursors.remember("incidents", "open", open_ids)
        self.cursors.move("incidents", self.now)

    def pull_log_entries(self) -> None:
        for first, last in self._windows("log_entries", {"is_overview": "false"}):
            params = {**_window(first, last), "is_overview": "false"}
            for page in follow_offsets(self.client, "log_entries", params, records="log_entries"):
                if page.json["log_entries"]:
                    self.landing.land("log_entries", (), page.body)
        self.cursors.move("log_entries", self.now)

    def pull_on_calls(self) -> None:
        for first, last in split_window(self._since("on_calls"), self.now, ON_CALL_WINDOW):
            for page in follow_offsets(
                self.client, "oncalls", _window(first, last), records="oncalls", identity="start"
            ):
                if page.json["oncalls"]:
                    self.landing.land("on_calls", (), page.body)
        self.cursors.move("on_calls", self.now)

    def pull_analytics(self) -> None:
        since, until = self._since("incidents_raw_csv") - ANALYTICS_LAG, self.now
        for first, last in split_window(since, until, LONGEST_WINDOW):
            payload = {
                "filters": {"created_at_start": _text(first), "created_at_end": _text(last)},
                "limit": 1000,
                "order": "asc",
                "order_by": "created_at",
                "time_zone": "Etc/UTC",
            }
            for page in follow_cursor(
                self.client, "analytics/raw/incidents", payload, cursor="starting_after"
            ):
                if page.json["data"]:
                    self.landing.land("incidents_raw_csv", (), page.body)
        self.cursors.move("incidents_raw_csv", self.now)

    def _windows(self, path: str, params: dict[str, str]) -> list[tuple[datetime, datetime]]:
        def count(first: datetime, last: datetime) -> int:
            answer = self.client.get(path, {**_window(first, last), **params, "total": "true", "limit": 1})
            return int(answer.json.get("total") or 0)

        def refuse(second: datetime, found: int) -> PermanentError:
            return PermanentError(
                "pagerduty",
                path,
                f"{found} records within the second {_text(second)}: more than paging can reach",
            )

        return [
            window
            for first, last in split_window(self._since(path), self.now, LONGEST_WINDOW)
            for window in bisect_window(count, first, last, cap=OFFSET_CAP, refuse=refuse)
        ]

    def _since(self, stream: str) -> datetime:
        return self.cursors.reach_back(stream, self.source.started_at, self.source.overlap_days)


def _window(first: datetime, last: datetime) -> dict[str, str]:
    # `until` is exclusive at PagerDuty while windows here include their last second.
    return {"since": _text(first), "until": _text(last + timedelta(seconds=1)), "time_zone": "UTC"}


def _note_open(open_ids: dict[str, object], identity: str, status: object) -> None:
    if status == "resolved":
        open_ids.pop(identity, None)
    else:
        open_ids[identity] = status


def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
