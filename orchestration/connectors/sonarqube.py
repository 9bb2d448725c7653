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
from itertools import product
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, StringConstraints

from .cursors import Cursors
from .http import Answer, Client
from .landing import LandingFolder
from .paging import follow_page_numbers, reads_back_to
from .pulled import Address, PulledSystem
from .puller import Puller
from .refusals import PermanentError
from .scopes import one_by_one
from .walks import walk_windows
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
    for (project, table), reading in one_by_one(product(source.projects, source.tables)):
        with reading:
            puller = _Project(client, source, landing, cursors, now, project, (project,))
            getattr(puller, f"pull_{table}")()


class _Project(Puller[SonarqubeSource]):
    def pull_issues(self) -> None:
        if self.cursors.watermark(self.stream("issues")) is None or not self._pull_changed_issues():
            self._pull_all_issues()

    def _pull_changed_issues(self) -> bool:
        """Whether the issues changed since the watermark could all be read."""
        since = self.cursors.reach_back(self.stream("issues"), BEGINNING, self.source.overlap_days)
        is_last = reads_back_to(since, "updateDate", "issues")
        newest_first = {"componentKeys": self.scope, "s": "UPDATE_DATE", "asc": "false"}
        for read, page in enumerate(self._search("issues", newest_first), start=1):
            self.land("issues", page, records="issues")
            if not page.json["issues"] or is_last(page):
                break
            if read * PAGE_SIZE >= RESULT_CAP and _total(page) > RESULT_CAP:
                return False
        self.move("issues")
        return True

    def _pull_all_issues(self) -> None:
        def window(first: datetime, last: datetime) -> dict[str, str]:
            bounds = {"createdAfter": _text(first), "createdBefore": _text(last + timedelta(seconds=1))}
            return {"componentKeys": self.scope, "s": "CREATION_DATE", "asc": "true", **bounds}

        def count(first: datetime, last: datetime) -> int:
            asked = {**window(first, last), **self._organization, "ps": 1}
            return _total(self.client.get("api/issues/search", asked))

        def refuse(second: datetime, found: int) -> PermanentError:
            what = f"{found} issues of {self.scope} were created within the second {_text(second)}"
            return PermanentError(
                "sonarqube", "api/issues/search", f"{what}: SonarQube shows only {RESULT_CAP}"
            )

        pages = walk_windows(
            self.cursors,
            self.stream("issues"),
            BEGINNING,
            self.now,
            windows=lambda start, end: bisect_window(count, start, end, cap=RESULT_CAP, refuse=refuse),
            pages=lambda first, last: self._search("issues", window(first, last)),
        )
        self.land_all("issues", pages, records="issues")

    def pull_hotspots(self) -> None:
        for state in HOTSPOT_STATES:
            for page in self._search("hotspots", {"projectKey": self.scope, **state}):
                if (found := _total(page)) > RESULT_CAP:
                    what = f"{found} hotspots: only {RESULT_CAP} can be read"
                    raise PermanentError("sonarqube", page.url, what)
                self.land("hotspots", page, records="hotspots")
        self.move("hotspots")

    def pull_measures(self) -> None:
        params = {"component": self.scope, "metrics": METRICS, "from": f"{self.since('measures'):%Y-%m-%d}"}
        for page in follow_page_numbers(
            self.client, "api/measures/search_history", params, total=_total, page_size=HISTORY_PAGE_SIZE
        ):
            if any(measure["history"] for measure in page.json["measures"]):
                self.land("measures", page)
        self.move("measures")

    @property
    def _organization(self) -> dict[str, str]:
        return {"organization": self.source.organization} if self.source.organization else {}

    def _search(self, table: str, params: dict[str, Any]) -> Iterator[Answer]:
        asked = {**params, **self._organization}
        return follow_page_numbers(
            self.client, f"api/{table}/search", asked, total=_total, page_size=PAGE_SIZE
        )


def _total(answer: Answer) -> int:
    return int(answer.json["paging"]["total"])


def _text(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+0000"
