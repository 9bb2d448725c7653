"""Pulling one system: its connector, a session, its cursors and its landing folder put together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from orchestration.home import DataHome

from . import github, pagerduty, prometheus
from .cursors import Cursors
from .http import Client
from .landing import LandingFolder
from .sources import GithubSource, PagerdutySource, PrometheusSource, SourcesConfig


@dataclass(frozen=True)
class PullOutcome:
    """What a pull did: requests made, files landed and their bytes, seconds it took."""

    system: str
    requests: int
    files: int
    bytes: int
    seconds: float


def pull_system(
    system: str,
    config: SourcesConfig,
    home: DataHome,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> PullOutcome | None:
    """The outcome of pulling ``system``; None where ``config`` does not name it.

    ``clock`` gives the present instant with its zone. Raises PermanentError or TransientError after what
    was read so far is landed; the next pull goes on from the last cursor.
    """
    source = getattr(config, system, None)
    if source is None:
        return None
    now = clock().replace(microsecond=0)
    landing = LandingFolder(home.landing, system, clock())
    cursors = Cursors(home.cursors, system)
    began = time.monotonic()
    client = Client(system, source.base_url, _credentials(source), source.http, clock=clock, sleep=sleep)
    try:
        if isinstance(source, GithubSource):
            github.pull(client, source, landing, cursors, now)
        elif isinstance(source, PagerdutySource):
            pagerduty.pull(client, source, landing, cursors, now)
        elif isinstance(source, PrometheusSource):
            prometheus.pull(client, source, landing, cursors, now)
    finally:
        client.close()
    return PullOutcome(
        system, client.requests_made, landing.file_count, landing.byte_count, time.monotonic() - began
    )


def _credentials(source: GithubSource | PagerdutySource | PrometheusSource) -> dict[str, str]:
    token = "" if source.token is None else source.token.get_secret_value()
    if isinstance(source, GithubSource):
        return github.headers(token)
    if isinstance(source, PagerdutySource):
        return pagerduty.headers(token)
    return prometheus.headers(token)
