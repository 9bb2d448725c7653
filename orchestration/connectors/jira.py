"""Jira, as asked over REST v3 (Cloud) or v2 (Data Center), and the agile API 1.0 for sprints.

Endpoints: ``/search/jql`` (Cloud; pages by ``nextPageToken`` until ``isLast``, no total) or ``/search`` (Data
Center; ``startAt`` and ``total``), with ``expand=changelog`` and the work logged, and what is cut there (see
``jira_details``); ``/field``, ``/status``, ``/issuetype``, ``/myself``; ``/rest/agile/1.0/board`` and
``/board/{id}/sprint``.

Limits: 429 with Retry-After, from quotas by burst; one search at a time. A page token lives for seven days,
``maxResults`` is lowered by the server as it likes.

Gotchas: JQL reads instants in the zone of the token's user and knows no seconds, and the index lags behind
the issue, so each pull reaches back. Sorted by ``created``: sorted by ``updated`` rows would jump between
pages while they are read. Without ``fields`` the answer has none; custom fields have other ids on each site
and are asked for by what they are. Boards of kind kanban have no sprints,
and asking is an error. Issues that were deleted or moved out of sight stay as last told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, field_validator, model_validator

from .cursors import Cursors
from .http import Answer, Client
from .jira_details import OFFSET_NAMES, PAGE_SIZE, histories, listed, slas, take_worklogs
from .landing import LandingFolder
from .paging import follow_answer_tokens, follow_offsets
from .pulled import PulledSystem
from .refusals import PermanentError
from .walks import walk_pages

STANDARD_FIELDS = (
    "project,issuetype,summary,status,statuscategorychangedate,resolution,resolutiondate,priority,labels,"
    "components,issuelinks,parent,duedate,timeoriginalestimate,timespent,worklog,reporter,created,updated"
)
CUSTOM_FIELDS = (
    "Story Points", "Story point estimate", "Found in", "Found in environment", "Detected in",
    "Defect origin", "Actual start", "Actual end",
)  # fmt: skip
# Custom fields that are asked for whatever a site calls them, by the end of their kind in the schema.
CUSTOM_KINDS = ("gh-sprint", "gh-epic-link", "jsw-story-points")

ProjectKey = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]+$")]


class JiraSource(PulledSystem):
    """Jira, by project. Issues come with their history, work logged and SLAs, sprints with their boards.

    ``user``: the e-mail address that a Cloud site's API token belongs to; without it the token is a Data
    Center's personal access token. ``time_zone``: that user's, else it is asked for.
    """

    token_env: str
    deployment: Literal["cloud", "data_center"] = "cloud"
    user: str | None = None
    projects: list[ProjectKey] = Field(min_length=1)
    custom_fields: list[str] = Field(default=list(CUSTOM_FIELDS))
    time_zone: str | None = None
    tables: list[Literal["issues", "sprints"]] = Field(default=["issues", "sprints"])
    overlap_days: int = Field(default=1, ge=1, le=90)

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError):
                raise ValueError(f"{value!r} is no IANA time zone") from None
        return value

    @model_validator(mode="after")
    def _check_user(self) -> JiraSource:
        if self.deployment == "cloud" and not self.user:
            raise ValueError("a Cloud site wants user, the e-mail address that the token belongs to")
        return self


def headers(source: JiraSource) -> dict[str, str]:
    """Request headers: basic with an API token, or a personal access token."""
    return {**(source.basic_as(source.user) if source.user else source.bearer), "Accept": "application/json"}


def pull(client: Client, source: JiraSource, landing: LandingFolder, cursors: Cursors, now: datetime) -> None:
    """Land what is new of ``source``'s projects up to ``now``. Raises PermanentError, TransientError."""
    site = _Site(client, source, landing, cursors, now)
    if "issues" in source.tables:
        site.pull_issues()
    if "sprints" in source.tables:
        site.pull_sprints()


