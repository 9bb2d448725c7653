"""How APIs hand out long lists: links, offsets, page numbers, tokens and cursors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from .http import Answer, Client
from .refusals import PermanentError

# A list this long is a paging loop or a wrong scope; either way somebody should look.
MOST_PAGES = 20_000


def follow_links(client: Client, path: str, params: Mapping[str, Any]) -> Iterator[Answer]:
    """Pages of a list whose Link header names the next (RFC 8288; GitHub, GitLab, Greenhouse).

    Raises PermanentError where a link leads to a page already read.
    """
    return _follow_addresses(client, path, params, lambda answer: answer.links.get("next"))


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


def reads_back_to(since: datetime, member: str, records: str | None = None) -> Callable[[Answer], bool]:
    """Whether a page of a list, newest first by ``member``, ends before ``since``: no more need be read.

    ``records`` is the member of the body that holds the list; None: the body itself.
    """

    def is_old_enough(page: Answer) -> bool:
        rows = page.json if records is None else page.json[records]
        return bool(rows) and datetime.fromisoformat(rows[-1][member]) < since

    return is_old_enough


def read_until(pages: Iterator[Answer], is_last: Callable[[Answer], bool]) -> Iterator[Answer]:
    """``pages`` up to the first that is the last."""
    for page in pages:
        yield page
        if is_last(page):
            return


def follow_body_links(
    client: Client, path: str, params: Mapping[str, Any], member: str = "links"
) -> Iterator[Answer]:
    """Pages of a list whose body names the next under ``member`` (see ``next_in_body``).

    Raises PermanentError where a link leads to a page already read.
    """
    return _follow_addresses(client, path, params, lambda answer: next_in_body(client, answer, member))


def _follow_addresses(
    client: Client, path: str, params: Mapping[str, Any], address_of: Callable[[Answer], str | None]
) -> Iterator[Answer]:
    answer = client.get(path, params)
    seen = {answer.url}
    while True:
        yield answer
        following = address_of(answer)
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
    """Pages of a list of which ``token_of`` an answer is the next one's token, none on the last (Jira Cloud,
    Kubernetes).

    The token goes back as the parameter ``name``; ``token`` is the one to begin with. Raises PermanentError
    where a token comes twice.
    """
    seen: set[str] = set()
    while True:
        answer = client.get(path, params if token is None else {**params, name: token})
        token = token_of(answer)
        yield answer
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
    return follow_answer_tokens(client, path, params, token_of=continue_token, name="continue")
