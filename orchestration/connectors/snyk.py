"""Snyk, as asked over its REST API (JSON:API, version 2024-10-15).

Endpoints, per organisation: ``/orgs/{org}/projects?expand=target`` (whole, each time) and
``/orgs/{org}/issues`` (``updated_after`` selects what changed). Pages hold at most 100 and name the next one
in ``links.next`` of the body, without scheme and host; ``links.last`` counts backwards and is not followed.

Limits: 1,620 requests a minute for a key. Beyond it every request is refused with 429 until the key has
rested for a minute; no header says how much is left.

Gotchas: ``version`` is asked for in every request, and the links carry it. The first pull reads every issue
and not only those since ``since``: an old one that is still open is still due. An ignored issue stays
``open``. Importing a project again gives its issues new ids and dates; a deleted project takes its issues
with it, and what is landed of them stays as it was told last. Regions have their own hosts (``base_url``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from .cursors import Cursors
from .http import Client
from .instants import utc_text
from .landing import LandingFolder
from .pulled import Address, PulledSystem
from .scopes import one_by_one
from .walks import walk_body_links

VERSION = "2024-10-15"
PAGE_SIZE = 100

Organisation = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]
SnykTable = Literal["projects", "issues"]


class SnykSource(PulledSystem):
    """Snyk, by organisation (their ids, as the settings page shows them)."""

    base_url: Address = "https://api.snyk.io/rest"
    token_env: str
    organisations: list[Organisation] = Field(min_length=1)
    tables: list[SnykTable] = Field(default=["projects", "issues"])
    overlap_days: int = Field(default=2, ge=0, le=90)


def headers(source: SnykSource) -> dict[str, str]:
    """Request headers: an API token of a service account."""
    return {"Authorization": f"token {source.secret}", "Accept": "application/vnd.api+json"}


def pull(client: Client, source: SnykSource, landing: LandingFolder, cursors: Cursors, now: datetime) -> None:
    """Land what is new of ``source``'s organisations up to ``now``. Raises PermanentError, TransientError."""
    for (organisation, table), reading in one_by_one(product(source.organisations, source.tables)):
        with reading:
            params: dict[str, Any] = {"version": VERSION, "limit": PAGE_SIZE}
            stream = f"{table}:{organisation}"
            if table == "projects":
                params["expand"] = "target"
            elif (watermark := cursors.watermark(stream)) is not None:
                since = watermark - timedelta(days=source.overlap_days)
                params["updated_after"] = utc_text(since)
            path = f"orgs/{organisation}/{table}"
            for page in walk_body_links(client, cursors, stream, now, path, params):
                if page.json.get("data"):
                    landing.land(table, (), page.body)
