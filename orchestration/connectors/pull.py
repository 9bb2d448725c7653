"""Pulling one system: its connector, a session, its cursors and its landing folder put together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from orchestration.home import DataHome

from . import (
    argo_cd,
    azure_devops,
    bamboohr,
    bitbucket,
    datadog,
    dependabot,
    flux,
    github,
    gitlab,
    greenhouse,
    jenkins,
    jira,
    launchdarkly,
    lever,
    opencost,
    opsgenie,
    pagerduty,
    prometheus,
    servicenow,
    snyk,
    sonarqube,
    spinnaker,
)
from .cursors import Cursors
from .http import Client
from .landing import LandingFolder
from .sources import SourcesConfig


class Connector(Protocol):
    """What a connector's module offers: its entry of ``sources.yaml`` goes in, landed files come out."""

    def headers(self, source: Any) -> dict[str, str]:
        """Request headers for the source's secret."""

    def pull(
        self, client: Client, source: Any, landing: LandingFolder, cursors: Cursors, now: datetime
    ) -> None:
        """Land everything new up to ``now``. Raises PermanentError, TransientError."""


# A new connector is a line here and a field of SourcesConfig.
CONNECTORS: dict[str, Connector] = {
    "argo_cd": argo_cd,
    "azure_devops": azure_devops,
    "bamboohr": bamboohr,
    "bitbucket": bitbucket,
    "datadog": datadog,
    "dependabot": dependabot,
    "flux": flux,
    "github": github,
    "gitlab": gitlab,
    "greenhouse": greenhouse,
    "jenkins": jenkins,
    "jira": jira,
    "launchdarkly": launchdarkly,
    "lever": lever,
    "opencost": opencost,
    "opsgenie": opsgenie,
    "pagerduty": pagerduty,
    "prometheus": prometheus,
    "servicenow": servicenow,
    "snyk": snyk,
    "sonarqube": sonarqube,
    "spinnaker": spinnaker,
}


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
    connector = CONNECTORS[system]
    now = clock().replace(microsecond=0)
    landing = LandingFolder(home.landing, system, clock())
    cursors = Cursors(home.cursors, system)
    began = time.monotonic()
    client = Client(
        system,
        source.base_url,
        connector.headers(source),
        source.http,
        further_urls=source.further_urls,
        clock=clock,
        sleep=sleep,
    )
    try:
        connector.pull(client, source, landing, cursors, now)
    finally:
        client.close()
    return PullOutcome(
        system, client.requests_made, landing.file_count, landing.byte_count, time.monotonic() - began
    )
