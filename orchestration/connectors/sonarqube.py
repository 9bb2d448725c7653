"""SonarQube (Server and Cloud), as asked over its web API.

Endpoints, per project: ``/api/issues/search`` and ``/api/hotspots/search`` (pages of at most 500 by ``p`` and
``ps``), ``/api/measures/search_history`` (at most 1,000 analyses a page).

Limits: only the first 10,000 results of a search can be read. The first pull of issues therefore bisects by
``createdAfter`` (inclusive) and ``createdBefore`` (exclusive) until each window fits; a second that holds
more is an error, since the rest could not be read. Hotspots know no dates: they are searched by status and
resolution, and one of these that holds more is an error too.

Gotchas: the date filters see creation only, so later pulls read the issues changed last first, down to the
watermark; where more than 10,000 changed since, all windows are read again. The first pull reads every issue
and not only those since ``since``: an old one that is still open is still due. Closed issues are purged after
30 days, so what is landed of them stays as it was told last. Hotspots are read whole each time. SonarCloud
asks for ``organization`` in searches. Measures are those of the main branch.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints

from .cursors import Cursors
from .http import Answer, Client
from .landing import LandingFolder
from .paging import follow_page_numbers
from .pulled import Address, PulledSystem
from .refusals import PermanentError
from .windows import bisect_window

RESULT_CAP = 10_000
PAGE_SIZE = 500
HISTORY_PAGE_SIZE = 1000
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # before any version control that SonarQube dates issues by
METRICS = (
    "coverage,duplicated_lines_density,ncloc,sqale_index,bugs,vulnerabilities,code_smells,security_hotspots,"
    "reliability_rating,security_rating,sqale_rating,security_review_rating"
)
HOTSPOT_STATES = (
    {"status": "TO_REVIEW"},
    *({"status": "REVIEWED", "resolution": resolution} for resolution in ("FIXED", "SAFE", "ACKNOWLEDGED")),
)

ProjectKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]+$")]
SonarqubeTable = Literal["issues", "hotspots", "measures"]


class SonarqubeSource(PulledSystem):
    """SonarQube, by project. ``organization``: SonarCloud's."""

    base_url: Address
    token_env: str
    projects: list[ProjectKey] = Field(min_length=1)
    organization: str | None = None
    tables: list[SonarqubeTable] = Field(default=list(get_args(SonarqubeTable)))
    overlap_days: int = Field(default=2, ge=0, le=90)


def headers(source: SonarqubeSource) -> dict[str, str]:
    """Request headers for a token: the user name of basic authentication, which every version understands."""
    return source.basic()


def pull(
    client: Client, source: SonarqubeSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land what is new of ``source``'s projects up to ``now``. Raises PermanentError, TransientError."""
    for project in source.projects:
        puller = _Project(client, source, landing, cursors, now, project)
        for table in source.tables:
            getattr(puller, f"pull_{table}")()


class _Project:
    def __init__(
        self, client: Client, source: SonarqubeSource, landing: LandingFolder,
        cursors: Cursors, now: datetime, project: str,
    ) -> None:  # fmt: skip
        self.client, self.source, self.landing, self.cursors, self.now = client, source, landing, cursors, now
        self.project = project
        self.scope = {"organization": source.organization} if source.organization else {}

    def pull_issues(self) -> None:
        stream = f"issues:{self.project}"
        if self.cursors.watermark(stream) is None or not self._pull_changed_issues(stream):
            self._pull_all_issues(stream)

    def _pull_changed_issues(self, stream: str) -> bool:
        """Whether the issues changed since the watermark could all be read."""
        since = self.cursors.reach_back(stream, BEGINNING, self.source.overlap_days)
        newest_first = {"componentKeys": self.project, "s": "UPDATE_DATE", "asc": "false"}
        for read, page in enumerate(self._search("issues", newest_first), start=1):
            self._land("issues", page)
            issues = page.json["issues"]
            if not issues or datetime.fromisoformat(issues[-1]["updateDate"]) < since:
                break
            if read * PAGE_SIZE >= RESULT_CAP and page.json["paging"]["total"] > RESULT_CAP:
                return False
        self.cursors.move(stream, self.now)
        return True

    def _pull_all_issues(self, stream: str) -> None:
        noted = self.cursors.state(stream, "progress")
        began = noted.get("began", self.now.isoformat())
        start = datetime.fromisoformat(noted.get("from", BEGINNING.isoformat()))
        for first, last in bisect_window(
            self._count_issues, start, self.now, cap=RESULT_CAP, refuse=self._refuse_second
        ):
            for page in self._search("issues", self._window(first, last)):
                self._land("issues", page)
            following = (last + timedelta(seconds=1)).isoformat()
            self.cursors.remember(stream, "progress", {"from": following, "began": began})
        self.cursors.move(stream, datetime.fromisoformat(began))

    def pull_hotspots(self) -> None:
        for state in HOTSPOT_STATES:
            for page in self._search("hotspots", {"projectKey": self.project, **state}):
                if page.json["paging"]["total"] > RESULT_CAP:
                    raise PermanentError(
                        "sonarqube",
                        page.url,
                        f"{page.json['paging']['total']} hotspots: only {RESULT_CAP} can be read",
                    )
                self._land("hotspots", page)
        self.cursors.move(f"hotspots:{self.project}", self.now)

    def pull_measures(self) -> None:
        stream = f"measures:{self.project}"
        since = self.cursors.reach_back(stream, self.source.started_at, self.source.overlap_days)
        params = {"component": self.project, "metrics": METRICS, "from": f"{since:%Y-%m-%d}"}
        for page in follow_page_numbers(
            self.client, "api/measures/search_history", params, total=_total, page_size=HISTORY_PAGE_SIZE
        ):
            if any(measure["history"] for measure in page.json["measures"]):
                self.landing.land("measures", (self.project,), page.body)
        self.cursors.move(stream, self.now)

    def _search(self, table: str, params: dict[str, Any]) -> Iterator[Answer]:
        return follow_page_numbers(
            self.client, f"api/{table}/search", {**params, **self.scope}, total=_total, page_size=PAGE_SIZE
        )

    def _land(self, table: str, page: Answer) -> None:
        if page.json[table]:
            self.landing.land(table, (self.project,), page.body)

    def _window(self, first: datetime, last: datetime) -> dict[str, str]:
        return {
            "componentKeys": self.project, "s": "CREATION_DATE", "asc": "true",
            "createdAfter": _text(first), "createdBefore": _text(last + timedelta(seconds=1)),
        }  # fmt: skip

    def _count_issues(self, first: datetime, last: datetime) -> int:
        return _total(
            self.client.get("api/issues/search", {**self._window(first, last), **self.scope, "ps": 1})
        )

    def _refuse_second(self, second: datetime, found: int) -> PermanentError:
        return PermanentError(
            "sonarqube",
            "api/issues/search",
            f"{found} issues of {self.project} were created within the second {_text(second)}: "
            f"SonarQube shows only {RESULT_CAP}",
        )


def _total(answer: Answer) -> int:
    return int(answer.json["paging"]["total"])


def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+0000"
