"""Dependabot and code scanning alerts, as asked over GitHub's REST API (version 2022-11-28).

Endpoints, per repository: ``/dependabot/alerts`` and ``/code-scanning/alerts``, both by ``sort=updated`` with
the newest first: neither has a ``since``, so reading stops at the watermark.

Limits: GitHub's 5,000 requests an hour for a token. At most 100 a page; the Link header names the next page
(by cursor for Dependabot, by number for code scanning).

Gotchas: the token needs ``security_events`` (or, fine-grained, read access to Dependabot and code scanning
alerts). A repository in which the feature is off answers 403, one that was never scanned 404: they have no
alerts, which is not an error of the pull. The body holds only the latest state, so a short time between pulls
is the history; every telling is kept. The first pull reads every alert and not only those since ``since``: an
old one that is still open is still due.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Literal

from pydantic import Field

from . import github
from .cursors import Cursors
from .http import Answer, Client
from .landing import LandingFolder
from .paging import reads_back_to
from .pulled import Address, PulledSystem, Repository
from .refusals import PermanentError
from .scopes import one_by_one
from .walks import walk_links

logger = logging.getLogger(__name__)

DependabotTable = Literal["alerts", "code_scanning_alerts"]
ENDPOINTS: dict[DependabotTable, str] = {
    "alerts": "dependabot/alerts",
    "code_scanning_alerts": "code-scanning/alerts",
}
NEWEST_FIRST = {**github.PAGE, "sort": "updated", "direction": "desc"}
# GitHub's words for a repository that has no alerts because nobody looks for any.
SWITCHED_OFF = ("disabled", "not enabled", "must be enabled", "no analysis found")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class DependabotSource(PulledSystem):
    """GitHub's own findings, by repository."""

    base_url: Address = "https://api.github.com"
    token_env: str
    repositories: list[Repository] = Field(min_length=1)
    tables: list[DependabotTable] = Field(default=["alerts", "code_scanning_alerts"])
    overlap_days: int = Field(default=2, ge=0, le=90)


def headers(source: DependabotSource) -> dict[str, str]:
    """Request headers: those of GitHub."""
    return github.headers(source)


def pull(
    client: Client, source: DependabotSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land what is new of ``source``'s repositories up to ``now``. Raises PermanentError, TransientError."""
    for (repository, table), reading in one_by_one(product(source.repositories, source.tables)):
        with reading:
            try:
                for page in _new_pages(client, source, cursors, now, repository, table):
                    if page.json:
                        landing.land(table, tuple(repository.split("/")), page.body)
            except PermanentError as error:
                if not any(words in error.what.lower() for words in SWITCHED_OFF):
                    raise
                logger.warning("dependabot: %s of %s are switched off", table, repository)


def _new_pages(
    client: Client,
    source: DependabotSource,
    cursors: Cursors,
    now: datetime,
    repository: str,
    table: DependabotTable,
) -> Iterator[Answer]:
    stream = f"{table}:{repository}"
    path = f"repos/{repository}/{ENDPOINTS[table]}"
    since = cursors.reach_back(stream, BEGINNING, source.overlap_days)
    is_last = reads_back_to(since, "updated_at")
    return walk_links(client, cursors, stream, now, path, NEWEST_FIRST, is_last)
