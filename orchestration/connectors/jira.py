"""Jira, as asked over REST v3 (Cloud) or v2 (Data Center), and the agile API 1.0 for sprints.

Endpoints: a search (see ``jira_search``) with ``expand=changelog`` and the work logged, and what is cut there
(see ``jira_details``); ``/field``, ``/status``, ``/issuetype``, ``/myself``; boards and their sprints (see
``jira_sprints``).

Limits: 429 with Retry-After, from quotas by burst; one search at a time.

Gotchas: JQL reads instants in the zone of the token's user and knows no seconds, and the index lags behind
the issue, so each pull reaches back. Sorted by ``created``: sorted by ``updated`` rows would jump between
pages while they are read. Without ``fields`` the answer has none; custom fields have other ids on each site
and are asked for by what they are. Issues that were deleted or moved out of sight stay as last told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, field_validator, model_validator

from .cursors import Cursors
from .http import Client
from .jira_details import histories, slas, take_worklogs
from .jira_search import walk_search
from .jira_sprints import pull_sprints
from .landing import LandingFolder
from .pulled import PulledSystem
from .puller import Puller
from .refusals import PermanentError

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
    site.take({site.pull_issues: ("issues",), partial(pull_sprints, site, source.projects): ("sprints",)})


class _Site(Puller[JiraSource]):
    @property
    def is_cloud(self) -> bool:
        return self.source.deployment == "cloud"

    @property
    def rest(self) -> str:
        return "rest/api/3" if self.is_cloud else "rest/api/2"

    def pull_issues(self) -> None:
        fields = self._land_list("field", "fields")
        self._land_list("status", "statuses")
        self._land_list("issuetype", "issue_types")
        params = {
            "jql": self._jql(),
            "fields": ",".join([STANDARD_FIELDS, *self._custom_ids(fields)]),
            "expand": "changelog",
        }
        for page in walk_search(self, self.rest, params, self.is_cloud):
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
        since = self.since("issues")
        projects = ", ".join(f'"{key}"' for key in self.source.projects)
        return (
            f'project in ({projects}) and updated >= "{since.astimezone(ZoneInfo(zone)):%Y/%m/%d %H:%M}"'
            " order by created asc"
        )
