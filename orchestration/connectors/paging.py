"""How APIs hand out long lists: links, offsets, cursors, and windows where results are capped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from .http import Answer, Client, PermanentError

# A list this long is a paging loop or a wrong scope; either way somebody should look.
MOST_PAGES = 20_000


def follow_links(client: Client, path: str, params: Mapping[str, Any]) -> Iterator[Answer]:
    """Pages of a list whose Link header names the next (RFC 8288; GitHub, GitLab, Greenhouse).

    Raises PermanentError where a link leads to a page already read.
    """
    answer = client.get(path, params)
    seen = {answer.url}
    while True:
        yield answer
        following = answer.links.get("next")
        if following is None:
            return
        if following in seen or len(seen) >= MOST_PAGES:
            raise PermanentError(
                client.system, following, f"paging loops: this page was read before ({len(seen)} pages)"
            )
        seen.add(following)
        answer = client.get(following)


def next_in_body(client: Client, answer: Answer, member: str = "links") -> str | None:
    """Address of the page after ``answer``, by ``next`` of ``member`` of its body; None on the last.

    JSON:API (Snyk) calls the member ``links``, HAL (LaunchDarkly) ``_links``; an empty name stands for the
    body itself (Bitbucket). The link is text or an object with ``href``, and may leave out scheme, host and
    the API's own path.
    """
    link = ((answer.json.get(member) or {}) if member else answer.json).get("next")
    link = link.get("href") if isinstance(link, dict) else link
    if not link:
        return None
    is_below_base = link.startswith(urlsplit(client.base_url).path.rstrip("/") + "/")
    if link.startswith("/") and not is_below_base:
        return client.base_url + link
    return urljoin(answer.url, link)


def follow_body_links(
    client: Client, path: str, params: Mapping[str, Any], member: str = "links"
) -> Iterator[Answer]:
    """Pages of a list whose body names the next under ``member`` (see ``next_in_body``).

    Raises PermanentError where a link leads to a page already read.
    """
    answer = client.get(path, params)
    seen = {answer.url}
    while True:
        yield answer
        following = next_in_body(client, answer, member)
        if following is None:
            return
        if following in seen or len(seen) >= MOST_PAGES:
            raise PermanentError(
                client.system, following, f"paging loops: this page was read before ({len(seen)} pages)"
            )
        seen.add(following)
        answer = client.get(following)


def follow_offsets(
    client: Client,
    path: str,
    params: Mapping[str, Any],
    *,
    records: str,
    identity: str = "id",
    page_size: int = 100,
    names: tuple[str, str] = ("offset", "limit"),
    has_more: Callable[[Answer, int], bool] = lambda answer, _: bool(answer.json.get("more")),
    start: int = 0,
) -> Iterator[Answer]:
    """Pages of a list from ``start`` on, by offset and limit, whose parameters are called ``names``
    (PagerDuty, Azure DevOps, Jira).

    ``has_more`` tells of an answer and its number of records whether the list goes on. Each page begins at
    the last record of the page before. Where it does not, records moved while they were read (something was
    deleted or inserted): the walk steps back until the pages meet again, so that nothing falls between two
    pages. Records then come twice, which loading folds.
    """
    offset, last, step_back = start, None, page_size
    for _ in range(MOST_PAGES):
        answer = client.get(path, {**params, names[0]: offset, names[1]: page_size})
        rows = answer.json.get(records)
        if not isinstance(rows, list):
            raise PermanentError(client.system, answer.url, f"the answer has no list {records!r}")
        if last is not None and offset > 0 and last not in [row.get(identity) for row in rows[:1]]:
            offset, last, step_back = max(0, offset - step_back), None, step_back * 2
            continue
        yield answer
        if not has_more(answer, len(rows)):
            return
        if len(rows) < 2:
            raise PermanentError(
                client.system, answer.url, "paging stands still: more is promised, nothing comes"
            )
        last = rows[-1].get(identity)
        offset += len(rows) - 1
    raise PermanentError(client.system, path, f"paging does not end within {MOST_PAGES} pages")


def follow_page_numbers(
    client: Client,
    path: str,
    params: Mapping[str, Any],
    *,
    total: Callable[[Answer], int],
    page_size: int,
    names: tuple[str, str] = ("p", "ps"),
) -> Iterator[Answer]:
    """Pages of a list by number, from 1, of which each answer tells the ``total`` of records (SonarQube).

    A total that shrinks means that records went while they were read and later ones moved up, past the page
    that comes next: the walk begins again. Records then come twice, which loading folds.
    """
    number, expected = 1, 0
    for _ in range(MOST_PAGES):
        answer = client.get(path, {**params, names[0]: number, names[1]: page_size})
        found = total(answer)
        if found < expected:
            number, expected = 1, found
            continue
        yield answer
        if number * page_size >= found:
            return
        number, expected = number + 1, found
    raise PermanentError(client.system, path, f"paging does not end within {MOST_PAGES} pages")


def follow_header_tokens(
    client: Client,
    path: str,
    params: Mapping[str, Any],
    *,
    header: str,
    name: str,
    token: str | None = None,
) -> Iterator[Answer]:
    """Pages of a list whose answers carry the next one's token in ``header`` (Azure DevOps).

    The token goes back as the parameter ``name``; ``token`` is the one to begin with. Raises PermanentError
    where a token comes twice.
    """
    return follow_answer_tokens(
        client, path, params, token_of=lambda answer: answer.headers.get(header), name=name, token=token
    )


def follow_answer_tokens(
    client: Client,
    path: str,
    params: Mapping[str, Any],
    *,
    token_of: Callable[[Answer], str | None],
    name: str,
    token: str | None = None,
) -> Iterator[Answer]:
    """Pages of a list of which ``token_of`` an answer is the next one's token, none on the last (Jira Cloud).

    The token goes back as the parameter ``name``; ``token`` is the one to begin with. Raises PermanentError
    where a token comes twice.
    """
    seen: set[str] = set()
    while True:
        answer = client.get(path, params if token is None else {**params, name: token})
        yield answer
        token = token_of(answer)
        if not token:
            return
        if token in seen or len(seen) >= MOST_PAGES:
            raise PermanentError(client.system, answer.url, f"paging loops: token {token} came twice")
        seen.add(token)


def follow_cursor(client: Client, path: str, payload: Mapping[str, Any], *, cursor: str) -> Iterator[Answer]:
    """Pages of a POSTed search whose answer carries ``more`` and ``last`` (PagerDuty analytics).

    ``cursor`` is the member of the payload that takes the answer's ``last``.
    """
    seen: set[str] = set()
    following: str | None = None
    while True:
        answer = client.post(path, payload if following is None else {**payload, cursor: following})
        yield answer
        following = answer.json.get("last")
        if not answer.json.get("more") or following is None:
            return
        if following in seen or len(seen) >= MOST_PAGES:
            raise PermanentError(client.system, answer.url, f"paging loops: cursor {following} came twice")
        seen.add(following)


def bisect_window(
    count: Callable[[datetime, datetime], int],
    start: datetime,
    end: datetime,
    *,
    cap: int,
    refuse: Callable[[datetime, int], PermanentError],
) -> Iterator[tuple[datetime, datetime]]:
    """Windows of [start, end] in order, each with at most ``cap`` results; both ends inclusive.

    Windows have whole seconds. ``count`` asks the API how many results one has. A single second with more
    than ``cap`` cannot be split: ``refuse`` makes the error that is raised, since silently losing the rest
    is not an answer.
    """
    pending = [(start, end)]
    while pending:
        first, last = pending.pop()
        found = count(first, last)
        if found <= cap:
            yield first, last
            continue
        if last <= first:
            raise refuse(first, found)
        middle = first + timedelta(seconds=int((last - first).total_seconds()) // 2)
        pending.append((middle + timedelta(seconds=1), last))
        pending.append((first, middle))


def split_window(start: datetime, end: datetime, longest: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Consecutive windows of [start, end) no longer than ``longest``."""
    while start < end:
        stop = min(end, start + longest)
        yield start, stop
        start = stop


