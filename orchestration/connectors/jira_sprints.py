"""Sprints of Jira with their boards, as asked over the agile API 1.0.

Endpoints: ``/rest/agile/1.0/board`` of each project and ``/board/{id}/sprint``, read whole.

Gotchas: boards of kind kanban have no sprints, and asking is an error.
"""

from __future__ import annotations

from collections.abc import Iterable

from .jira_search import listed
from .puller import Entry, Puller
from .refusals import PermanentError

BOARDS = "rest/agile/1.0/board"


def pull_sprints(puller: Puller[Entry], projects: Iterable[str]) -> None:
    """Land the boards of ``projects`` and the sprints of each board."""
    kinds: dict[int, str] = {}
    for project in projects:
        for page in listed(puller.client, BOARDS, {"projectKeyOrId": project}):
            if page.json["values"]:
                puller.landing.land("boards", (project,), page.body)
            kinds |= {board["id"]: board["type"] for board in page.json["values"]}
    for board, kind in sorted(kinds.items()):
        if kind != "kanban":
            _land_sprints(puller, board, kind)
    puller.move("sprints")


def _land_sprints(puller: Puller[Entry], board: int, kind: str) -> None:
    try:
        puller.land_all("sprints", listed(puller.client, f"{BOARDS}/{board}/sprint", {}), records="values")
    except PermanentError as error:
        # A team that manages its own project may have sprints or not, which its board does not say.
        if kind != "simple" or error.status != 400:
            raise
