"""Opsgenie, and Jira Service Management operations, which kept Opsgenie's API under another address.

Endpoints: ``/v2/alerts``, ``/v2/alerts/{id}``, ``/v2/alerts/{id}/logs``, ``/v1/incidents``,
``/v1/incidents/{id}``, ``/v1/services``, ``/v2/schedules``, ``/v2/schedules/{id}/timeline``, ``/v2/users``.
With ``product: jsm`` (``base_url: https://api.atlassian.com/jsm/ops/api/<cloud id>``) alerts, their logs and
schedules with their timelines, all under ``/v1``; its incidents are Jira's issues.

Limits: a page holds 100; ``offset + limit`` may not exceed 20,000, so windows of creation are bisected.
Refusals are 429 with ``X-RateLimit-State: THROTTLED`` and the seconds of the limit's period.

Gotchas: selection is by creation only, so what was open is asked for again by id until it is closed. Whether
a window holds too much is asked for by its last allowed place: only incidents come with a total. An on-call
answer tells the present alone; the timeline of whole days that are over is history. Europe has a host of its
own (``https://api.eu.opsgenie.com``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import Field, model_validator

from .cursors import Cursors
from .http import Answer, Client
from .landing import LandingFolder
from .paging import follow_body_links
from .pulled import Address, PulledSystem
from .refusals import PermanentError
from .walks import walk_windows
from .windows import bisect_window, split_window

OFFSET_CAP = 20_000
PAGE_SIZE = 100
LONGEST_WINDOW = timedelta(days=30)
ENDED = ("closed", "resolved")

OpsgenieTable = Literal["alerts", "alert_logs", "incidents", "services", "schedules", "on_calls", "users"]
JSM_TABLES: set[OpsgenieTable] = {"alerts", "alert_logs", "schedules", "on_calls"}
PATHS = {
    "opsgenie": {"alerts": "v2/alerts", "incidents": "v1/incidents", "services": "v1/services",
                 "schedules": "v2/schedules", "users": "v2/users"},
    "jsm": {"alerts": "v1/alerts", "schedules": "v1/schedules"},
}  # fmt: skip


class OpsgenieSource(PulledSystem):
    """Opsgenie by API key, or Jira Service Management by the token of ``account``, an Atlassian address."""

    base_url: Address = "https://api.opsgenie.com"
    product: Literal["opsgenie", "jsm"] = "opsgenie"
    token_env: str
    account: str | None = None
    tables: list[OpsgenieTable] = Field(
        default=["services", "users", "schedules", "incidents", "alerts", "alert_logs", "on_calls"]
    )
    overlap_days: int = Field(default=2, ge=0, le=90)

    @model_validator(mode="after")
    def _know_product(self) -> OpsgenieSource:
        if self.product == "jsm":
            if self.account is None:
                raise ValueError("product jsm wants account: the address that the token belongs to")
            if "tables" in self.model_fields_set and not set(self.tables) <= JSM_TABLES:
                raise ValueError(f"product jsm has the tables {', '.join(sorted(JSM_TABLES))} only")
            self.tables = [table for table in self.tables if table in JSM_TABLES]
        return self


def headers(source: OpsgenieSource) -> dict[str, str]:
    """Request headers: Opsgenie's own scheme, or Atlassian's basic authentication."""
    if source.product == "jsm":
        return source.basic_as(source.account or "")
    return {"Authorization": f"GenieKey {source.secret}"}


def pull(
    client: Client, source: OpsgenieSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land everything new of the account up to ``now``. Raises PermanentError, TransientError."""
    account = _Account(client, source, landing, cursors, now)
    for table in ("services", "users"):
        if table in source.tables:
            account.land_list(table, PATHS[source.product][table])
    if {"schedules", "on_calls"} & set(source.tables):
        account.pull_schedules()
    for table in ("incidents", "alerts"):
        if table in source.tables:
            account.pull_changing(table, PATHS[source.product][table])


