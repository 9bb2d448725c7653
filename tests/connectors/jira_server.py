"""A local Jira, Cloud or Data Center, as far as the connector asks: its wrappers, caps and cut changelogs."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

ZONE = "America/New_York"
BOUND = re.compile(
    r'^project in \("SHOP"\) and updated >= "(\d{4}/\d\d/\d\d \d\d:\d\d)" order by created asc$'
)


class JiraServer:
    """Pages of at most ``cap`` issues, inline changelogs of at most two entries, tokens for offsets."""

    def __init__(self, server: HTTPServer, *, is_cloud: bool = True) -> None:
        self.is_cloud, self.cap = is_cloud, 10
        self.issues: dict[str, dict[str, Any]] = {}
        self.sprints = [
            {"id": n, "name": f"Sprint {n}", "state": "closed", "originBoardId": 8} for n in range(1, 61)
        ]
        self.boards = [
            {"id": 8, "name": "Shop", "type": "scrum"},
            {"id": 9, "name": "Flow", "type": "kanban"},
        ]
        self.requests: dict[str, list[dict[str, Any]]] = {}
        self.asked: list[dict[str, str]] = []
        self.fail_at: int | None = None
        self.busy = 0
        self.forgets_tokens = False
        self.url = server.url_for("").rstrip("/")
        self.rest = "/rest/api/3" if is_cloud else "/rest/api/2"
        server.expect_request(re.compile("/rest/.*")).respond_with_handler(self._handle)

    def add(self, number: int, created: datetime, updated: datetime, changes: int = 1, logs: int = 0) -> None:
        self.issues[f"SHOP-{number}"] = {
            "id": str(10_000 + number), "key": f"SHOP-{number}", "created": created, "updated": updated,
            "histories": [
                {"id": str(number * 100 + n), "created": f"{created:%Y-%m-%dT%H:%M:%S.000%z}", "items": []}
                for n in range(changes)
            ],
            "worklogs": [{"id": str(number * 1000 + n), "timeSpentSeconds": 60} for n in range(logs)],
        }  # fmt: skip

    def searches(self) -> list[dict[str, str]]:
        return [args for args in self.asked if "/search" in args["path"]]

    def _handle(self, request: Request) -> Response:
        args = dict(request.args)
        self.asked.append({"path": request.path, **args})
        if self.busy:
            self.busy -= 1
            return Response("busy", status=429, headers={"Retry-After": "0"})
        wanted = "Basic bWVAYWNtZS5leGFtcGxlOnMzY3JldA==" if self.is_cloud else "Bearer s3cret"
        if request.headers.get("Authorization") != wanted or (
            self.fail_at is not None and len(self.asked) >= self.fail_at
        ):
            return self._json({"errorMessages": ["Client must be authenticated"]}, 401)
        path = request.path.removeprefix(self.rest)
        if path in ("/field", "/status", "/issuetype", "/myself"):
            return self._json(self._lists()[path])
        if path == ("/search/jql" if self.is_cloud else "/search"):
            return self._search(args)
        if found := re.fullmatch(r"/issue/(\d+)(/changelog)?", path):
            return self._changelog(found[1], found[2] is not None, args)
        if request.path == "/rest/agile/1.0/board":
            return self._values(self.boards, args)
        if found := re.fullmatch(r"/rest/agile/1.0/board/(\d+)/sprint", request.path):
            if found[1] != "8":
                return self._json({"errorMessages": ["The board does not support sprints"]}, 400)
            return self._values(self.sprints, args)
        if found := re.fullmatch(r"/issue/(\d+)/worklog", path):
            return self._worklog(found[1], args)
        if found := re.fullmatch(r"/rest/servicedeskapi/request/(\d+)/sla", request.path):
            return self._slas(found[1], args)
        return self._json({"errorMessages": ["The requested API has been removed."]}, 410)

    def _lists(self) -> dict[str, Any]:
        schema = {"custom": "com.pyxis.greenhopper.jira:gh-sprint"}
        return {
            "/field": [
                {"id": "summary", "name": "Summary"},
                {"id": "customfield_10020", "name": "Итерация", "schema": schema},
                {"id": "customfield_10031", "name": "story points"},
                {"id": "customfield_10055", "name": "Notes"},
            ],
            "/status": [{"id": "1", "name": "To Do", "statusCategory": {"key": "new"}}],
            "/issuetype": [{"id": "10001", "name": "Story"}],
            "/myself": {"timeZone": ZONE},
        }

    def _search(self, args: dict[str, str]) -> Response:
        bound = BOUND.match(args["jql"])
        if not bound:
            return self._json({"errorMessages": ["Unbounded or wrong JQL"]}, 400)
        since = datetime.strptime(bound[1], "%Y/%m/%d %H:%M").replace(tzinfo=ZoneInfo(ZONE))
        rows = sorted(
            (i for i in self.issues.values() if i["updated"] >= since), key=lambda i: (i["created"], i["id"])
        )
        offset = int(args.get("startAt", 0))
        if token := args.get("nextPageToken"):
            if self.forgets_tokens:
                self.forgets_tokens = False
                return self._json({"errorMessages": ["The token has expired"]}, 400)
            offset = int(token.removeprefix("t"))
        page = rows[offset : offset + min(self.cap, int(args["maxResults"]))]
        issues = [self._issue(row, args) for row in page]
        end = offset + len(page)
        if not self.is_cloud:
            return self._json(
                {"startAt": offset, "maxResults": self.cap, "total": len(rows), "issues": issues}
            )
        is_last = end >= len(rows)
        return self._json(
            {"issues": issues, "isLast": is_last, **({} if is_last else {"nextPageToken": f"t{end}"})}
        )

    def _issue(self, row: dict[str, Any], args: dict[str, str]) -> dict[str, Any]:
        histories = row["histories"][:2]
        told = {"startAt": 0, "maxResults": 2, "total": len(row["histories"]), "histories": histories}
        fields = {"created": f"{row['created']:%Y-%m-%dT%H:%M:%S.000%z}"} if args.get("fields") else {}
        if "worklog" in args.get("fields", "").split(","):
            logs = row["worklogs"]
            fields["worklog"] = {"startAt": 0, "maxResults": 20, "total": len(logs), "worklogs": logs[:20]}
        if row["key"] in self.requests:
            fields["project"] = {"key": "SHOP", "projectTypeKey": "service_desk"}
        issue = {"id": row["id"], "key": row["key"], "fields": fields}
        return {**issue, "changelog": told} if args.get("expand") == "changelog" else issue

    def _changelog(self, identity: str, is_paged: bool, args: dict[str, str]) -> Response:
        row = next(row for row in self.issues.values() if row["id"] == identity)
        if is_paged:
            return self._values(row["histories"], args)
        told = {"total": len(row["histories"]), "histories": row["histories"]}
        return self._json({"id": identity, "key": row["key"], "changelog": told})

    def _worklog(self, identity: str, args: dict[str, str]) -> Response:
        rows = next(row for row in self.issues.values() if row["id"] == identity)["worklogs"]
        start = int(args["startAt"])
        page = rows[start : start + min(30, int(args["maxResults"]))]
        body = {"startAt": start, "maxResults": 30, "total": len(rows), "worklogs": page}
        return self._json(body)

    def _slas(self, identity: str, args: dict[str, str]) -> Response:
        row = next(row for row in self.issues.values() if row["id"] == identity)
        if not self.requests[row["key"]]:
            return self._json({"errorMessage": "The request does not exist"}, 404)
        start, rows = int(args["start"]), self.requests[row["key"]]
        page = rows[start : start + 2]
        is_last = start + len(page) >= len(rows)
        return self._json(
            {"size": len(page), "start": start, "limit": 2, "isLastPage": is_last, "values": page}
        )

    def _values(self, rows: list[dict[str, Any]], args: dict[str, str]) -> Response:
        start = int(args.get("startAt", 0))
        page = rows[start : start + min(50, int(args["maxResults"]))]
        body = {"startAt": start, "isLast": start + len(page) >= len(rows), "values": page}
        return self._json(body)

    def _json(self, body: object, status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")
