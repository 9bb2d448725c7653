"""Paging against a server that pages truly, repeats itself, and shifts while it is read."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.http import Client
from orchestration.connectors.paging import (
    follow_body_links,
    follow_continuations,
    follow_cursor,
    follow_header_tokens,
    follow_links,
    follow_offsets,
    follow_page_numbers,
)
from orchestration.connectors.refusals import PermanentError
from orchestration.connectors.windows import bisect_window, split_window

MakeClient = Callable[..., Client]


def reply(body: object, **headers: str) -> Response:
    return Response(json.dumps(body), content_type="application/json", headers=headers)


def test_links_are_followed_to_the_end(httpserver: HTTPServer, make_client: MakeClient) -> None:
    def page(request: Request) -> Response:
        number = int(request.args.get("page", "1"))
        link = f'<{httpserver.url_for("/list")}?page={number + 1}>; rel="next"' if number < 3 else ""
        return reply([number], **({"Link": link} if link else {}))

    httpserver.expect_request("/list").respond_with_handler(page)
    assert [answer.json for answer in follow_links(make_client(), "list", {})] == [[1], [2], [3]]


def test_a_link_that_leads_back_is_an_error_and_not_an_endless_pull(
    httpserver: HTTPServer, make_client: MakeClient
) -> None:
    link = f'<{httpserver.url_for("/list")}?page=2>; rel="next"'
    httpserver.expect_request("/list").respond_with_handler(lambda _: reply([1], Link=link))
    with pytest.raises(PermanentError, match="loops"):
        list(follow_links(make_client(), "list", {}))


def test_links_of_the_body_are_followed_under_the_name_that_the_api_gives_them(
    httpserver: HTTPServer, make_client: MakeClient
) -> None:
    def page(request: Request) -> Response:
        number = int(request.args.get("page", "1"))
        return reply(
            {
                "items": [number],
                "_links": {"next": {"href": f"/list?page={number + 1}"}} if number < 3 else {},
            }
        )

    httpserver.expect_request("/list").respond_with_handler(page)
    pages = follow_body_links(make_client(), "list", {}, member="_links")
    assert [answer.json["items"] for answer in pages] == [[1], [2], [3]]


def test_tokens_of_a_header_are_handed_on_and_one_that_comes_twice_is_an_error(
    httpserver: HTTPServer, make_client: MakeClient
) -> None:
    following = {None: "a", "a": "b", "b": None}

    def page(request: Request) -> Response:
        token = following[request.args.get("token")]
        return reply(request.args.get("token"), **({"x-ms-continuationtoken": token} if token else {}))

    httpserver.expect_request("/list").respond_with_handler(page)

    def walk(token: str | None = None) -> list[object]:
        pages = follow_header_tokens(
            make_client(), "list", {}, header="x-ms-continuationtoken", name="token", token=token
        )
        return [answer.json for answer in pages]

    assert walk() == [None, "a", "b"]
    assert walk("b") == ["b"]
    following["b"] = "a"
    with pytest.raises(PermanentError, match="loops"):
        walk()


def test_pages_by_number_begin_again_where_the_total_shrinks(
    httpserver: HTTPServer, make_client: MakeClient
) -> None:
    """What was deleted on a page already read moves the rest up, past the page that comes next."""
    rows = list(range(10))

    def page(request: Request) -> Response:
        number, size = int(request.args["p"]), int(request.args["ps"])
        if number == 2 and 0 in rows:
            rows.remove(0)
        return reply({"rows": rows[(number - 1) * size : number * size], "total": len(rows)})

    httpserver.expect_request("/list").respond_with_handler(page)
    pages = follow_page_numbers(
        make_client(), "list", {}, total=lambda answer: int(answer.json["total"]), page_size=4
    )
    found = [row for answer in pages for row in answer.json["rows"]]
    assert found == [0, 1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9]


class OffsetServer:
    """A list by offset. ``before_request`` may change ``rows`` while they are read."""

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows
        self.requests = 0
        self.before_request: Callable[[OffsetServer], None] = lambda _: None

    def handle(self, request: Request) -> Response:
        self.requests += 1
        self.before_request(self)
        offset, limit = int(request.args["offset"]), int(request.args["limit"])
        part = self.rows[offset : offset + limit]
        return reply({"items": [{"id": row} for row in part], "more": offset + limit < len(self.rows)})


def read_offsets(server: HTTPServer, client: Client, fake: OffsetServer) -> list[int]:
    server.expect_request("/items").respond_with_handler(fake.handle)
    pages = follow_offsets(client, "items", {}, records="items", page_size=10)
    return [row["id"] for page in pages for row in page.json["items"]]


def test_offsets_are_walked_to_the_end(httpserver: HTTPServer, make_client: MakeClient) -> None:
    found = read_offsets(httpserver, make_client(), OffsetServer(list(range(35))))
    assert set(found) == set(range(35))


def test_records_deleted_while_reading_lose_nothing_else(
    httpserver: HTTPServer, make_client: MakeClient
) -> None:
    fake = OffsetServer(list(range(60)))

    def delete_some(server: OffsetServer) -> None:
        if server.requests == 3:
            del server.rows[2:9]

    fake.before_request = delete_some
    found = read_offsets(httpserver, make_client(), fake)
    assert set(found) >= set(range(9, 60))


def test_records_inserted_while_reading_lose_nothing(httpserver: HTTPServer, make_client: MakeClient) -> None:
    fake = OffsetServer(list(range(60)))

    def insert_some(server: OffsetServer) -> None:
        if server.requests == 3:
            server.rows[0:0] = [1000, 1001, 1002]

    fake.before_request = insert_some
    assert set(read_offsets(httpserver, make_client(), fake)) >= set(range(60))


def test_a_list_that_promises_more_and_gives_nothing_is_an_error(
    httpserver: HTTPServer, make_client: MakeClient
) -> None:
    httpserver.expect_request("/items").respond_with_json({"items": [], "more": True})
    with pytest.raises(PermanentError, match="stands still"):
        list(follow_offsets(make_client(), "items", {}, records="items"))


def test_a_cursor_is_handed_on(httpserver: HTTPServer, make_client: MakeClient) -> None:
    def page(request: Request) -> Response:
        after = int(request.get_json().get("starting_after", "0"))
        return reply({"data": [after + 1], "more": after < 2, "last": str(after + 1)})

    httpserver.expect_request("/search", method="POST").respond_with_handler(page)
    pages = follow_cursor(make_client(), "search", {"limit": 1}, cursor="starting_after")
    assert [answer.json["data"] for answer in pages] == [[1], [2], [3]]


def test_a_cursor_that_comes_twice_is_an_error(httpserver: HTTPServer, make_client: MakeClient) -> None:
    httpserver.expect_request("/search", method="POST").respond_with_json(
        {"data": [1], "more": True, "last": "a"}
    )
    with pytest.raises(PermanentError, match="loops"):
        list(follow_cursor(make_client(), "search", {}, cursor="starting_after"))


def test_a_kubernetes_list_that_gives_the_same_token_again_is_an_error_after_its_pages(
    httpserver: HTTPServer, make_client: MakeClient
) -> None:
    httpserver.expect_request("/pods").respond_with_json({"metadata": {"continue": "t"}, "items": [1]})
    pages = follow_continuations(make_client(), "pods", {"limit": 1})
    assert [next(pages).json["items"], next(pages).json["items"]] == [[1], [1]]
    with pytest.raises(PermanentError, match="loops"):
        next(pages)


START = datetime(2026, 1, 1, tzinfo=UTC)


def refuse(second: datetime, found: int) -> PermanentError:
    return PermanentError("github", "runs", f"{found} within {second}")


def test_windows_are_halved_until_each_fits_and_cover_every_second_once() -> None:
    events = [START + timedelta(seconds=s) for s in (0, 1, 2, 3, 50, 51, 52, 99, 100)]

    def count(first: datetime, last: datetime) -> int:
        return sum(first <= event <= last for event in events)

    windows = list(bisect_window(count, START, START + timedelta(seconds=100), cap=2, refuse=refuse))
    assert all(count(*window) <= 2 for window in windows)
    assert windows[0][0] == START
    assert windows[-1][1] == START + timedelta(seconds=100)
    assert all(b[0] - a[1] == timedelta(seconds=1) for a, b in itertools.pairwise(windows))


def test_a_second_that_holds_more_than_the_cap_fails_loudly() -> None:
    with pytest.raises(PermanentError, match="1500 within"):
        list(bisect_window(lambda a, b: 1500, START, START + timedelta(seconds=3), cap=1000, refuse=refuse))


def test_long_ranges_are_split_without_gaps() -> None:
    windows = list(split_window(START, START + timedelta(days=70), timedelta(days=30)))
    assert [b - a for a, b in windows] == [timedelta(days=30), timedelta(days=30), timedelta(days=10)]
    assert list(split_window(START, START, timedelta(days=1))) == []
