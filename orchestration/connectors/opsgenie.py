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
from functools import partial
from typing import Any, Literal

from pydantic import Field, model_validator

from .cursors import Cursors
from .http import Answer, Client
from .instants import midnight, utc_text
from .landing import LandingFolder
from .paging import follow_body_links
from .pulled import Address, PulledSystem
from .puller import Puller
from .refusals import PermanentError
from .walks import walk_windows
from .windows import capped_windows, split_window

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
    account.take(
        {
            partial(account.land_list, "services"): ("services",),
            partial(account.land_list, "users"): ("users",),
            account.pull_schedules: ("schedules", "on_calls"),
            partial(account.pull_changing, "incidents"): ("incidents",),
            partial(account.pull_changing, "alerts"): ("alerts",),
        }
    )


class _Account(Puller[OpsgenieSource]):
    @property
    def shape(self) -> tuple[str, str, str]:
        """Where records stand in a page, where its next address does, and what a page's size is called."""
        is_jsm = self.source.product == "jsm"
        return ("values", "links", "size") if is_jsm else ("data", "paging", "limit")

    def path(self, table: str) -> str:
        """Where the product keeps the records of ``table``."""
        return PATHS[self.source.product][table]

    def land_list(self, table: str) -> list[dict[str, Any]]:
        records, rows = self.shape[0], []
        for page in self._pages(self.path(table), {}):
            rows += page.json[records]
            self.land(table, page, records=records)
        self.move(table)
        return rows

    def pull_schedules(self) -> None:
        path, rows = self.path("schedules"), self.land_list("schedules")
        if not self.wants("on_calls"):
            return
        unit = "intervalUnits" if self.source.product == "jsm" else "intervalUnit"
        since = midnight(self.since("on_calls"))
        for first, last in split_window(since, midnight(self.now), LONGEST_WINDOW):
            window = {"date": utc_text(first), "interval": (last - first).days, unit: "days"}
            for row in rows:
                self.land("on_calls", self.client.get(f"{path}/{row['id']}/timeline", window), row["id"])
        self.move("on_calls")

    def pull_changing(self, table: str) -> None:
        path, (records, _, size) = self.path(table), self.shape

        def count(first: datetime, last: datetime) -> int:
            place = {"offset": OFFSET_CAP - 1, size: 1}
            return len(self.client.get(path, {**_window(first, last), **place}).json[records]) * OFFSET_CAP

        def refuse(second: datetime, found: int) -> PermanentError:
            what = f"{found} records or more within the second {utc_text(second)}: paging ends there"
            return PermanentError("opsgenie", path, what)

        def land_log(row: dict[str, Any]) -> None:
            if table == "alerts" and self.wants("alert_logs"):
                pages = self._pages(f"{path}/{row['id']}/logs", {"order": "asc"})
                self.land_all("alert_logs", pages, row["id"], records=records)

        pages = walk_windows(
            self.cursors,
            table,
            self.since(table),
            self.now,
            windows=lambda start, end: capped_windows(
                count, start, end, longest=LONGEST_WINDOW, cap=OFFSET_CAP - 1, refuse=refuse
            ),
            pages=lambda first, last: self._pages(path, _window(first, last)),
        )
        self.land_until_ended(table, pages, path=path, records=records, ended=ENDED, details=land_log)

    def _pages(self, path: str, params: dict[str, Any]) -> Iterator[Answer]:
        records, member, size = self.shape
        for page in follow_body_links(self.client, path, {**params, size: PAGE_SIZE}, member=member):
            if not isinstance(page.json.get(records), list):
                raise PermanentError("opsgenie", page.url, f"the answer has no list {records!r}")
            yield page


def _window(first: datetime, last: datetime) -> dict[str, Any]:
    # Whole seconds, the last one included: creations carry milliseconds.
    since, until = int(first.timestamp()) * 1000, int(last.timestamp()) * 1000 + 999
    return {"query": f"createdAt>={since} AND createdAt<={until}", "sort": "createdAt", "order": "asc"}
