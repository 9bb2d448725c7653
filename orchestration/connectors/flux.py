"""Flux, as the Kubernetes API of each cluster tells of it.

Endpoints: ``/apis/helm.toolkit.fluxcd.io/v2/helmreleases`` (whole each time, their history within) and
``/api/v1/events`` of Kustomizations and HelmReleases. Lists come in pages of ``limit`` with a ``continue``
token in their metadata, which expires after some minutes: 410, and the list begins anew.

Gotchas: a release's history goes back only to its previous successful release, and Kubernetes forgets
events within the hour: pull often, or let the notification controller tell. A release without history is
not landed. The body does not say which cluster it speaks of: the landing path does,
``helm_releases/<cluster>/<instant>/``, ``events/<cluster>/``. The token's account needs ``get`` and
``list`` on both kinds.

Notifications: this provider and alert send each event as a body of its own, to be dropped into
``landing/flux/events/<cluster>/``::

    apiVersion: notification.toolkit.fluxcd.io/v1beta3
    kind: Provider
    metadata: {name: engineering-metrics, namespace: flux-system}
    spec: {type: generic, address: https://drop.example/flux/events/production}
    ---
    apiVersion: notification.toolkit.fluxcd.io/v1beta3
    kind: Alert
    metadata: {name: engineering-metrics, namespace: flux-system}
    spec:
      providerRef: {name: engineering-metrics}
      eventSeverity: info
      eventSources: [{kind: Kustomization, name: '*'}, {kind: HelmRelease, name: '*'}]
      eventMetadata: {environment: production}
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .cursors import Cursors
from .http import Client
from .landing import LandingFolder
from .paging import continue_token, follow_continuations
from .pulled import PulledSystem
from .scopes import one_by_one
from .walks import walk_pages

PAGE_SIZE = 500
KINDS = ("Kustomization", "HelmRelease")
FluxTable = Literal["helm_releases", "events"]


class Cluster(BaseModel):
    """A cluster and where its Kubernetes API answers below ``base_url``."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    path: str = ""


class FluxSource(PulledSystem):
    """Clusters behind one address, such as one API server or a proxy in front of several."""

    token_env: str
    clusters: list[Cluster] = Field(min_length=1)
    tables: list[FluxTable] = Field(default=["helm_releases", "events"])
    api_version: Literal["v2", "v2beta2", "v2beta1"] = "v2"


def headers(source: FluxSource) -> dict[str, str]:
    """Request headers: the token of a service account."""
    return {**source.bearer, "Accept": "application/json"}


def pull(client: Client, source: FluxSource, landing: LandingFolder, cursors: Cursors, now: datetime) -> None:
    """Land what the objects of each cluster say now. Raises PermanentError, TransientError."""
    for cluster, reading in one_by_one(source.clusters):
        with reading:
            walk = _Walk(client, landing, cursors, now, cluster)
            if "helm_releases" in source.tables:
                walk.pull("helm_releases", f"apis/helm.toolkit.fluxcd.io/{source.api_version}/helmreleases")
            if "events" in source.tables:
                for kind in KINDS:
                    walk.pull("events", "api/v1/events", fieldSelector=f"involvedObject.kind={kind}")


@dataclass(frozen=True)
class _Walk:
    client: Client
    landing: LandingFolder
    cursors: Cursors
    now: datetime
    cluster: Cluster

    def pull(self, table: str, path: str, **selected: str) -> None:
        params: dict[str, Any] = {"limit": PAGE_SIZE, **selected}
        place = f"{self.cluster.path.strip('/')}/{path}".lstrip("/")
        pages = walk_pages(
            self.cursors,
            ":".join([table, self.cluster.name, *selected.values()]),
            self.now,
            begin=lambda: follow_continuations(self.client, place, params),
            resume=lambda token: follow_continuations(self.client, place, {**params, "continue": token}),
            following=continue_token,
        )
        for page in pages:
            items = page.json["items"]
            if table == "events" and items:
                self.landing.land(table, (self.cluster.name,), page.body)
            remembered = [item for item in items if (item.get("status") or {}).get("history")]
            if table == "helm_releases" and remembered:
                instant = f"{self.now:%Y%m%dT%H%M%SZ}"
                body = json.dumps({"items": remembered}).encode()
                self.landing.land(table, (self.cluster.name, instant), body)
