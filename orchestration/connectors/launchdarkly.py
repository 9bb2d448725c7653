"""LaunchDarkly, as asked for its audit log over REST v2.

Endpoint: ``/auditlog`` (``after`` and ``before`` in epoch milliseconds, ``spec`` selects resources). Newest
first; at most 20 a page, and ``_links.next.href`` names the next one, without scheme and host.

Limits: by account and by route in windows of ten seconds; 429 with ``X-Ratelimit-Reset`` in epoch
milliseconds, sometimes ``Retry-After``.

Gotchas: the token is sent as it is, without a scheme. Entries never change, so one that was landed is not
asked for again but for ``overlap_days``, within which entries may still come in. The environment stands in
the resource string only. How long entries are kept depends on the plan: what is landed outlasts it.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from .cursors import Cursors
from .http import Client
from .landing import LandingFolder
from .pulled import Address, PulledSystem
from .walks import walk_body_links

STREAM = "audit_log_entries"
PAGE_SIZE = 20


class LaunchdarklySource(PulledSystem):
    """LaunchDarkly. ``spec``: the resources whose changes are read, as the API writes them."""

    base_url: Address = "https://app.launchdarkly.com/api/v2"
    token_env: str
    spec: str = Field(default="proj/*:env/*:flag/*", min_length=1)
    overlap_days: int = Field(default=1, ge=0, le=90)


def headers(source: LaunchdarklySource) -> dict[str, str]:
    """Request headers for an access token."""
    return {"Authorization": source.secret}


def pull(
    client: Client, source: LaunchdarklySource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land the entries that are new up to ``now``. Raises PermanentError, TransientError."""
    since = cursors.reach_back(STREAM, source.started_at, source.overlap_days)
    # The end stands still, so that entries made while we read do not move the pages.
    params = {
        "limit": PAGE_SIZE,
        "spec": source.spec,
        "after": _milliseconds(since),
        "before": _milliseconds(now),
    }
    for page in walk_body_links(client, cursors, STREAM, now, "auditlog", params, member="_links"):
        if page.json.get("items"):
            landing.land(STREAM, (), page.body)


def _milliseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1000)
