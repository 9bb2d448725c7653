"""The shared http layer against a server that misbehaves on purpose."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.http import Client
from orchestration.connectors.refusals import PermanentError, TransientError, seconds_to_reset

from .conftest import NOW

MakeClient = Callable[..., Client]


def answer_in_turn(server: HTTPServer, path: str, *responses: Response) -> list[Request]:
    """Give ``responses`` one after the other, the last for ever; the requests as they came."""
    asked: list[Request] = []

    def handle(request: Request) -> Response:
        asked.append(request)
        return responses[min(len(asked), len(responses)) - 1]

    server.expect_request(path).respond_with_handler(handle)
    return asked


def ok(body: str = '{"fine": true}') -> Response:
    return Response(body, content_type="application/json")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408])
def test_a_passing_trouble_is_asked_again(
    httpserver: HTTPServer, make_client: MakeClient, status: int
) -> None:
    asked = answer_in_turn(httpserver, "/list", Response(status=status), Response(status=status), ok())
    assert make_client().get("list").json == {"fine": True}
    assert len(asked) == 3


def test_retry_after_seconds_are_waited(httpserver: HTTPServer, make_client: MakeClient) -> None:
    answer_in_turn(httpserver, "/list", Response(status=429, headers={"Retry-After": "1"}), ok())
    began = time.monotonic()
    make_client().get("list")
    assert time.monotonic() - began >= 1.0


def test_a_reset_header_is_waited_for_where_no_retry_after_comes(
    httpserver: HTTPServer, make_client: MakeClient
) -> None:
    headers = {"ratelimit-remaining": "0", "ratelimit-reset": "1"}
    answer_in_turn(httpserver, "/list", Response(status=429, headers=headers), ok())
    began = time.monotonic()
    make_client().get("list")
    assert time.monotonic() - began >= 1.0


def test_a_403_with_a_spent_quota_waits_for_the_reset(
    httpserver: HTTPServer, make_client: MakeClient, waits: list[float]
) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 90)}
    answer_in_turn(httpserver, "/list", Response(status=403, headers=headers), ok())
    assert make_client().get("list").json == {"fine": True}
    assert 90 <= waits[0] <= 92


def test_a_limit_that_is_told_by_words_alone_is_waited_for_a_minute_and_then_longer(
    httpserver: HTTPServer, make_client: MakeClient, waits: list[float]
) -> None:
    headers = {"x-ratelimit-remaining": "4711", "x-ratelimit-reset": str(int(NOW.timestamp()) + 3000)}
    body = '{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}'
    refusal = Response(body, status=403, headers=headers)
    answer_in_turn(httpserver, "/list", refusal, refusal, ok())
    assert make_client().get("list").json == {"fine": True}
    assert [wait for wait in waits if wait] == [60.0, 120.0]


def test_a_quota_that_lifts_too_late_ends_the_pull_as_transient(
    httpserver: HTTPServer, make_client: MakeClient, waits: list[float]
) -> None:
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 7200)}
    answer_in_turn(httpserver, "/list", Response(status=403, headers=headers))
    with pytest.raises(TransientError, match="later than this run waits"):
        make_client().get("list")
    assert waits == []


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "token is missing, wrong or expired"),
        (403, "may not read this"),
        (404, "no such thing"),
        (422, "HTTP 422"),
    ],
)
def test_a_refusal_is_named_and_not_repeated(
    httpserver: HTTPServer, make_client: MakeClient, status: int, says: str
) -> None:
    asked = answer_in_turn(httpserver, "/list", Response('{"message": "Bad credentials"}', status=status))
    with pytest.raises(PermanentError, match=says) as caught:
        make_client().get("list")
    assert "Bad credentials" in str(caught.value)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"message": "Bad credentials"}', ": Bad credentials"),
        ('{"error": {"message": "Invalid input", "code": 2001}}', ": Invalid input"),
        ('{"errorMessages": ["No project X", "No field y"], "errors": {}}', ": No project X; No field y"),
        ('{"errors": [{"msg": "Not found"}]}', ": Not found"),
        ('{"errors": [{"status": "403", "detail": "Forbidden org"}]}', ": Forbidden org"),
        ('{"errors": {"jql": "cannot be read"}}', ""),
        ("[" * 100_000, ""),
        ('{"message": null}', ""),
    ],
)
def test_a_refusal_tells_what_the_server_says_in_whatever_form(
    httpserver: HTTPServer, make_client: MakeClient, body: str, says: str
) -> None:
    answer_in_turn(httpserver, "/list", Response(body, status=400, content_type="application/json"))
    with pytest.raises(PermanentError) as caught:
        make_client().get("list")
    assert caught.value.what == f"HTTP 400{says}"


def test_no_content_is_an_answer(httpserver: HTTPServer, make_client: MakeClient) -> None:
    answer_in_turn(httpserver, "/list", Response(status=204))
    assert make_client().get("list").json is None


def test_errors_never_carry_the_token(httpserver: HTTPServer, make_client: MakeClient) -> None:
    answer_in_turn(httpserver, "/list", Response(status=401))
    with pytest.raises(PermanentError) as caught:
        make_client().get("list")
    assert "s3cret-token" not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize("status", [200, 203])
def test_a_sign_in_page_is_a_permanent_error(
    httpserver: HTTPServer, make_client: MakeClient, status: int
) -> None:
    page = Response("<html><body>Sign in</body></html>", status=status, content_type="text/html")
    asked = answer_in_turn(httpserver, "/list", page)
    with pytest.raises(PermanentError):
        make_client().get("list")
    assert len(asked) == 1


def test_a_redirect_is_not_followed_with_the_token(httpserver: HTTPServer, make_client: MakeClient) -> None:
    answer_in_turn(
        httpserver, "/list", Response(status=302, headers={"Location": httpserver.url_for("/other")})
    )
    with pytest.raises(PermanentError, match="moved"):
        make_client().get("list")


def test_a_link_to_another_host_is_refused(make_client: MakeClient) -> None:
    with pytest.raises(PermanentError, match="leads away"):
        make_client().get("https://elsewhere.example/list?page=2")


def test_a_further_host_that_the_configuration_names_is_asked_too(httpserver: HTTPServer) -> None:
    """Azure DevOps keeps releases on a host of their own."""
    httpserver.expect_request("/releases", headers={"Authorization": "Basic x"}).respond_with_json([1])
    client = Client(
        "azure_devops",
        "https://dev.azure.example",
        {"Authorization": "Basic x"},
        further_urls=[httpserver.url_for("")],
        clock=lambda: NOW,
    )
    assert client.get(httpserver.url_for("/releases")).json == [1]
    with pytest.raises(PermanentError, match=r"leads away from https://dev\.azure\.example"):
        client.get("https://elsewhere.example/releases")
    client.close()


def test_a_slow_answer_ends_as_transient(httpserver: HTTPServer, make_client: MakeClient) -> None:
    def dawdle(_: Request) -> Response:
        time.sleep(1.0)
        return ok()

    httpserver.expect_request("/list").respond_with_handler(dawdle)
    with pytest.raises(TransientError, match="no answer"):
        make_client(retries=1, read_timeout=0.2).get("list")


def test_a_body_beyond_the_limit_is_refused(httpserver: HTTPServer, make_client: MakeClient) -> None:
    answer_in_turn(httpserver, "/list", ok('["' + "x" * 5000 + '"]'))
    with pytest.raises(PermanentError, match="exceeds 1000 bytes"):
        make_client(largest_body=1000).get("list")


class CuttingServer:
    """Sends headers that promise more than comes for the first ``cuts`` requests, whole bodies afterwards."""

    def __init__(self, cuts: int) -> None:
        self.cuts = cuts
        self.served = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                self.served += 1
                body = b'{"fine": true}'
                sent = body[:5] if self.served <= self.cuts else body
                head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + sent)


@pytest.fixture
def cutting_server(request: pytest.FixtureRequest) -> Iterator[CuttingServer]:
    server = CuttingServer(request.param)
    yield server
    server.socket.close()


@pytest.mark.parametrize("cutting_server", [2], indirect=True)
def test_a_body_cut_on_the_way_is_asked_again(cutting_server: CuttingServer, make_client: MakeClient) -> None:
    client = make_client()
    client.base_url = cutting_server.url
    assert client.get("list").json == {"fine": True}
    assert cutting_server.served == 3


@pytest.mark.parametrize("cutting_server", [99], indirect=True)
def test_a_body_that_is_always_cut_ends_as_transient(
    cutting_server: CuttingServer, make_client: MakeClient
) -> None:
    client = make_client()
    client.base_url = cutting_server.url
    with pytest.raises(TransientError, match="broke off"):
        client.get("list")


def test_a_server_that_is_not_there_ends_as_transient(make_client: MakeClient) -> None:
    client = make_client(retries=1)
    with socket.create_server(("127.0.0.1", 0)) as free:
        client.base_url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(TransientError, match="no answer"):
        client.get("list")


def test_resets_are_read_as_epoch_or_as_seconds() -> None:
    assert seconds_to_reset({"x-ratelimit-reset": "1781524890"}, 1781524800.0) == 90.0
    assert seconds_to_reset({"x-ratelimit-reset": "1781524890500"}, 1781524800.0) == 90.5
    assert seconds_to_reset({"ratelimit-reset": "42"}, 1781524800.0) == 42.0
    assert seconds_to_reset({"ratelimit-reset": "soon"}, 0.0) is None
