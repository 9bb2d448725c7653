"""What one repository, table or step is refused for keeps no other from being read."""

from __future__ import annotations

import json
import re
from datetime import date

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.github import GithubSource
from orchestration.connectors.refusals import PermanentError, TransientError
from orchestration.connectors.scopes import NAMED_REFUSALS, SeveralRefusedError, one_by_one
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source


class RefusingServer:
    """A GitHub whose paths may be refused with a status; every list that is not has one record, or none."""

    def __init__(self, server: HTTPServer) -> None:
        self.refused: dict[str, int] = {}
        self.asked: list[str] = []
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        path = request.path.removeprefix("/repos/")
        self.asked.append(path)
        for start, status in self.refused.items():
            if path.startswith(start):
                return Response('{"message": "Not for you"}', status=status)
        _, name, *rest = path.split("/")
        rows = [{"id": 1, "title": name, "updated_at": "2026-06-14T00:00:00Z"}] if rest == ["issues"] else []
        body = {"workflow_runs": rows, "total_count": 0} if rest == ["actions", "runs"] else rows
        return Response(json.dumps(body), content_type="application/json")


@pytest.fixture
def server(httpserver: HTTPServer) -> RefusingServer:
    return RefusingServer(httpserver)


def pull(server: RefusingServer, home: DataHome, *repositories: str) -> None:
    source = GithubSource(
        base_url=server.url,
        token_env="GITHUB_TOKEN",
        repositories=list(repositories),
        since=date(2026, 1, 1),
        retries=0,
    )
    pull_source("github", source, home, NOW, "s3cret-token")


def titles(home: DataHome) -> list[str]:
    """The repositories whose issues have landed."""
    return sorted(row["title"] for body in landed(home, "github", "issues") for row in body)


def test_a_repository_that_is_gone_keeps_no_other_from_being_read(
    server: RefusingServer, home: DataHome
) -> None:
    server.refused["acme/gone"] = 404
    with pytest.raises(PermanentError, match=r"HTTP 404: no such thing.*acme/gone"):
        pull(server, home, "acme/gone", "acme/shop", "acme/till")
    assert titles(home) == ["shop", "till"]


def test_what_a_token_may_not_read_keeps_no_other_table_from_being_read(
    server: RefusingServer, home: DataHome
) -> None:
    server.refused["acme/shop/deployments"] = 403
    with pytest.raises(PermanentError, match=r"HTTP 403: the token may not read this: Not for you.*deploym"):
        pull(server, home, "acme/shop")
    assert titles(home) == ["shop"]
    streams = json.loads((home.cursors / "github.json").read_text())
    assert not [stream for stream in streams if stream.startswith("deployments")]


def test_a_wrong_token_is_tried_once(server: RefusingServer, home: DataHome) -> None:
    server.refused["acme/"] = 401
    with pytest.raises(PermanentError, match="HTTP 401"):
        pull(server, home, "acme/shop", "acme/till")
    assert len(server.asked) == 1


def test_a_server_that_is_down_is_not_asked_for_every_part(server: RefusingServer, home: DataHome) -> None:
    server.refused["acme/"] = 503
    with pytest.raises(TransientError, match="HTTP 503"):
        pull(server, home, "acme/shop", "acme/till")
    assert len(server.asked) == 1


def refuse(part: object) -> None:
    raise PermanentError("github", f"https://github.test/{part}", "HTTP 404", 404)


def test_all_refusals_are_told_and_the_first_ten_by_name() -> None:
    read = []

    def read_all() -> None:
        for number, reading in one_by_one(range(14)):
            with reading:
                if number % 7:
                    refuse(number)
                read.append(number)

    with pytest.raises(SeveralRefusedError) as caught:
        read_all()
    assert read == [0, 7]
    assert [error.url for error in caught.value.refusals] == [
        f"https://github.test/{number}" for number in range(14) if number % 7
    ]
    text = str(caught.value)
    assert text.startswith("github: 12 parts were refused: HTTP 404 (https://github.test/1); ")
    assert text.count("HTTP 404") == NAMED_REFUSALS
    assert text.endswith("(https://github.test/11); and 2 more")
    assert caught.value.status == 404


def test_parts_of_parts_are_told_as_one_list() -> None:
    def read_all() -> None:
        for repository, reading in one_by_one("ab"):
            with reading:
                for table, step in one_by_one((1, 2)):
                    with step:
                        refuse(f"{repository}/{table}")

    with pytest.raises(SeveralRefusedError) as caught:
        read_all()
    assert [error.url[-3:] for error in caught.value.refusals] == ["a/1", "a/2", "b/1", "b/2"]
