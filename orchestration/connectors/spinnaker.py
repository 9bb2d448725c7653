"""Spinnaker, as asked through Gate.

Endpoints: per application ``/applications/{application}/executions/search`` (by the time of the trigger,
oldest first with ``reverse``, by ``startIndex`` and ``size``) and ``/executions?executionIds=`` for those
that ran still when the last pull passed them. No limit of requests is documented.

Gotchas: the plain list ``/applications/{application}/pipelines`` gives 10 unless told otherwise and knows
no time, so it is not asked. Without ``expand`` stages lack their context. An execution changes until it
ends, which may be days after its trigger (manual judgments): it is asked for until it ends or
``give_up_days`` are over. Single operations (orchestrations) are not in the search. Gate answers with a
sign-in page where the token is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import Field, StringConstraints

from .cursors import Cursors
from .http import Answer, Client
from .landing import LandingFolder
from .pulled import PulledSystem
from .refusals import PermanentError
from .scopes import one_by_one
from .walks import walk_pages

PAGE_SIZE = 100
ASKED_AT_ONCE = 50
FINAL = frozenset({"SUCCEEDED", "TERMINAL", "CANCELED", "STOPPED", "SKIPPED", "FAILED_CONTINUE"})

Application = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$")]


class SpinnakerSource(PulledSystem):
    """Spinnaker's Gate, by application."""

    applications: list[Application] = Field(min_length=1)
    overlap_days: int = Field(default=1, ge=0, le=30)
    give_up_days: int = Field(default=30, ge=1, le=180)


def headers(source: SpinnakerSource) -> dict[str, str]:
    """Request headers; without a token where Gate asks for none."""
    return {**source.bearer, "Accept": "application/json"}


def pull(
    client: Client, source: SpinnakerSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land the executions of each application that are new or had not ended.

    Raises PermanentError, TransientError.
    """
    for application, reading in one_by_one(source.applications):
        with reading:
            stream = f"executions:{application}"
            unfinished = cursors.state(stream, "unfinished")
            asked: set[str] = set()
            for page in _walk(client, source, cursors, now, application):
                asked |= _land(landing, page, unfinished)
                cursors.remember(stream, "unfinished", unfinished)
            horizon = (now.astimezone(UTC) - timedelta(days=source.give_up_days)).timestamp() * 1000
            waiting = [identity for identity in unfinished if identity not in asked]
            for first in range(0, len(waiting), ASKED_AT_ONCE):
                some = waiting[first : first + ASKED_AT_ONCE]
                answer = client.get("executions", {"executionIds": ",".join(some), "expand": "true"})
                found = _land(landing, answer, unfinished)
                for identity in some:
                    # Deleted, or waiting for longer than anybody looks.
                    if identity not in found or unfinished.get(identity, horizon) < horizon:
                        unfinished.pop(identity, None)
            cursors.remember(stream, "unfinished", unfinished)


def _walk(
    client: Client, source: SpinnakerSource, cursors: Cursors, now: datetime, application: str
) -> Iterator[Answer]:
    stream = f"executions:{application}"
    since = cursors.reach_back(stream, source.started_at, source.overlap_days)
    path = f"applications/{quote(application)}/executions/search"
    params = {
        "triggerTimeStartBoundary": int(since.timestamp() * 1000),
        "size": PAGE_SIZE,
        "reverse": "true",
        "expand": "true",
    }
    return walk_pages(
        cursors,
        stream,
        now,
        begin=lambda: _pages(client, path, params, 0),
        resume=lambda index: _pages(client, path, params, int(index)),
        following=_next_index,
    )


def _pages(client: Client, path: str, params: dict[str, Any], index: int) -> Iterator[Answer]:
    while True:
        answer = client.get(path, {**params, "startIndex": index})
        yield answer
        following = _next_index(answer)
        if following is None:
            return
        index = int(following)


def _next_index(page: Answer) -> str | None:
    if not isinstance(page.json, list):
        raise PermanentError("spinnaker", page.url, "the answer is no list of executions")
    if len(page.json) < PAGE_SIZE:
        return None
    index = parse_qs(urlsplit(page.url).query)["startIndex"][0]
    return str(int(index) + PAGE_SIZE)


def _land(landing: LandingFolder, page: Answer, unfinished: dict[str, Any]) -> set[str]:
    """Ids of the executions landed; ``unfinished`` takes those that run still, by the trigger's time."""
    if page.json:
        for table in ("executions", "stages"):
            landing.land(table, (), page.body)
    for execution in page.json:
        if execution.get("status") in FINAL:
            unfinished.pop(execution["id"], None)
        else:
            unfinished[execution["id"]] = execution.get("buildTime") or 0
    return {execution["id"] for execution in page.json}
