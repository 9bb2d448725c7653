"""Pulling Flux from Kubernetes: continue tokens, tokens that expire, releases without history, refusals."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.flux import FluxSource
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome

from .conftest import NOW, landed, pull_source


class KubernetesServer:
    """Lists by ``limit`` and ``continue``; an expired token is 410 with a Status."""

    def __init__(self, server: HTTPServer) -> None:
        self.releases: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.asked: list[dict[str, str]] = []
        self.fail_at: int | None = None
        self.busy = 0
        self.expired: set[str] = set()
        self.url = server.url_for("").rstrip("/")
        server.expect_request(re.compile(".*")).respond_with_handler(self._handle)

    def add_release(self, number: int, versions: int = 1) -> None:
        history = [
            {"name": f"r-{number}", "namespace": "a", "version": v, "digest": "d"} for v in range(versions)
        ]
        status = {"history": history} if versions else {}
        self.releases.append({"metadata": {"name": f"r-{number}"}, "status": status})

    def add_event(self, kind: str, name: str) -> None:
        self.events.append(
            {"involvedObject": {"kind": kind, "name": name}, "reason": "ReconciliationSucceeded"}
        )

    def _handle(self, request: Request) -> Response:
        self.asked.append({"path": request.path, **request.args})
        if self.busy:
            self.busy -= 1
            response = self._status(429, "TooManyRequests")
            response.headers["Retry-After"] = "0"
            return response
        if request.headers.get("Authorization") != "Bearer s3cret" or self.fail_at == len(self.asked):
            return self._status(401, "Unauthorized")
        token = request.args.get("continue", "0")
        if token in self.expired:
            self.expired.remove(token)
            return self._status(410, "Expired")
        rows = self.releases
        if request.path.endswith("/events"):
            kind = request.args["fieldSelector"].removeprefix("involvedObject.kind=")
            rows = [event for event in self.events if event["involvedObject"]["kind"] == kind]
        first, limit = int(token), int(request.args["limit"])
        metadata = {"resourceVersion": "1", "continue": ""}
        if first + limit < len(rows):
            metadata |= {"continue": str(first + limit), "remainingItemCount": len(rows) - first - limit}
        return self._json({"kind": "List", "metadata": metadata, "items": rows[first : first + limit]})

    def _status(self, code: int, reason: str) -> Response:
        return self._json({"kind": "Status", "status": "Failure", "reason": reason, "code": code}, code)

    def _json(self, body: object, status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")


@pytest.fixture
def kubernetes(httpserver: HTTPServer) -> KubernetesServer:
    return KubernetesServer(httpserver)


def pull(server: KubernetesServer, home: DataHome, now: Any = NOW, **options: Any) -> None:
    source = FluxSource(
        base_url=server.url,
        token_env="KUBERNETES_TOKEN",
        since=date(2026, 1, 1),
        **{
            "clusters": [{"name": "prod"}],
            "tables": ["helm_releases"],
            "retries": 3,
            "retry_backoff_seconds": 0,
            **options,
        },
    )
    pull_source("flux", source, home, now, "s3cret")


def release_names(home: DataHome) -> list[str]:
    return [
        item["metadata"]["name"] for body in landed(home, "flux", "helm_releases") for item in body["items"]
    ]


def expected(count: int) -> list[str]:
    return [f"r-{number}" for number in range(count)]


def test_a_first_pull_follows_the_tokens_to_the_end(kubernetes: KubernetesServer, home: DataHome) -> None:
    for number in range(1200):
        kubernetes.add_release(number)
    pull(kubernetes, home)
    assert release_names(home) == expected(1200)
    assert [args.get("continue") for args in kubernetes.asked] == [None, "500", "1000"]
    assert (home.landing / "flux" / "helm_releases" / "prod" / "20260615T120000Z").is_dir()


def test_a_later_pull_lands_the_new_version_and_reads_the_whole_list_again(
    kubernetes: KubernetesServer, home: DataHome
) -> None:
    kubernetes.add_release(0)
    pull(kubernetes, home)
    kubernetes.releases.clear()
    kubernetes.add_release(0, versions=2)
    pull(kubernetes, home, now=NOW + timedelta(hours=1))
    versions = [
        [entry["version"] for entry in item["status"]["history"]]
        for body in landed(home, "flux", "helm_releases")
        for item in body["items"]
    ]
    assert versions == [[0], [0, 1]]


def test_a_release_without_history_is_left_to_a_later_pull(
    kubernetes: KubernetesServer, home: DataHome
) -> None:
    kubernetes.add_release(0, versions=0)
    kubernetes.add_release(1)
    pull(kubernetes, home)
    assert release_names(home) == ["r-1"]


def test_a_pull_that_dies_in_the_middle_goes_on_where_it_was_with_nothing_missing_and_nothing_twice(
    kubernetes: KubernetesServer, home: DataHome
) -> None:
    for number in range(2200):
        kubernetes.add_release(number)
    kubernetes.fail_at = 3
    with pytest.raises(PermanentError, match="flux: HTTP 401: the token is missing, wrong or expired"):
        pull(kubernetes, home)
    assert release_names(home) == expected(1000)
    kubernetes.fail_at = None
    pull(kubernetes, home, now=NOW + timedelta(minutes=1))
    assert release_names(home) == expected(2200)


def test_a_token_that_has_expired_begins_the_list_anew(kubernetes: KubernetesServer, home: DataHome) -> None:
    for number in range(1200):
        kubernetes.add_release(number)
    kubernetes.fail_at = 2
    with pytest.raises(PermanentError):
        pull(kubernetes, home)
    kubernetes.fail_at, kubernetes.expired = None, {"500"}
    pull(kubernetes, home, now=NOW + timedelta(hours=1))
    assert [args.get("continue") for args in kubernetes.asked[2:]] == ["500", None, "500", "1000"]
    assert set(release_names(home)) == set(expected(1200))


def test_events_of_kustomizations_and_releases_are_asked_for_cluster_by_cluster_below_its_path(
    kubernetes: KubernetesServer, home: DataHome
) -> None:
    kubernetes.add_event("Kustomization", "apps")
    kubernetes.add_event("Pod", "web-1")
    kubernetes.add_event("HelmRelease", "shop")
    clusters = [{"name": "eu", "path": "/k8s/clusters/c-1"}, {"name": "us", "path": "k8s/clusters/c-2/"}]
    pull(kubernetes, home, clusters=clusters, tables=["events"])
    assert [args["path"] for args in kubernetes.asked[::2]] == [
        "/k8s/clusters/c-1/api/v1/events",
        "/k8s/clusters/c-2/api/v1/events",
    ]
    names = [
        item["involvedObject"]["name"] for body in landed(home, "flux", "events") for item in body["items"]
    ]
    assert names == ["apps", "shop", "apps", "shop"]
    assert sorted(path.name for path in (home.landing / "flux" / "events").iterdir()) == ["eu", "us"]


def test_a_server_that_has_too_many_requests_is_waited_for(
    kubernetes: KubernetesServer, home: DataHome
) -> None:
    kubernetes.add_release(0)
    kubernetes.busy = 2
    pull(kubernetes, home)
    assert release_names(home) == ["r-0"]
    assert len(kubernetes.asked) == 3


def test_a_refused_token_is_named_and_not_tried_again(kubernetes: KubernetesServer, home: DataHome) -> None:
    kubernetes.fail_at = 1
    with pytest.raises(PermanentError, match="flux: HTTP 401"):
        pull(kubernetes, home)
    assert len(kubernetes.asked) == 1
    assert not (home.cursors / "flux.json").exists()


def test_an_answer_that_is_no_list_names_the_address(httpserver: HTTPServer, home: DataHome) -> None:
    httpserver.expect_request(re.compile(".*")).respond_with_json({"paths": ["/api"]})
    server = KubernetesServer.__new__(KubernetesServer)
    server.url = httpserver.url_for("").rstrip("/")
    with pytest.raises(PermanentError, match="no list 'items'"):
        pull(server, home)
