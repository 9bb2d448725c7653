"""A search of Jira, page by page, on Cloud and on Data Center; and the lists that both tell alike.

Endpoints: ``/search/jql`` (Cloud; pages by ``nextPageToken`` until ``isLast``, no total) or ``/search`` (Data
Center; ``startAt`` and ``total``).

Limits: a page token lives for seven days; ``maxResults`` is lowered by the server as it likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .http import Answer, Client
from .paging import follow_answer_tokens, follow_offsets
from .puller import Entry, Puller
from .walks import walk_pages

PAGE_SIZE = 100
OFFSET_NAMES = ("startAt", "maxResults")


def walk_search(puller: Puller[Entry], rest: str, params: dict[str, Any], is_cloud: bool) -> Iterator[Answer]:
    """Pages of the issues that ``params`` select; the next pull goes on where this one was cut off."""
    search = _search_cloud if is_cloud else _search_data_center
    return walk_pages(
        puller.cursors,
        puller.stream("issues"),
        puller.now,
        begin=lambda: search(puller.client, rest, params, None),
        resume=lambda place: search(puller.client, rest, params, place),
        following=_next_token if is_cloud else _next_start,
    )


def listed(client: Client, path: str, params: dict[str, Any], page_size: int = 50) -> Iterator[Answer]:
    """Pages of a list in ``values`` that ends with ``isLast``."""
    return follow_offsets(
        client,
        path,
        params,
        records="values",
        page_size=page_size,
        names=OFFSET_NAMES,
        has_more=lambda answer, count: count > 0 and not answer.json.get("isLast", True),
    )


def _search_cloud(client: Client, rest: str, params: dict[str, Any], place: str | None) -> Iterator[Answer]:
    return follow_answer_tokens(
        client,
        f"{rest}/search/jql",
        {**params, "maxResults": PAGE_SIZE},
        token_of=_next_token,
        name="nextPageToken",
        token=place,
    )


def _search_data_center(
    client: Client, rest: str, params: dict[str, Any], place: str | None
) -> Iterator[Answer]:
    return follow_offsets(
        client,
        f"{rest}/search",
        params,
        records="issues",
        page_size=PAGE_SIZE,
        names=OFFSET_NAMES,
        has_more=lambda answer, _: _next_start(answer) is not None,
        start=int(place or 0),
    )


def _next_token(page: Answer) -> str | None:
    return None if page.json.get("isLast") else page.json.get("nextPageToken")


def _next_start(page: Answer) -> str | None:
    end = page.json["startAt"] + len(page.json["issues"])
    # The page after begins with the last issue of this one, so that a shift between two shows.
    return str(end - 1) if page.json["issues"] and end < page.json["total"] else None
