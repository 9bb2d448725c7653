"""Datadog: service level objectives, their history by days that are over, and the events of monitors.

Endpoints: ``/api/v1/slo`` (offset and limit), ``/api/v1/slo/{id}/history`` (``from_ts``/``to_ts`` in epoch
seconds), ``/api/v2/events`` (JSON:API cursor in ``links.next``, events of monitors only).

Limits: 429 with ``X-RateLimit-Reset``, the seconds until the quota is whole again; each endpoint counts for
itself. Events are kept for 15 months.

Gotchas: Datadog wants two keys, so the secret is ``<api key>:<application key>``. The longer the span of a
history, the coarser its buckets (two hours for a day): it is asked for day by day, from midnight to midnight
UTC, so that no bucket lies across a bound. An answer does not say whose history it is: the landing path does.
History is corrected for a while (late metrics, planned downtimes): days are asked for again. Sites have their
own hosts (``https://api.datadoghq.eu``, ``https://api.us5.datadoghq.com`` …).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from pydantic import Field

from .cursors import Cursors
from .http import Answer, Client
from .instants import midnight
from .landing import LandingFolder
from .paging import MOST_PAGES
from .pulled import Address, PulledSystem
from .refusals import PermanentError
from .walks import walk_body_links
from .windows import split_window

PAGE_SIZE = 1000
DAY = timedelta(days=1)

DatadogTable = Literal["slos", "slo_history", "monitor_events"]


class DatadogSource(PulledSystem):
    """Datadog by an API key and an application key, written with a colon between them."""

    base_url: Address = "https://api.datadoghq.com"
    token_env: str
    tables: list[DatadogTable] = Field(default=["slos", "slo_history", "monitor_events"])
    overlap_days: int = Field(default=3, ge=0, le=90)


def headers(source: DatadogSource) -> dict[str, str]:
    """Request headers: both keys. Raises PermanentError where the secret holds only one."""
    key, _, application_key = source.secret.partition(":")
    if not key or not application_key:
        what = f"{source.token_env} must hold <api key>:<application key>"
        raise PermanentError("datadog", source.base_url, what)
    return {"DD-API-KEY": key, "DD-APPLICATION-KEY": application_key, "Accept": "application/json"}


def pull(
    client: Client, source: DatadogSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land everything new of the organisation up to ``now``. Raises PermanentError, TransientError."""
    if {"slos", "slo_history"} & set(source.tables):
        slos: list[dict[str, Any]] = []
        for page in _pages_of_slos(client):
            slos += page.json["data"]
            if page.json["data"] and "slos" in source.tables:
                landing.land("slos", (), page.body)
        cursors.move("slos", now)
        if "slo_history" in source.tables:
            for slo in slos:
                _pull_history(client, source, landing, cursors, now, slo)
    if "monitor_events" in source.tables:
        _pull_events(client, source, landing, cursors, now)


def _pages_of_slos(client: Client) -> Iterator[Answer]:
    for number in range(MOST_PAGES):
        page = client.get("api/v1/slo", {"limit": PAGE_SIZE, "offset": number * PAGE_SIZE})
        rows = page.json.get("data")
        if not isinstance(rows, list):
            raise PermanentError("datadog", page.url, "the answer has no list 'data'")
        yield page
        if len(rows) < PAGE_SIZE:
            return


def _pull_history(
    client: Client,
    source: DatadogSource,
    landing: LandingFolder,
    cursors: Cursors,
    now: datetime,
    slo: dict[str, Any],
) -> None:
    stream = f"slo_history:{slo['id']}"
    made_at = datetime.fromtimestamp(slo.get("created_at") or 0, UTC)
    since = midnight(max(cursors.reach_back(stream, source.started_at, source.overlap_days), made_at))
    for first, last in split_window(since, midnight(now), DAY):
        span = {"from_ts": int(first.timestamp()), "to_ts": int(last.timestamp())}
        answer = client.get(f"api/v1/slo/{slo['id']}/history", span)
        if not isinstance(answer.json.get("data"), dict):
            raise PermanentError("datadog", answer.url, "the answer has no object 'data'")
        landing.land("slo_history", (slo["id"],), answer.body)
        cursors.move(stream, last)


def _pull_events(
    client: Client, source: DatadogSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    since = cursors.reach_back("monitor_events", source.started_at, source.overlap_days)
    params = {
        "filter[query]": "source:alert",
        "filter[from]": since.isoformat(),
        "filter[to]": now.isoformat(),
        "sort": "timestamp",
        "page[limit]": PAGE_SIZE,
    }
    for page in walk_body_links(client, cursors, "monitor_events", now, "api/v2/events", params):
        if page.json.get("data"):
            landing.land("monitor_events", (), page.body)
