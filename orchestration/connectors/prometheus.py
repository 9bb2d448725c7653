"""Prometheus (Thanos, Mimir): good and valid events of each SLO by range query.

Endpoint: ``/api/v1/query_range``. Limit: 11,000 points a series, so the range is cut into chunks.

Gotchas: values are strings and may be ``NaN``; a step without data is absent, not null. A sample at *t* of an
``increase(…[5m])`` speaks of the five minutes before *t*; only whole steps are asked for, on multiples of the
step, so that a repeated pull meets the same instants. The body does not say which SLO it answers: the landing
path does, ``sli_samples/<slo_id>/<good|total>/<step_seconds>/``.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from .cursors import Cursors
from .http import Client
from .landing import LandingFolder
from .pulled import PulledSystem
from .refusals import PermanentError
from .scopes import one_by_one
from .windows import split_window

POINTS = 10_000


class Sli(BaseModel):
    """The two queries of one SLO: events that were good, events that were valid, per ``step_seconds``."""

    model_config = ConfigDict(extra="forbid")

    slo_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")
    good: str = Field(min_length=1)
    total: str = Field(min_length=1)
    step_seconds: int = Field(default=300, ge=15, le=86_400)


class PrometheusSource(PulledSystem):
    """Prometheus, Thanos or Mimir: whatever answers ``/api/v1/query_range``."""

    slis: list[Sli] = Field(min_length=1)
    overlap_days: int = Field(default=1, ge=0, le=30)


def headers(source: PrometheusSource) -> dict[str, str]:
    """Request headers; without a token where Prometheus asks for none."""
    return {"Accept": "application/json", **source.bearer}


def pull(
    client: Client, source: PrometheusSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land the samples of every SLI up to the last whole step before ``now``.

    Raises PermanentError, TransientError.
    """
    for sli, reading in one_by_one(source.slis):
        with reading:
            step = timedelta(seconds=sli.step_seconds)
            until = datetime.fromtimestamp(now.timestamp() // sli.step_seconds * sli.step_seconds, UTC)
            stream = f"sli_samples:{sli.slo_id}:{sli.step_seconds}"
            since = cursors.reach_back(stream, source.started_at, source.overlap_days)
            for first, last in split_window(since, until, step * POINTS):
                for kind, query in (("good", sli.good), ("total", sli.total)):
                    _pull_range(client, sli, kind, query, first + step, last, landing)
                cursors.move(stream, last)


def _pull_range(
    client: Client, sli: Sli, kind: str, query: str, first: datetime, last: datetime, landing: LandingFolder
) -> None:
    answer = client.get(
        "api/v1/query_range",
        {"query": query, "start": first.timestamp(), "end": last.timestamp(), "step": sli.step_seconds},
    )
    data = answer.json.get("data") or {}
    if answer.json.get("status") != "success" or data.get("resultType") != "matrix":
        raise PermanentError(
            "prometheus", answer.url, f"{sli.slo_id}.{kind}: not a range of samples: check the query"
        )
    if len(data["result"]) > 1:
        raise PermanentError(
            "prometheus",
            answer.url,
            f"{sli.slo_id}.{kind}: {len(data['result'])} series; sum() them into one",
        )
    if data["result"]:
        landing.land("sli_samples", (sli.slo_id, kind, str(sli.step_seconds)), answer.body)
