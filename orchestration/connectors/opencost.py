"""OpenCost (and Kubecost): what the workloads of a cluster cost, day by day, by its allocation API.

Endpoint: ``/allocation`` with a window of one day, idle cost included: without it the rows add up to less
than the cluster.

Gotchas: a day is asked for once it is over (UTC), and again while metrics may still come late: the newest
answer of a day replaces the others. Prices are list prices unless cloud integration is configured. The body
does not say reliably which cluster it speaks of: the landing path does, ``allocations/<cluster>/<day>/``.
Errors may come as HTTP 200 with another ``code`` in the body.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from .cursors import Cursors
from .http import Answer, Client
from .instants import midnight, utc_text
from .landing import LandingFolder
from .pulled import PulledSystem
from .refusals import PermanentError, TransientError
from .scopes import one_by_one
from .windows import split_window

DAY = timedelta(days=1)
# Kubecost serves the same API below /model.
Dimension = Literal[
    "cluster", "namespace", "controllerKind", "controller", "service", "node", "pod", "container"
]


class Cluster(BaseModel):
    """A cluster and where its OpenCost answers below ``base_url``."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    path: str = Field(default="allocation", min_length=1)


class OpencostSource(PulledSystem):
    """OpenCost or Kubecost behind one address."""

    clusters: list[Cluster] = Field(min_length=1)
    aggregate: list[Dimension] = Field(default=["namespace", "controller"], min_length=1)
    overlap_days: int = Field(default=2, ge=0, le=30)


def headers(source: OpencostSource) -> dict[str, str]:
    """Request headers; without a token where nothing in front of OpenCost asks for one."""
    return {"Accept": "application/json", **source.bearer}


def pull(
    client: Client, source: OpencostSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land the allocations of every cluster for each day that is over.

    Raises PermanentError, TransientError.
    """
    for cluster, reading in one_by_one(source.clusters):
        with reading:
            stream = f"allocations:{cluster.name}"
            watermark = cursors.watermark(stream)
            since = cursors.reach_back(stream, source.started_at, source.overlap_days)
            for first, last in split_window(since, midnight(now), DAY):
                answer = client.get(
                    cluster.path,
                    {
                        "window": f"{utc_text(first)},{utc_text(last)}",
                        "aggregate": ",".join(source.aggregate),
                        "step": "1d",
                        "includeIdle": "true",
                    },
                )
                if _has_allocations(answer):
                    landing.land("allocations", (cluster.name, f"{first:%Y-%m-%d}"), answer.body)
                cursors.move(stream, max(last, watermark or last))


def _has_allocations(answer: Answer) -> bool:
    body = answer.json if isinstance(answer.json, dict) else {}
    code = body.get("code")
    if code != 200:
        said = f"code {code} in the body: {str(body.get('message', ''))[:200]}"
        error = TransientError if isinstance(code, int) and code >= 500 else PermanentError
        raise error("opencost", answer.url, said)
    sets = body.get("data")
    if not isinstance(sets, list):
        raise PermanentError(
            "opencost", answer.url, "the answer has no list of allocation sets: check the path"
        )
    return any(sets)