class _Account:
    def __init__(
        self, client: Client, source: OpsgenieSource, landing: LandingFolder, cursors: Cursors, now: datetime
    ) -> None:
        self.client, self.source, self.landing, self.cursors, self.now = client, source, landing, cursors, now
        is_jsm = source.product == "jsm"
        self.records, self.member, self.size = (
            ("values", "links", "size") if is_jsm else ("data", "paging", "limit")
        )

    def land_list(self, table: str, path: str, folders: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        rows = []
        for page in self._pages(path, {self.size: PAGE_SIZE}):
            rows += page.json[self.records]
            self._land(table, folders, page)
        self.cursors.move(table, self.now)
        return rows

    def pull_schedules(self) -> None:
        path = PATHS[self.source.product]["schedules"]
        rows = self.land_list("schedules", path)
        if "on_calls" not in self.source.tables:
            return
        unit = "intervalUnits" if self.source.product == "jsm" else "intervalUnit"
        since = _midnight(self._since("on_calls"))
        for first, last in split_window(since, _midnight(self.now), LONGEST_WINDOW):
            window = {"date": f"{first:%Y-%m-%dT00:00:00Z}", "interval": (last - first).days, unit: "days"}
            for row in rows:
                answer = self.client.get(f"{path}/{row['id']}/timeline", window)
                self.landing.land("on_calls", (row["id"],), answer.body)
        self.cursors.move("on_calls", self.now)

    def pull_changing(self, table: str, path: str) -> None:
        still_open = self.cursors.state(table, "open")
        seen: set[str] = set()
        for page in walk_windows(
            self.cursors,
            table,
            self._since(table),
            self.now,
            windows=lambda start, end: self._windows(path, start, end),
            pages=lambda first, last: self._pages(path, _window(first, last) | {self.size: PAGE_SIZE}),
        ):
            self._land(table, (), page)
            for row in page.json[self.records]:
                seen.add(row["id"])
                self._note(table, path, row, still_open)
            self.cursors.remember(table, "open", still_open)
        for identity in sorted(set(still_open) - seen):
            try:
                answer = self.client.get(f"{path}/{identity}")
            except PermanentError as error:
                if error.status != 404:
                    raise
                still_open.pop(identity)  # deleted at the source; what we have of it stays
                continue
            self.landing.land(table, (), answer.body)
            self._note(table, path, answer.json.get("data", answer.json), still_open)
        self.cursors.remember(table, "open", still_open)

    def _note(self, table: str, path: str, row: dict[str, Any], still_open: dict[str, Any]) -> None:
        if table == "alerts" and "alert_logs" in self.source.tables:
            for page in self._pages(f"{path}/{row['id']}/logs", {self.size: PAGE_SIZE, "order": "asc"}):
                self._land("alert_logs", (row["id"],), page)
        still_open[row["id"]] = row.get("status")
        if row.get("status") in ENDED:
            still_open.pop(row["id"])

    def _windows(self, path: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        def count(first: datetime, last: datetime) -> int:
            place = {"offset": OFFSET_CAP - 1, self.size: 1}
            return len(self.client.get(path, _window(first, last) | place).json[self.records]) * OFFSET_CAP

        def refuse(second: datetime, found: int) -> PermanentError:
            what = f"{found} records or more within the second {second:%Y-%m-%dT%H:%M:%SZ}: paging ends there"
            return PermanentError("opsgenie", path, what)

        for first, stop in split_window(start, end, LONGEST_WINDOW):
            last = stop if stop == end else stop - timedelta(seconds=1)
            yield from bisect_window(count, first, last, cap=OFFSET_CAP - 1, refuse=refuse)

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        for page in follow_body_links(self.client, path, params, member=self.member):
            if not isinstance(page.json.get(self.records), list):
                raise PermanentError("opsgenie", page.url, f"the answer has no list {self.records!r}")
            yield page

    def _land(self, table: str, folders: tuple[str, ...], page: Answer) -> None:
        if page.json[self.records]:
            self.landing.land(table, folders, page.body)

    def _since(self, stream: str) -> datetime:
        return self.cursors.reach_back(stream, self.source.started_at, self.source.overlap_days)


def _window(first: datetime, last: datetime) -> dict[str, Any]:
    # Whole seconds, the last one included: creations carry milliseconds.
    since, until = int(first.timestamp()) * 1000, int(last.timestamp()) * 1000 + 999
    return {"query": f"createdAt>={since} AND createdAt<={until}", "sort": "createdAt", "order": "asc"}


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
