"""ServiceNow, as asked over its Table API.

Endpoint: ``/api/now/table/<table>`` for incidents, change requests, the SLAs of tasks, problems and their
tasks, with ``sysparm_query``, ``sysparm_fields``, ``sysparm_limit`` and ``sysparm_display_value``.

Limits: an instance may set a number of requests an hour for a user; beyond it 429 with ``Retry-After`` and
``X-RateLimit-Reset``. A page may hold 10,000; here it holds 1,000.

Gotchas: rows move to the end as they change, so pages by offset would skip others: each page begins at the
last change that was read (``sys_updated_on``), and a second with more rows than a page is walked by
``sys_id``. A part of a query that the instance does not understand is left out without a word and the rest
is run: every answer is held against what was asked. Rules of access take rows out of pages, so that a short
page is no end: only a missing ``Link`` to the next is. Instants are UTC without a zone. People and free
texts are not asked for. Deleted rows are not told.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from .cursors import Cursors
from .http import Answer, Client
from .landing import LandingFolder
from .pulled import Address, PulledSystem
from .refusals import PermanentError
from .scopes import one_by_one

PAGE_SIZE = 1000
MOST_PAGES = 100_000

ServicenowTable = Literal["incidents", "change_requests", "task_slas", "problems", "problem_tasks"]
COMMON = "sys_id,sys_created_on,sys_updated_on"
TASK = f"{COMMON},number,short_description,state,business_service,cmdb_ci,correlation_id"
TABLES: dict[str, tuple[str, str]] = {
    "incidents": (
        "incident",
        f"{TASK},priority,urgency,category,assignment_group,caused_by,parent_incident,problem_id,"
        "opened_at,resolved_at,closed_at",
    ),
    "change_requests": ("change_request", f"{TASK},type,close_code,work_start,work_end"),
    "problems": (
        "problem",
        f"{COMMON},number,short_description,state,priority,known_error,opened_at,resolved_at,closed_at",
    ),
    "problem_tasks": (
        "problem_task",
        f"{COMMON},number,short_description,state,priority,problem,business_service,cmdb_ci,opened_at,due_date,"
        "work_start,closed_at",
    ),
    "task_slas": ("task_sla", f"{COMMON},task,sla.target,stage,has_breached,start_time,end_time"),
}


class ServicenowSource(PulledSystem):
    """ServiceNow by the password of ``user`` or, without one, by an OAuth token.

    ``incident_fields``: fields of the instance (``u_…``) to ask for besides.
    """

    token_env: str
    base_url: Address
    user: str | None = None
    display_value: Literal["false", "all"] = "all"
    incident_fields: list[str] = Field(default=[])
    tables: list[ServicenowTable] = Field(
        default=["incidents", "change_requests", "task_slas", "problems", "problem_tasks"]
    )
    overlap_days: int = Field(default=1, ge=0, le=90)


def headers(source: ServicenowSource) -> dict[str, str]:
    """Request headers: basic authentication where a user is named, else a bearer token."""
    signed = source.bearer if source.user is None else source.basic_as(source.user)
    return {**signed, "Accept": "application/json"}


def pull(
    client: Client, source: ServicenowSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land what changed of each table up to ``now``. Raises PermanentError, TransientError."""
    for table, reading in one_by_one(source.tables):
        with reading:
            name, fields = TABLES[table]
            if table == "incidents":
                fields = ",".join([fields, *source.incident_fields])
            noted = cursors.state(table, "progress")
            began = noted.get("began", now.isoformat())
            since = cursors.reach_back(table, source.started_at, source.overlap_days)
            walk = _Walk(client, f"api/now/table/{name}", fields, source.display_value)
            for page in walk.pages(noted.get("after", f"{since:%Y-%m-%d %H:%M:%S}")):
                if page.json["result"]:
                    landing.land(table, (), page.body)
                cursors.remember(table, "progress", {"began": began, "after": walk.after})
            cursors.move(table, datetime.fromisoformat(began))


class _Walk:
    """Pages of one table by last change. ``after``: the last change that was read."""

    def __init__(self, client: Client, path: str, fields: str, display_value: str) -> None:
        self.client, self.path, self.after = client, path, ""
        self.params = {
            "sysparm_fields": fields,
            "sysparm_display_value": display_value,
            "sysparm_exclude_reference_link": "true",
        }

    def pages(self, after: str) -> Iterator[Answer]:
        self.after = after
        for _ in range(MOST_PAGES):
            page, is_last = self._ask(f"sys_updated_on>={self.after}", "sys_updated_on")
            began = self.after
            if page.json["result"]:
                self.after = _value(page.json["result"][-1], "sys_updated_on")
            yield page
            if is_last:
                return
            if self.after == began:
                yield from self._pages_of_second()
                page, _ = self._ask(f"sys_updated_on>{self.after}", "sys_updated_on", limit=1)
                if not page.json["result"]:
                    return
                self.after = _value(page.json["result"][0], "sys_updated_on")
        raise PermanentError("servicenow", self.path, f"paging does not end within {MOST_PAGES} pages")

    def _pages_of_second(self) -> Iterator[Answer]:
        last, is_last = "", False
        while not is_last:
            page, is_last = self._ask(f"sys_updated_on={self.after}^sys_id>{last}", "sys_id")
            yield page
            if not page.json["result"]:
                return
            last = _value(page.json["result"][-1], "sys_id")

    def _ask(self, condition: str, order: str, limit: int | None = None) -> tuple[Answer, bool]:
        """A page whose rows keep to ``condition`` and ``order``, and whether it is the last."""
        query = f"{condition}^ORDERBY{order}" + ("^ORDERBYsys_id" if order != "sys_id" else "")
        page = self.client.get(
            self.path, {**self.params, "sysparm_limit": limit or PAGE_SIZE, "sysparm_query": query}
        )
        while not page.json.get("result") and "next" in page.links:
            page = self.client.get(page.links["next"])  # all of its rows were taken out
        rows = page.json.get("result")
        if not isinstance(rows, list):
            raise PermanentError("servicenow", page.url, "the answer has no list 'result'")
        found = [_value(row, order) for row in rows]
        if found != sorted(found) or any(_value(row, "sys_updated_on") < self.after for row in rows):
            what = f"the answer does not keep to {query!r}: does the instance understand all of it?"
            raise PermanentError("servicenow", page.url, what)
        return page, "next" not in page.links


def _value(row: dict[str, Any], field: str) -> str:
    value = row[field]
    return str(value["value"] if isinstance(value, dict) else value)
