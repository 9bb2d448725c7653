"""What hangs on a Jira issue and a search tells in part or not at all: its history, work logged, SLAs.

Endpoints: ``/issue/{id}/changelog`` (Cloud) and ``/issue/{id}`` (Data Center) where the changelog in a search
is cut; ``/issue/{id}/worklog`` where the entries in it are, which are twenty at most; of requests
``/rest/servicedeskapi/request/{id}/sla``.

Gotchas: an issue of a service desk's project need not be a request: 404. Logging work changes the issue, and
so does the end of an SLA's cycle; that a running one passes its goal changes nothing, and is told with the
issue's next change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .http import Answer, Client
from .jira_search import OFFSET_NAMES, PAGE_SIZE, listed
from .paging import follow_offsets
from .refusals import PermanentError

SERVICE_DESK = "service_desk"


def histories(client: Client, rest: str, issue: dict[str, Any], is_cloud: bool) -> Iterator[dict[str, Any]]:
    """Entries of an issue's changelog, all of them, each with the issue's id put in."""
    told = issue.get("changelog") or {"histories": [], "total": 0}
    entries = told["histories"]
    if told.get("total", 0) > len(entries):
        if is_cloud:
            pages = listed(client, f"{rest}/issue/{issue['id']}/changelog", {}, PAGE_SIZE)
            entries = [entry for page in pages for entry in page.json["values"]]
        else:
            params = {"fields": "created", "expand": "changelog"}
            whole = client.get(f"{rest}/issue/{issue['id']}", params)
            entries = whole.json["changelog"]["histories"]
    for entry in entries:
        yield {"issueId": issue["id"], **entry}


def take_worklogs(client: Client, rest: str, issue: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Entries of work logged on an issue, all of them, each with the issue's id; taken out of the issue."""
    told = issue["fields"].pop("worklog", None) or {"worklogs": [], "total": 0}
    entries = told["worklogs"]
    if told.get("total", 0) > len(entries):
        pages = follow_offsets(
            client,
            f"{rest}/issue/{issue['id']}/worklog",
            {},
            records="worklogs",
            page_size=PAGE_SIZE,
            names=OFFSET_NAMES,
            has_more=lambda page, count: (
                count > 0 and page.json.get("startAt", 0) + count < page.json["total"]
            ),
        )
        entries = [entry for page in pages for entry in page.json["worklogs"]]
    for entry in entries:
        yield {"issueId": issue["id"], **entry}


def slas(client: Client, issue: dict[str, Any]) -> Iterator[Answer]:
    """Pages of the SLAs that are measured for an issue, where it is a request of a service desk."""
    if (issue["fields"].get("project") or {}).get("projectTypeKey") != SERVICE_DESK:
        return
    pages = follow_offsets(
        client,
        f"rest/servicedeskapi/request/{issue['id']}/sla",
        {},
        records="values",
        page_size=50,
        names=("start", "limit"),
        has_more=lambda answer, count: count > 0 and not answer.json.get("isLastPage", True),
    )
    try:
        yield from (page for page in pages if page.json["values"])
    except PermanentError as error:
        if error.status != 404:
            raise