def follow_tokens(client: Client, path: str, params: Mapping[str, Any]) -> Iterator[Answer]:
    """Pages of a list ``data`` whose answer says ``hasNext`` and the token ``next`` (Lever).

    Raises PermanentError where a token comes twice, or where more is promised without a token.
    """
    seen: set[str] = set()
    answer = client.get(path, params)
    while True:
        if not isinstance(answer.json, dict) or not isinstance(answer.json.get("data"), list):
            raise PermanentError(client.system, answer.url, "the answer has no list 'data'")
        yield answer
        if not answer.json.get("hasNext"):
            return
        token = answer.json.get("next")
        if not token or token in seen or len(seen) >= MOST_PAGES:
            raise PermanentError(
                client.system,
                answer.url,
                f"paging loops or stands still: next is {token!r} after {len(seen)} pages",
            )
        seen.add(token)
        answer = client.get(path, {**params, "offset": token})


def continue_token(answer: Answer) -> str | None:
    """Token of the page after ``answer``, a Kubernetes list; None on the last.

    Raises PermanentError where it is no such list.
    """
    body = answer.json if isinstance(answer.json, dict) else {}
    if not isinstance(body.get("items"), list):
        raise PermanentError("kubernetes", answer.url, "the answer has no list 'items': check the address")
    return (body.get("metadata") or {}).get("continue") or None


def follow_continuations(client: Client, path: str, params: Mapping[str, Any]) -> Iterator[Answer]:
    """Pages of a Kubernetes list; ``params`` may hold the token ``continue`` to go on from.

    Raises PermanentError where a token comes twice, and with status 410 where one has expired.
    """
    seen: set[str] = set()
    answer = client.get(path, params)
    while True:
        token = continue_token(answer)
        yield answer
        if token is None:
            return
        if token in seen or len(seen) >= MOST_PAGES:
            raise PermanentError(
                client.system, answer.url, f"paging loops: a token came twice in {len(seen)} pages"
            )
        seen.add(token)
        answer = client.get(path, {**params, "continue": token})
