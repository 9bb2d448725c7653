"""Argo CD, as asked over its API (``/api/v1``).

Endpoint: ``/applications``, whole each time: it knows neither pages nor a time. ``projects`` narrows it,
``fields`` leaves out the manifests and resources, which are most of it.

Gotchas: an application remembers its last ten successful syncs (``spec.revisionHistoryLimit``; 0 keeps
none), and of a failed one nothing but the operation until the next sync: pull at least daily, or let
notifications tell. ``items`` is null where there is none. An application without history is landed with its
operation alone.

Notifications: the body of a webhook is whatever its template says. This one (ConfigMap
argocd-notifications-cm) tells an operation in the shape of the application itself; its bodies are dropped
into ``landing/argo_cd/applications/``. Subscribe with the annotation
``notifications.argoproj.io/subscribe.on-engineering-metrics.engineering-metrics: ""`` or for all in the
default triggers. They are sent again after an error: the same operation told twice is one row::

    service.webhook.engineering-metrics: |
      url: https://drop.example/argo_cd/applications
    template.engineering-metrics: |
      webhook:
        engineering-metrics:
          method: POST
          body: |
            {"metadata": {"uid": {{toJson .app.metadata.uid}}, "name": {{toJson .app.metadata.name}},
                          "labels": {{toJson .app.metadata.labels}}},
             "spec": {"project": {{toJson .app.spec.project}},
                      "destination": {{toJson .app.spec.destination}}},
             "status": {"operationState": {{toJson .app.status.operationState}},
                        "summary": {"images": {{toJson .app.status.summary.images}}}}}
    trigger.on-engineering-metrics: |
      - when: app.status.operationState.phase in ['Succeeded', 'Failed', 'Error']
        send: [engineering-metrics]
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from .cursors import Cursors
from .http import Client
from .landing import LandingFolder
from .pulled import PulledSystem
from .refusals import PermanentError
from .scopes import one_by_one

FIELDS = ",".join(
    f"items.{member}"
    for member in (
        "metadata.name", "metadata.uid", "metadata.labels", "spec.project", "spec.destination", "spec.source",
        "spec.sources", "status.history", "status.operationState", "status.reconciledAt",
        "status.summary.images",
    )
)  # fmt: skip

Project = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]


class ArgoCdSource(PulledSystem):
    """Argo CD: all applications that the token may see, or those of some projects."""

    token_env: str
    projects: list[Project] = Field(default=[])


def headers(source: ArgoCdSource) -> dict[str, str]:
    """Request headers: the token of an account or of a project's role."""
    return {**source.bearer, "Accept": "application/json"}


def pull(
    client: Client, source: ArgoCdSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land what the applications say now, project by project. Raises PermanentError, TransientError."""
    projects: list[str | None] = [*source.projects] or [None]
    for project, reading in one_by_one(projects):
        with reading:
            params: dict[str, Any] = {"fields": FIELDS}
            if project is not None:
                params["projects"] = project
            answer = client.get("applications", params)
            items = answer.json.get("items") if isinstance(answer.json, dict) else None
            if not isinstance(answer.json, dict) or not isinstance(items, list | None):
                raise PermanentError(client.system, answer.url, "no list 'items': check the address")
            if items:
                landing.land("applications", (), answer.body)
                remembered = [item for item in items if (item.get("status") or {}).get("history")]
                if remembered:
                    landing.land("application_history", (), json.dumps({"items": remembered}).encode())
            cursors.move(f"applications:{project or '*'}", now)