class _Site:
    def __init__(
        self, client: Client, source: JiraSource, landing: LandingFolder, cursors: Cursors, now: datetime
    ) -> None:
        self.client, self.source, self.landing, self.cursors, self.now = client, source, landing, cursors, now
        self.is_cloud = source.deployment == "cloud"
        self.rest = "rest/api/3" if self.is_cloud else "rest/api/2"

    def pull_issues(self) -> None:
        fields = self._land_list("field", "fields")
        self._land_list("status", "statuses")
        self._land_list("issuetype", "issue_types")
        params = {
            "jql": self._jql(),
            "fields": ",".join([STANDARD_FIELDS, *self._custom_ids(fields)]),
            "expand": "changelog",
        }
        pages = walk_pages(
            self.cursors,
            "issues",
            self.now,
            begin=lambda: self._search(params, None),
            resume=lambda place: self._search(params, place),
            following=self._next_token if self.is_cloud else self._next_start,
        )
        for page in pages:
            if issues := page.json["issues"]:
                self._land_details(issues)
                self.landing.land("issues", (), json.dumps(page.json, ensure_ascii=False).encode())

    def _land_details(self, issues: list[dict[str, Any]]) -> None:
        """Land what hangs on the issues; takes the work logged out of them."""
        client, rest, is_cloud = self.client, self.rest, self.is_cloud
        self._land_values(
            "issue_changelogs", (e for issue in issues for e in histories(client, rest, issue, is_cloud))
        )
        self._land_values("worklogs", (e for issue in issues for e in take_worklogs(client, rest, issue)))
        for issue in issues:
            for page in slas(client, issue):
                self.landing.land("request_slas", (issue["id"],), page.body)

    def pull_sprints(self) -> None:
        boards: dict[int, str] = {}
        for project in self.source.projects:
            for page in listed(self.client, "rest/agile/1.0/board", {"projectKeyOrId": project}):
                if page.json["values"]:
                    self.landing.land("boards", (project,), page.body)
                boards |= {board["id"]: board["type"] for board in page.json["values"]}
        for board, kind in sorted(boards.items()):
            if kind != "kanban":
                self._land_sprints(board, kind)
        self.cursors.move("sprints", self.now)

    def _land_sprints(self, board: int, kind: str) -> None:
        try:
            for page in listed(self.client, f"rest/agile/1.0/board/{board}/sprint", {}):
                if page.json["values"]:
                    self.landing.land("sprints", (), page.body)
        except PermanentError as error:
            # A team that manages its own project may have sprints or not, which its board does not say.
            if kind != "simple" or error.status != 400:
                raise

    def _search(self, params: dict[str, Any], place: str | None) -> Iterator[Answer]:
        if self.is_cloud:
            return follow_answer_tokens(
                self.client,
                f"{self.rest}/search/jql",
                {**params, "maxResults": PAGE_SIZE},
                token_of=self._next_token,
                name="nextPageToken",
                token=place,
            )
        return follow_offsets(
            self.client,
            f"{self.rest}/search",
            params,
            records="issues",
            page_size=PAGE_SIZE,
            names=OFFSET_NAMES,
            has_more=lambda answer, _: self._next_start(answer) is not None,
            start=int(place or 0),
        )

    def _next_token(self, page: Answer) -> str | None:
        return None if page.json.get("isLast") else page.json.get("nextPageToken")

    def _next_start(self, page: Answer) -> str | None:
        end = page.json["startAt"] + len(page.json["issues"])
        # The page after begins with the last issue of this one, so that a shift between two shows.
        return str(end - 1) if page.json["issues"] and end < page.json["total"] else None

    def _land_values(self, table: str, values: Iterable[dict[str, Any]]) -> None:
        if found := list(values):
            self.landing.land(table, (), json.dumps({"values": found}, ensure_ascii=False).encode())

    def _land_list(self, path: str, table: str) -> Any:
        answer = self.client.get(f"{self.rest}/{path}")
        if not isinstance(answer.json, list):
            raise PermanentError("jira", answer.url, f"the answer is no list of {table}")
        if answer.json:
            self.landing.land(table, (), answer.body)
        return answer.json

    def _custom_ids(self, fields: list[dict[str, Any]]) -> list[str]:
        wanted = {name.casefold() for name in self.source.custom_fields}
        return sorted(
            field["id"]
            for field in fields
            if str(field["id"]).startswith("customfield_")
            and (
                str(field.get("name", "")).casefold() in wanted
                or str(field.get("untranslatedName", "")).casefold() in wanted
                or str((field.get("schema") or {}).get("custom", "")).endswith(CUSTOM_KINDS)
            )
        )

    def _jql(self) -> str:
        zone = self.source.time_zone or self.client.get(f"{self.rest}/myself").json.get("timeZone") or "UTC"
        since = self.cursors.reach_back("issues", self.source.started_at, self.source.overlap_days)
        projects = ", ".join(f'"{key}"' for key in self.source.projects)
        return (
            f'project in ({projects}) and updated >= "{since.astimezone(ZoneInfo(zone)):%Y/%m/%d %H:%M}"'
            " order by created asc"
        )
