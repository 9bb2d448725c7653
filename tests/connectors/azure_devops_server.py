"""A local Azure DevOps: its wrappers, tokens in a header or a link, its second host, its sign-in page."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

PAT = "s3cret"
SIGN_IN = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head></html>"


class AzureDevopsServer:
    """Lists of ``page_size`` at most. ``fail_at``: the number of the request from which on it is broken."""

    def __init__(self, server: HTTPServer) -> None:
        self.revisions: list[dict[str, Any]] = []
        self.builds: dict[int, dict[str, Any]] = {}
        self.pulls: dict[int, dict[str, Any]] = {}
        self.deployments: list[dict[str, Any]] = []
        self.records: dict[str, list[dict[str, Any]]] = {}
        self.runs: dict[int, dict[str, Any]] = {}
        self.results: dict[int, list[dict[str, Any]]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.page_size = 100
        self.fail_at: int | None = None
        self.busy = 0
        self.forgotten_tokens: set[str] = set()
        self.before_request: Any = lambda path, args: None
        self.url = server.url_for("/services").rstrip("/")
        self.release_url = server.url_for("/releases").rstrip("/")
        server.expect_request(re.compile("/.*")).respond_with_handler(self._handle)

    def paths(self, ending: str) -> list[str]:
        """Paths asked for that end so."""
        return [path for path, _ in self.asked if path.endswith(ending)]

    def _handle(self, request: Request) -> Response:
        args = dict(request.args)
        self.asked.append((request.path, args))
        self.before_request(request.path, args)
        if self.busy:
            self.busy -= 1
            return self._json({"message": "TF400733: delayed"}, 429, {"Retry-After": "0"})
        if self.fail_at is not None and len(self.asked) >= self.fail_at:
            return self._json({"message": "TF400898: An Internal Error Occurred"}, 501)
        expected = base64.b64encode(f":{PAT}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}":
            return Response(SIGN_IN, status=203, content_type="text/html; charset=utf-8")
        if args.get("api-version") != "7.1":
            return self._json({"message": "No api-version was supplied"}, 400)
        place = re.fullmatch(r"/(services|releases)/acme/Shop/_apis/(.*)", request.path)
        assert place, request.path
        host, path = place.groups()
        assert (host == "releases") == path.startswith("release/"), "releases have a host of their own"
        return self._answer(path, args)

    def _answer(self, path: str, args: dict[str, str]) -> Response:
        if path == "wit/reporting/workitemrevisions":
            return self._revisions(args)
        if path == "work/teamsettings/iterations":
            return self._json({"count": 1, "value": [{"id": "i-1", "name": "Sprint 1"}]})
        if path == "build/builds":
            rows = [b for b in self.builds.values() if b.get("finishTime", "") >= args["minTime"]]
            assert args["queryOrder"] == "finishTimeAscending"
            return self._tokens(sorted(rows, key=lambda row: (row["finishTime"], row["id"])), args)
        if found := re.fullmatch(r"build/builds/(\d+)/timeline", path):
            if int(found[1]) % 2:
                return self._json({"message": "The timeline was purged"}, 404)
            if self.builds[int(found[1])].get("status") == "postponed":
                return Response(status=204)
            return self._json({"id": "t", "records": [{"id": "r", "type": "Job"}]})
        if path == "git/pullrequests":
            return self._pulls(args)
        if found := re.fullmatch(r"git/repositories/r-1/pullRequests/(\d+)/(commits|threads)", path):
            return self._json({"count": 1, "value": [{"of": int(found[1]), "what": found[2]}]})
        if path == "release/deployments":
            rows = [d for d in self.deployments if d["lastModifiedOn"] >= args["minModifiedTime"]]
            return self._tokens(rows, args)
        if path == "distributedtask/environments":
            environments = [{"id": n, "name": name} for n, name in enumerate(self.records)]
            return self._tokens(environments, args)
        if found := re.fullmatch(r"distributedtask/environments/(\d+)/environmentdeploymentrecords", path):
            name = list(self.records)[int(found[1])]
            return self._tokens(self.records[name], {**args, "$top": args["top"]})
        if path == "test/runs":
            return self._runs(args)
        found = re.fullmatch(r"test/runs/(\d+)/results", path)
        assert found, path
        return self._skipped(self.results[int(found[1])], args)

    def _revisions(self, args: dict[str, str]) -> Response:
        token = args.get("continuationToken", "0")
        assert ("startDateTime" in args) == (token == "0"), "a token stands for its own beginning"
        if token in self.forgotten_tokens:
            return self._json({"message": "The continuation token is not valid"}, 400)
        start = int(token)
        part = self.revisions[start : start + self.page_size]
        following = start + len(part)
        link = f"{self.url}/acme/_apis/wit/reporting/workItemRevisions?continuationToken={following}"
        is_last = following >= len(self.revisions)
        return self._json({"values": part, "nextLink": link, "isLastBatch": is_last})

    def _pulls(self, args: dict[str, str]) -> Response:
        rows = list(self.pulls.values())
        if args["searchCriteria.status"] == "active":
            rows = [row for row in rows if row["status"] == "active"]
        else:
            since = args["searchCriteria.minTime"]
            assert args["searchCriteria.queryTimeRangeType"] == "closed"
            rows = [row for row in rows if row.get("closedDate", "") >= since]
        return self._skipped(sorted(rows, key=lambda row: -int(row["pullRequestId"])), args)

    def _runs(self, args: dict[str, str]) -> Response:
        first, last = args["minLastUpdatedDate"], args["maxLastUpdatedDate"]
        if (datetime.fromisoformat(last) - datetime.fromisoformat(first)).days > 7:
            return self._json({"message": "The range must not exceed 7 days"}, 400)
        return self._tokens([r for r in self.runs.values() if first <= r["lastUpdatedDate"] <= last], args)

    def _skipped(self, rows: list[dict[str, Any]], args: dict[str, str]) -> Response:
        start, size = int(args["$skip"]), min(int(args["$top"]), self.page_size)
        part = rows[start : start + size]
        return self._json({"count": len(part), "value": part})

    def _tokens(self, rows: list[dict[str, Any]], args: dict[str, str]) -> Response:
        start, size = int(args.get("continuationToken", 0)), min(int(args["$top"]), self.page_size)
        part, more = rows[start : start + size], start + size < len(rows)
        token = {"x-ms-continuationtoken": str(start + size)} if more else {}
        return self._json({"count": len(part), "value": part}, 200, token)

    def _json(self, body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json", headers=headers)
