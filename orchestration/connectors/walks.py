"""Walks over the pages of a list that the next pull goes on with where this one was cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from .cursors import Cursors
from .http import Answer, Client
from .instants import utc_text
from .paging import follow_body_links, follow_links, next_in_body
from .refusals import PermanentError

# What an API says of a page's address that it no longer knows; a wrong token is another matter.
FORGOTTEN = (400, 404, 410, 422)


def walk_pages(
    cursors: Cursors,
    stream: str,
    now: datetime,
    *,
    begin: Callable[[], Iterator[Answer]],
    resume: Callable[[str], Iterator[Answer]],
    following: Callable[[Answer], str | None],
    is_last: Callable[[Answer], bool] | None = None,
) -> Iterator[Answer]:
    """Pages of ``stream``; once the caller has landed one and asks for more, the next one's address is noted.

    A walk that was cut off goes on at that address; where the API has forgotten it, from the beginning. The
    watermark becomes the instant at which the walk *began*, however many pulls it took, so that what changed
    meanwhile is met again. ``is_last``: the walk may end with this page.
    """
    noted = cursors.state(stream, "progress")
    began = noted.get("began", now.isoformat())
    if "next" in noted:
        pages = resume(noted["next"])
        try:
            first = next(pages)
        except PermanentError as error:
            if error.status not in FORGOTTEN:
                raise
            began, pages = now.isoformat(), begin()
            first = next(pages)
    else:
        pages = begin()
        first = next(pages)
    page: Answer | None = first
    while page is not None:
        yield page
        link = None if is_last is not None and is_last(page) else following(page)
        if link is None:
            break
        cursors.remember(stream, "progress", {"next": link, "began": began})
        page = next(pages, None)
    cursors.move(stream, datetime.fromisoformat(began))


def walk_links(
    client: Client,
    cursors: Cursors,
    stream: str,
    now: datetime,
    path: str,
    params: Mapping[str, Any],
    is_last: Callable[[Answer], bool] | None = None,
) -> Iterator[Answer]:
    """``walk_pages`` of a list whose Link header names the next page."""
    return walk_pages(
        cursors,
        stream,
        now,
        begin=lambda: follow_links(client, path, params),
        resume=lambda link: follow_links(client, link, {}),
        following=lambda page: page.links.get("next"),
        is_last=is_last,
    )


def walk_body_links(
    client: Client,
    cursors: Cursors,
    stream: str,
    now: datetime,
    path: str,
    params: Mapping[str, Any],
    *,
    member: str = "links",
    is_last: Callable[[Answer], bool] | None = None,
) -> Iterator[Answer]:
    """``walk_pages`` of a list whose body names the next page under ``member`` (see ``next_in_body``)."""
    return walk_pages(
        cursors,
        stream,
        now,
        begin=lambda: follow_body_links(client, path, params, member),
        resume=lambda link: follow_body_links(client, link, {}, member),
        following=lambda page: next_in_body(client, page, member),
        is_last=is_last,
    )


def walk_windows(
    cursors: Cursors,
    stream: str,
    since: datetime,
    now: datetime,
    *,
    windows: Callable[[datetime, datetime], Iterable[tuple[datetime, datetime]]],
    pages: Callable[[datetime, datetime], Iterator[Answer]],
) -> Iterator[Answer]:
    """Pages of ``stream`` from ``since`` to ``now``, window after window; a finished window is noted.

    Windows have whole seconds, both ends included.

    A walk that was cut off goes on at the end of the last window it had finished, up to the instant at which
    it *began*, which becomes the watermark. What it had landed of an unfinished window comes twice.
    """
    noted = cursors.state(stream, "progress")
    began = datetime.fromisoformat(noted["began"]) if noted else now
    start = datetime.fromisoformat(noted["done"]) + timedelta(seconds=1) if noted else since
    for first, last in windows(start, began):
        yield from pages(first, last)
        cursors.remember(stream, "progress", {"began": began.isoformat(), "done": last.isoformat()})
    cursors.move(stream, began)


def walk_changes(
    client: Client,
    cursors: Cursors,
    stream: str,
    since: datetime,
    now: datetime,
    *,
    pages: Callable[[str], Iterator[Answer]],
    reached: Callable[[Answer], str],
    has_more: Callable[[Answer], bool],
) -> Iterator[Answer]:
    """Pages of a list sorted by last change, oldest first: ``pages(instant)`` begins with what changed then.

    Numbered pages of such a list lose records: what is touched while we read moves to its end, and all behind
    it move up past the page that comes next. So each page is asked for by the instant that the one before had
    ``reached``, and only where a whole page has one instant its following ones are read. That instant is
    noted: a walk that was cut off goes on there. The records at the seam come twice, which loading folds.
    Raises PermanentError where the list goes back in time.
    """
    start = cursors.state(stream, "progress").get("reached") or utc_text(since)
    seen = {start}
    while True:
        following = start
        for page in pages(start):
            yield page
            if not has_more(page):
                cursors.move(stream, now)
                return
            following = reached(page)
            if following != start:
                break
        if following in seen:
            raise PermanentError(
                client.system, page.url, f"the list is not sorted by its last change: {following} came twice"
            )
        seen.add(following)
        start = following
        cursors.remember(stream, "progress", {"reached": start})
