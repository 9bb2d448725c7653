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

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal

from pydantic import Field

from .cursors import Cursors
from .http import Answer, Client
from .instants import utc_text
from .landing import LandingFolder
from .paging import follow_cursor, follow_offsets
from .pulled import Address, PulledSystem
from .puller import Puller
from .refusals import PermanentError
from .walks import walk_windows
from .windows import capped_windows, split_window

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
    steps: dict[Callable[[], object], tuple[str, ...]] = {
        partial(puller.pull_list, "services"): ("services",),
        partial(puller.pull_list, "users"): ("users",),
        partial(puller.pull_list, "schedules"): ("schedules",),
        puller.pull_incidents: ("incidents",),
        puller.pull_log_entries: ("log_entries",),
        puller.pull_on_calls: ("on_calls",),
        puller.pull_analytics: ("incidents_raw_csv",),
    }
    puller.take(steps)


class _Account(Puller[PagerdutySource]):
    def pull_list(self, table: str) -> None:
        self.land_all(table, follow_offsets(self.client, table, {}, records=table), records=table)
        self.move(table)

    def pull_incidents(self) -> None:
        self.land_until_ended(
            "incidents",
            self._created("incidents", {"sort_by": "created_at:asc"}),
            path="incidents",
            records="incidents",
            ended=("resolved",),
            params={"time_zone": "UTC"},
        )

    def pull_log_entries(self) -> None:
        pages = self._created("log_entries", {"is_overview": "false"})
        self.land_all("log_entries", pages, records="log_entries")

    def pull_on_calls(self) -> None:
        for first, last in split_window(self.since("on_calls"), self.now, ON_CALL_WINDOW):
            window = _window(first, last)
            pages = follow_offsets(self.client, "oncalls", window, records="oncalls", identity="start")
            self.land_all("on_calls", pages, records="oncalls")
        self.move("on_calls")

    def pull_analytics(self) -> None:
        since = self.since("incidents_raw_csv") - ANALYTICS_LAG
        for first, last in split_window(since, self.now, LONGEST_WINDOW):
            payload = {
                "filters": {"created_at_start": utc_text(first), "created_at_end": utc_text(last)},
                "limit": 1000,
                "order": "asc",
                "order_by": "created_at",
                "time_zone": "Etc/UTC",
            }
            pages = follow_cursor(self.client, "analytics/raw/incidents", payload, cursor="starting_after")
            self.land_all("incidents_raw_csv", pages, records="data")
        self.move("incidents_raw_csv")

    def _created(self, table: str, params: dict[str, str]) -> Iterator[Answer]:
        """Pages of what was created since the last pull, in windows that paging can reach the end of."""

        def count(first: datetime, last: datetime) -> int:
            asked: dict[str, Any] = {**_window(first, last), **params, "total": "true", "limit": 1}
            return int(self.client.get(table, asked).json.get("total") or 0)

        def refuse(second: datetime, found: int) -> PermanentError:
            what = f"{found} records within the second {utc_text(second)}: more than paging can reach"
            return PermanentError("pagerduty", table, what)

        return walk_windows(
            self.cursors,
            table,
            self.since(table),
            self.now,
            windows=lambda start, end: capped_windows(
                count, start, end, longest=LONGEST_WINDOW, cap=OFFSET_CAP, refuse=refuse
            ),
            pages=lambda first, last: follow_offsets(
                self.client, table, {**_window(first, last), **params}, records=table
            ),
        )


def _window(first: datetime, last: datetime) -> dict[str, str]:
    # `until` is exclusive at PagerDuty while windows here include their last second.
    return {"since": utc_text(first), "until": utc_text(last + timedelta(seconds=1)), "time_zone": "UTC"}
