"""Pulling Argo CD: whole lists by project, applications without history, limits and refusals."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.argo_cd import ArgoCdSource
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source


class ArgoServer:
    """All applications in one answer, the asked-for members only; ``items`` is null where there is none."""

    def __init__(self, server: HTTPServer) -> None:
        self.applications: list[dict[str, Any]] = []
        self.asked: list[dict[str, str]] = []
        self.fail_at: int | None = None
        self.busy = 0
        self.url = server.url_for("/api/v1").rstrip("/")
        server.expect_request(re.compile("/api/v1/.*")).respond_with_handler(self._handle)

    def add(self, name: str, project: str, syncs: int) -> None:
        history = [
            {"id": n, "revision": f"{n:040x}", "deployedAt": "2026-06-01T10:00:00Z"} for n in range(syncs)
        ]
        status: dict[str, Any] = {"reconciledAt": "2026-06-15T11:00:00Z"}
        if history:
            status |= {"history": history[-10:], "operationState": {"phase": "Succeeded"}}
        self.applications.append(
            {
                "metadata": {"name": name, "uid": f"u-{name}", "managedFields": ["long"]},
                "spec": {"project": project},
                "status": {**status, "resources": ["longer"]},
            }
        )

    def _handle(self, request: Request) -> Response:
        self.asked.append(dict(request.args))
        if self.busy:
            self.busy -= 1
            return self._json({"error": "busy", "code": 14}, 503)
        if request.headers.get("Authorization") != "Bearer s3cret" or self.fail_at == len(self.asked):
            return self._json({"error": "invalid session: token expired", "code": 16}, 401)
        project = request.args.get("projects")
        items = [a for a in self.applications if project in (None, a["spec"]["project"])]
        fields = {field for field in request.args["fields"].split(",") if field.startswith("items.")}
        shown = [
            {
                part: {k: v for k, v in item[part].items() if f"items.{part}.{k}" in fields or k == "summary"}
                for part in ("metadata", "spec", "status")
            }
            for item in items
        ]
        return self._json({"metadata": {"resourceVersion": "7"}, "items": shown or None})

    def _json(self, body: object, status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")


@pytest.fixture
def argo(httpserver: HTTPServer) -> ArgoServer:
    return ArgoServer(httpserver)


def pull(server: ArgoServer, home: DataHome, now: Any = NOW, **options: Any) -> None:
    source = ArgoCdSource(
        base_url=server.url,
        token_env="ARGOCD_TOKEN",
        since=date(2026, 1, 1),
        **{"retries": 3, "retry_backoff_seconds": 0, **options},
    )
    pull_source("argo_cd", source, home, now, "s3cret")


def names(home: DataHome, table: str) -> list[str]:
    return [item["metadata"]["name"] for body in landed(home, "argo_cd", table) for item in body["items"]]


def test_every_application_is_landed_and_those_that_remember_syncs_a_second_time(
    argo: ArgoServer, home: DataHome
) -> None:
    argo.add("shop", "a", syncs=3)
    argo.add("never-synced", "b", syncs=0)
    pull(argo, home)
    assert names(home, "applications") == ["shop", "never-synced"]
    assert names(home, "application_history") == ["shop"]
    (body,) = landed(home, "argo_cd", "applications")
    assert "managedFields" not in json.dumps(body)
    assert "longer" not in json.dumps(body)


def test_a_second_pull_reads_everything_again_because_the_api_knows_no_time(
    argo: ArgoServer, home: DataHome
) -> None:
    argo.add("shop", "a", syncs=1)
    pull(argo, home)
    argo.applications.clear()
    argo.add("shop", "a", syncs=2)
    pull(argo, home, now=NOW + timedelta(days=1))
    histories = [
        [entry["id"] for entry in item["status"]["history"]]
        for body in landed(home, "argo_cd", "application_history")
        for item in body["items"]
    ]
    assert histories == [[0], [0, 1]]


def test_a_pull_that_dies_between_two_projects_has_landed_the_first_and_the_next_one_lands_both(
    argo: ArgoServer, home: DataHome
) -> None:
    argo.add("shop", "a", syncs=1)
    argo.add("cart", "b", syncs=1)
    argo.fail_at = 2
    with pytest.raises(PermanentError, match="argo_cd: HTTP 401: the token is missing, wrong or expired"):
        pull(argo, home, projects=["a", "b"])
    assert names(home, "applications") == ["shop"]
    argo.fail_at = None
    pull(argo, home, projects=["a", "b"], now=NOW + timedelta(hours=1))
    assert names(home, "applications") == ["shop", "shop", "cart"]


def test_no_application_is_no_file(argo: ArgoServer, home: DataHome) -> None:
    pull(argo, home)
    assert not (home.landing / "argo_cd").exists()


def test_a_server_that_is_busy_is_asked_again(argo: ArgoServer, home: DataHome) -> None:
    argo.add("shop", "a", syncs=1)
    argo.busy = 2
    pull(argo, home)
    assert names(home, "applications") == ["shop"]
    assert len(argo.asked) == 3


def test_a_refused_token_is_named_and_not_tried_again(argo: ArgoServer, home: DataHome) -> None:
    argo.fail_at = 1
    with pytest.raises(PermanentError, match="argo_cd: HTTP 401"):
        pull(argo, home)
    assert len(argo.asked) == 1
    assert not (home.cursors / "argo_cd.json").exists()


def test_an_answer_that_is_no_list_names_the_address(httpserver: HTTPServer, home: DataHome) -> None:
    """The address without ``/api/v1`` answers with the web interface's own JSON, or another service's."""
    httpserver.expect_request("/api/v1/applications").respond_with_json({"items": "none"})
    server = ArgoServer.__new__(ArgoServer)
    server.url = httpserver.url_for("/api/v1")
    with pytest.raises(PermanentError, match="no list 'items'"):
        pull(server, home)


def test_a_project_is_named_as_argo_cd_names_them() -> None:
    with pytest.raises(ValidationError, match="projects"):
        ArgoCdSource(base_url="https://argo.example", token_env="T", since=date(2026, 1, 1), projects=["a&b"])
