"""Greenhouse, as asked over Harvest v3; v1, which ended on 31 August 2026, is in ``greenhouse_v1``.

Endpoints: ``/jobs``, ``/openings``, ``/job_interview_stages``, ``/applications``, ``/application_stages``
(the history of stages), ``/offers``, ``/candidates`` (what changed: ``updated_at=gte|…``), ``/departments``,
``/close_reasons``, ``/rejection_reasons`` (whole). ``POST /token`` of ``auth_url`` gives a bearer token for
the client's id and secret.

Limits: ``X-RateLimit-Limit`` requests in thirty seconds, then 429 with Retry-After; pages hold at most 500.

Gotchas: a request with a cursor may have no other parameter, so the Link header's address is followed as it
is. Lists are ordered by id, newest first: what is made or changed while they are read hides nothing and is
met by the next pull. Jobs, openings and stages are read from their beginning: an old one may still be open.
Built-in reasons of rejection are told only where asked for. An application's ``stage_id`` is a row of its
history and no stage. Rows of the history without an instant were filled in later and are left out. Who
candidates are and what offers pay is not asked for. Of a hire, only the accepted offer tells when it was.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Literal

from pydantic import Field, model_validator

from . import greenhouse_v1
from .cursors import Cursors
from .http import Answer, Client
from .instants import utc_text
from .landing import LandingFolder
from .pulled import Address, PulledSystem
from .puller import Puller
from .refusals import PermanentError
from .walks import walk_links

PAGE_SIZE = 500
# Tokens live for an hour at least; asking for a new one costs one request.
TOKEN_SECONDS = 600.0
PATHS = {
    "jobs": "jobs", "job_openings": "openings", "job_stages": "job_interview_stages",
    "departments": "departments", "close_reasons": "close_reasons", "rejection_reasons": "rejection_reasons",
    "offers": "offers", "candidates": "candidates", "applications": "applications",
    "application_history": "application_stages",
}  # fmt: skip
WHOLE = frozenset({"departments", "close_reasons", "rejection_reasons"})
FROM_THE_BEGINNING = WHOLE | {"jobs", "job_openings", "job_stages"}
ASKED: dict[str, dict[str, str]] = {
    "rejection_reasons": {"include_defaults": "true"},
    "application_history": {"fields": "application_id,job_interview_stage_id,entered_at"},
    "candidates": {"fields": "id,created_at,updated_at,last_activity_at,private"},
    "offers": {
        "fields": "id,version,application_id,job_id,opening_id,status,sent_on,starts_on,resolved_at,"
        "created_at,updated_at"
    },
}

GreenhouseTable = Literal[
    "jobs", "job_openings", "job_stages", "departments", "close_reasons", "rejection_reasons", "offers",
    "candidates", "applications", "application_history", "activity_feed",
]  # fmt: skip


class GreenhouseSource(PulledSystem):
    """Greenhouse Recruiting. The secret is ``<client id>:<client secret>``, with ``version: v1`` an API key.

    ``user``: id of the user as whom the token acts; without it, the credential's own service user.
    """

    base_url: Address = "https://harvest.greenhouse.io"
    auth_url: Address = "https://auth.greenhouse.io"
    version: Literal["v3", "v1"] = "v3"
    token_env: str
    user: str | None = Field(default=None, pattern=r"^[0-9]+$")
    tables: list[GreenhouseTable] | None = None
    overlap_days: int = Field(default=2, ge=0, le=90)

    @model_validator(mode="after")
    def _know_version(self) -> GreenhouseSource:
        known: tuple[str, ...] = tuple(PATHS) if self.version == "v3" else greenhouse_v1.TABLES
        if unknown := [table for table in self.tables or () if table not in known]:
            raise ValueError(f"Harvest {self.version} has no {', '.join(unknown)}; it has {', '.join(known)}")
        return self

    @property
    def further_urls(self) -> tuple[str, ...]:
        """The host that gives tokens."""
        return (self.auth_url,) if self.version == "v3" else ()


def headers(source: GreenhouseSource) -> dict[str, str]:
    """Request headers: of v1 a key, which is the user name; of v3 none before a token is given."""
    return source.basic() if source.version == "v1" else {"Accept": "application/json"}


def pull(
    client: Client, source: GreenhouseSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land everything new up to ``now``. Raises PermanentError, TransientError."""
    if source.version == "v1":
        greenhouse_v1.Account(client, source, landing, cursors, now).pull()
        return
    place = (f"{now:%Y%m%dT%H%M%SZ}",)
    account = _Account(client, source, landing, cursors, now, place=place, token=_Token(client, source))
    account.token.renew()
    account.take({partial(account.pull_list, table): (table,) for table in PATHS})


@dataclass
class _Token:
    """The bearer token that ``client`` carries, one for all tables of a pull.

    ``given_at``: when it was asked for last, by the monotonic clock.
    """

    client: Client
    source: GreenhouseSource
    given_at: float = -math.inf

    def renew(self) -> None:
        """Get another token if this one is old, and carry it from now on."""
        if time.monotonic() - self.given_at <= TOKEN_SECONDS:
            return
        source = self.source
        identity, _, secret = source.secret.partition(":")
        if not identity or not secret:
            what = f"{source.token_env} must hold <client id>:<client secret> of Harvest v3 (OAuth)"
            raise PermanentError("greenhouse", source.auth_url, what)
        fields = {"grant_type": "client_credentials", **({"sub": source.user} if source.user else {})}
        self.client.sign_in(f"{source.auth_url}/token", source.basic_of(identity, secret), fields)
        self.given_at = time.monotonic()


@dataclass(frozen=True)
class _Account(Puller[GreenhouseSource]):
    token: _Token = field(kw_only=True)

    def pull_list(self, table: str) -> None:
        for page in self._pages(table):
            rows = page.json
            if not isinstance(rows, list):
                raise PermanentError("greenhouse", page.url, "the answer is no list")
            if table == "application_history":
                rows = [row for row in rows if row.get("entered_at")]
                if rows:
                    self.landing.land(table, self.place, json.dumps(rows).encode())
            else:
                self.land(table, page)

    def _pages(self, table: str) -> Iterator[Answer]:
        params: dict[str, Any] = {"per_page": PAGE_SIZE, **ASKED.get(table, {})}
        is_first = self.cursors.watermark(table) is None
        if table not in WHOLE and not (is_first and table in FROM_THE_BEGINNING):
            params["updated_at"] = f"gte|{utc_text(self.since(table))}"
        for page in walk_links(self.client, self.cursors, table, self.now, f"v3/{PATHS[table]}", params):
            yield page
            self.token.renew()
