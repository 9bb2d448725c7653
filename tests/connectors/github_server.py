"""A local server that behaves like GitHub's REST API where paging and caps matter.

Links, at most 100 a page, the 1,000 results of a run search, attempts, and the order of each list.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

REPOSITORY = "acme/shop"


@dataclass
class GithubServer:
    """Records by table; ``asked`` are the paths of the requests; ``fail_at`` refuses the n-th request."""

    server: HTTPServer
    runs_cap: int = 1000
    pulls: list[dict[str, Any]] = field(default_factory=list)
    commits: list[dict[str, Any]] = field(default_factory=list)
    reviews: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    deployments: list[dict[str, Any]] = field(default_factory=list)
    statuses: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    earlier_attempts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    issues: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    fail_at: int | None = None
    has_issues: bool = True
    has_pulls: bool = True
    is_there: bool = True
    spent: int = 0  # so many requests are refused by the limit of the hour

    def __post_init__(self) -> None:
        self.server.expect_request(re.compile("/repos/.*")).respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        path = request.path.removeprefix(f"/repos/{REPOSITORY}/")
        self.asked.append(path)
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return Response('{"message": "Bad credentials"}', status=401)
        if request.headers.get("Authorization") != "Bearer s3cret-token":
            return Response('{"message": "Requires authentication"}', status=401)
        if self.spent:
            self.spent -= 1
            headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}
            return Response('{"message": "API rate limit exceeded"}', status=403, headers=headers)
        parts = path.split("/")
        if not self.is_there:
            return Response('{"message": "Not Found"}', status=404)
        match parts:
            case ["", "repos", *_]:
                return self._json({"full_name": REPOSITORY})
            case ["pulls"] if not self.has_pulls:
                return Response('{"message": "Not Found"}', status=404)
            case ["pulls"]:
                return self._page(request, sorted(self.pulls, key=lambda r: r["updated_at"], reverse=True))
            case ["pulls", number, "commits"]:
                return self._page(request, [{"sha": f"{int(number):040x}", "commit": {"author": {}}}])
            case ["pulls", number, "reviews"]:
                return self._page(request, self.reviews.get(number, []))
            case ["commits"]:
                since = request.args["since"]
                return self._page(
                    request, [c for c in self.commits if c["commit"]["committer"]["date"] >= since]
                )
            case ["commits", sha]:
                return self._json({"sha": sha, "files": [{"filename": f"services/{sha}/main.go"}]})
            case ["deployments"]:
                return self._page(
                    request, sorted(self.deployments, key=lambda r: r["created_at"], reverse=True)
                )
            case ["deployments", identity, "statuses"]:
                return self._page(request, self.statuses.get(identity, []))
            case ["actions", "runs"]:
                return self._search_runs(request)
            case ["actions", "runs", identity, "jobs"]:
                return self._page(request, [{"id": int(identity) * 10, "run_id": int(identity)}], "jobs")
            case ["actions", "runs", identity, "attempts", attempt]:
                return self._json(self.earlier_attempts[identity, attempt])
            case ["issues"] if not self.has_issues:
                return Response('{"message": "Issues are disabled for this repo"}', status=410)
            case ["issues"]:
                return self._page(
                    request, [i for i in self.issues if i["updated_at"] >= request.args["since"]]
                )
        return Response('{"message": "Not Found"}', status=404)

    def _search_runs(self, request: Request) -> Response:
        first, last = request.args["created"].split("..")
        found = [run for run in self.runs if first <= run["created_at"] <= last]
        shown = sorted(found, key=lambda r: r["created_at"], reverse=True)[: self.runs_cap]
        return self._page(request, shown, "workflow_runs", total=len(found))

    def _page(
        self,
        request: Request,
        rows: list[dict[str, Any]],
        wrapper: str | None = None,
        total: int | None = None,
    ) -> Response:
        size, page = min(100, int(request.args.get("per_page", 30))), int(request.args.get("page", 1))
        part = rows[(page - 1) * size : page * size]
        body: object = part if wrapper is None else {"total_count": total or len(rows), wrapper: part}
        headers = {}
        if page * size < len(rows):
            arguments = {**request.args, "page": str(page + 1)}
            query = "&".join(f"{name}={value}" for name, value in arguments.items())
            headers["Link"] = f'<{request.base_url}?{query}>; rel="next"'
        return self._json(body, headers)

    def _json(self, body: object, headers: dict[str, str] | None = None) -> Response:
        return Response(json.dumps(body), content_type="application/json", headers=headers or {})
