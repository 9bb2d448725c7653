"""A local server that behaves like GitLab's REST API where paging, order and limits matter.

Links, at most 100 a page, no page behind the last offset, ``updated_after`` on or after and only beside its
order, retried jobs only for whom asks.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

PROJECT = "acme/platform/shop"


@dataclass
class GitlabServer:
    """Records by list; ``asked`` are the paths of the requests; ``fail_at`` refuses the n-th request.

    ``touch_at``: before the n-th request is answered, the first merge request is changed.
    ``is_backwards``: as an instance that ignores the order and the instant asked for.
    """

    server: HTTPServer
    deepest_offset: int = 50_000
    project: dict[str, Any] = field(
        default_factory=lambda: {"id": 7, "path_with_namespace": PROJECT, "default_branch": "main"}
    )
    merge_requests: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    commits: list[dict[str, Any]] | None = field(default_factory=list)
    pipelines: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    fail_at: int | None = None
    busy: int = 0
    touch_at: tuple[int, str] | None = None
    is_backwards: bool = False

    def __post_init__(self) -> None:
        self.url = self.server.url_for("/api/v4").rstrip("/")
        self.server.expect_request(re.compile("/api/v4/.*")).respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        path = unquote(request.path.removeprefix("/api/v4/")).removeprefix(f"projects/{PROJECT}")
        self.asked.append(path.strip("/"))
        if self.touch_at is not None and len(self.asked) == self.touch_at[0]:
            self.merge_requests[0]["updated_at"] = self.touch_at[1]
        if self.busy:
            self.busy -= 1
            limits = {"RateLimit-Limit": "600", "RateLimit-Remaining": "0", "Retry-After": "0"}
            return Response('{"message": "429 Too Many Requests"}', status=429, headers=limits)
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return self._refuse(401, "401 Unauthorized")
        if request.headers.get("PRIVATE-TOKEN") != "s3cret":
            return self._refuse(401, "401 Unauthorized")
        match path.strip("/").split("/"):
            case [""]:
                return self._json(self.project)
            case ["merge_requests", number, "commits"]:
                return self._page(request, [{"id": f"{int(number):040x}", "parent_ids": []}])
            case ["merge_requests", number, "notes"]:
                return self._page(request, self.notes.get(number, []))
            case ["repository", "commits"]:
                if self.commits is None:
                    return self._refuse(404, "404 Repository Not Found")
                since = request.args["since"]
                return self._page(request, [c for c in self.commits if c["committed_date"] >= since])
            case ["repository", "commits", sha, "diff"]:
                return self._page(request, [{"new_path": f"services/{sha}/main.go"}])
            case ["pipelines", identity]:
                listed = next(row for row in self.pipelines if str(row["id"]) == identity)
                return self._json({**listed, "duration": 60})
            case ["pipelines", identity, "jobs"]:
                wanted = request.args.get("include_retried") == "true"
                jobs = [job for job in self.jobs.get(identity, []) if wanted or not job.get("retried")]
                return self._page(request, jobs)
            case ["merge_requests" | "pipelines" | "deployments" | "issues" as table]:
                return self._changed(request, table)
        return self._refuse(404, "404 Not Found")

    def _changed(self, request: Request, table: str) -> Response:
        args = request.args
        if self.is_backwards:
            return self._page(request, list(reversed(getattr(self, table))))
        if (args.get("order_by"), args.get("sort")) != ("updated_at", "asc"):
            return self._refuse(400, "400 Bad request - `updated_at` filter and order must be the same")
        rows = [
            row
            for row in getattr(self, table)
            if _instant(row["updated_at"]) >= _instant(args["updated_after"])
        ]
        return self._page(request, sorted(rows, key=lambda row: (_instant(row["updated_at"]), row["id"])))

    def _page(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        number, size = int(request.args.get("page", 1)), min(int(request.args.get("per_page", 20)), 100)
        first = (number - 1) * size
        if first > self.deepest_offset:
            return self._refuse(
                405, f"Offset pagination has a maximum allowed offset of {self.deepest_offset}"
            )
        answer = self._json(rows[first : first + size])
        if rows[first + size :]:
            kept = {**request.args.to_dict(), "page": str(number + 1)}
            query = "&".join(f"{name}={value}" for name, value in kept.items())
            address = request.base_url.replace(PROJECT, PROJECT.replace("/", "%2F"))
            answer.headers["Link"] = f'<{address}?{query}>; rel="next", <{address}?{query}>; rel="first"'
        return answer

    def _json(self, body: object) -> Response:
        return Response(json.dumps(body), content_type="application/json")

    def _refuse(self, status: int, message: str) -> Response:
        return Response(json.dumps({"message": message}), status=status, content_type="application/json")


def _instant(text: str) -> str:
    """An instant as text that sorts, whatever its fraction."""
    head, _, fraction = text.removesuffix("Z").partition(".")
    return f"{head}.{fraction or '0':0<6}"
