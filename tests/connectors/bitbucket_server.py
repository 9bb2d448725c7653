"""A local server that behaves like Bitbucket Cloud's REST API where paging, order and limits matter.

``next`` in the body, at most 100 a page and 50 of pull requests and activities, only open pull requests
unless all are asked for, ids in braces, fractions of seconds of any length.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

REPOSITORY = "acme/shop"


@dataclass
class BitbucketServer:
    """Records by list; ``asked`` are the paths of the requests; ``fail_at`` refuses the n-th request."""

    server: HTTPServer
    repository: dict[str, Any] = field(
        default_factory=lambda: {"uuid": "{r}", "full_name": REPOSITORY, "mainbranch": {"name": "release/1"}}
    )
    pull_requests: list[dict[str, Any]] = field(default_factory=list)
    activities: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    commits: list[dict[str, Any]] = field(default_factory=list)
    pipelines: list[dict[str, Any]] = field(default_factory=list)
    steps: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    authorization: str = "Bearer s3cret"
    asked: list[str] = field(default_factory=list)
    fail_at: int | None = None
    busy: int = 0

    def __post_init__(self) -> None:
        self.url = self.server.url_for("/2.0").rstrip("/")
        self.server.expect_request(re.compile("/2.0/.*")).respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        path = request.path.removeprefix(f"/2.0/repositories/{REPOSITORY}").strip("/")
        self.asked.append(path)
        if self.busy:
            self.busy -= 1
            return Response("Rate limit for this resource has been exceeded", 429, {"Retry-After": "0"})
        refused = self.fail_at is not None and len(self.asked) >= self.fail_at
        if refused or request.headers.get("Authorization") != self.authorization:
            return self._refuse(401, "Token is invalid, expired, or not supported for this endpoint.")
        match path.split("/"):
            case [""]:
                return self._json(self.repository)
            case ["pullrequests"]:
                return self._pull_requests(request)
            case ["pullrequests", number, "commits"]:
                return self._page(request, [{"hash": f"{int(number):040x}"}], 100)
            case ["pullrequests", number, "activity"]:
                return self._page(request, self.activities.get(number, []), 50)
            case ["commits", "release", "1"]:
                rows = sorted(self.commits, key=lambda row: _instant(row["date"]), reverse=True)
                return self._page(request, rows, 100)
            case ["pipelines"]:
                if request.args.get("sort") != "-created_on":
                    return self._page(request, self.pipelines, 100)
                rows = sorted(self.pipelines, key=lambda row: _instant(row["created_on"]), reverse=True)
                return self._page(request, rows, 100)
            case ["pipelines", uuid, "steps"]:
                return self._page(request, self.steps.get(uuid, []), 100)
            case ["deployments"]:
                return self._page(request, self.deployments, 100)
        return self._refuse(404, f"Resource not found: {path}")

    def _pull_requests(self, request: Request) -> Response:
        rows = self.pull_requests
        if request.args.get("state") != "ALL":
            rows = [row for row in rows if row["state"] == "OPEN"]
        if found := re.fullmatch(r'updated_on >= "(.*)"', request.args.get("q", "")):
            rows = [row for row in rows if _instant(row["updated_on"]) >= _instant(found[1])]
        if request.args.get("sort") == "updated_on":
            rows = sorted(rows, key=lambda row: (_instant(row["updated_on"]), row["id"]))
        return self._page(request, rows, 50)

    def _page(self, request: Request, rows: list[dict[str, Any]], most: int) -> Response:
        number, size = int(request.args.get("page", 1)), int(request.args.get("pagelen", 10))
        if size > most:
            return self._refuse(400, f"Invalid pagelen: {size}")
        first = (number - 1) * size
        body: dict[str, Any] = {"values": rows[first : first + size], "page": number, "pagelen": size}
        if rows[first + size :]:
            kept = {**request.args.to_dict(), "page": str(number + 1)}
            query = "&".join(f"{name}={quote(value)}" for name, value in kept.items())
            body["next"] = f"{quote(request.base_url, safe=':/')}?{query}"
        return self._json(body)

    def _json(self, body: object) -> Response:
        return Response(json.dumps(body), content_type="application/json")

    def _refuse(self, status: int, message: str) -> Response:
        body = {"type": "error", "error": {"message": message}}
        return Response(json.dumps(body), status=status, content_type="application/json")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
