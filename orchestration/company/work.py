"""Work as teams plan and do it: boards, sprints, and items with everything that happened to them.

An item keeps its whole past as lists of instants and what held from then on, so that a pull of any day can
be told from it. What a sprint was promised and what became of it is noted when it is planned, not read from
that past.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from orchestration.company.catalogue import Service
from orchestration.company.incidents import Incident
from orchestration.company.people import Person
from orchestration.company.plan import day_of

TO_DO, DOING, DONE = "new", "indeterminate", "done"
STORY, TASK, BUG, EPIC = "Story", "Task", "Bug", "Epic"
NEW_VALUE, DEBT, RELIABILITY, SECURITY, LIGHTS_ON, UNCLASSIFIED = (
    "new_value", "debt", "reliability", "security", "keep_the_lights_on", "unclassified",
)  # fmt: skip
PRODUCTION, BEFORE_PRODUCTION = "production", "before_production"
DELIVERED, CARRIED, REMOVED = "delivered", "carried", "removed"


@dataclass(frozen=True)
class Status:
    """A status of the site; its category is what it means, whatever its name."""

    status_id: str
    name: str
    category: str


BACKLOG = Status("10000", "Backlog", TO_DO)
SELECTED = Status("10011", "Selected for Development", TO_DO)
IN_PROGRESS = Status("3", "In Progress", DOING)
IN_REVIEW = Status("10012", "In Review", DOING)
PARKED = Status("10027", "Parked: waiting for a vendor", DOING)
FINISHED = Status("10002", "Done", DONE)
# One team's workflow is not in English, and says that somebody accepted the work.
ACCEPTED = Status("10031", "Abgenommen", DONE)
RELEASED = Status("10033", "Released", DONE)
STATUSES = (BACKLOG, SELECTED, IN_PROGRESS, IN_REVIEW, PARKED, FINISHED, ACCEPTED, RELEASED)


@dataclass(frozen=True)
class Board:
    """A team's project and board.

    ``home``: the service that work without a component is done for; None where the catalogue names none. In
    company-managed projects items name their epic by its key alone.
    """

    board_id: int
    team_id: str
    project: str
    home: Service | None
    finish: Status
    is_company_managed: bool


@dataclass(eq=False)
class Sprint:
    """One sprint, instants in epoch seconds.

    ``roles``: the items that were in it, whether each was committed, and what became of it.
    """

    sprint_id: int
    board: Board
    name: str
    start: int
    planned_end: int
    closed: int
    roles: dict[Item, tuple[bool, str]] = field(default_factory=dict)


@dataclass(eq=False)
class Item:
    """One issue. ``moves``, ``sprints`` and ``dues`` hold what held from each instant on.

    The first of ``moves`` and of ``sprints`` is the creation.
    """

    number: int
    key: str
    board: Board
    kind: str
    title: str
    service: Service | None
    components: tuple[str, ...]
    category: str
    reporter: Person
    moves: list[tuple[int, Status]]
    sprints: list[tuple[int, tuple[Sprint, ...]]]
    dues: list[tuple[int, date]] = field(default_factory=list)
    labels: tuple[str, ...] = ()
    epic: Item | None = None
    points: int | None = None
    assignee: Person | None = None
    found_in: str | None = None
    environment: str | None = None  # what the field for it says
    incident: Incident | None = None  # what it is linked to
    is_action: bool = False
    resolution: str = "Done"  # how it ends, if it does
    exclusion_reason: str | None = None

    @property
    def created(self) -> int:
        """Instant of its creation, epoch seconds."""
        return self.moves[0][0]

    @property
    def touched(self) -> int:
        """Instant of the last thing that happened to it."""
        return max(self.moves[-1][0], self.sprints[-1][0], *(at for at, _ in self.dues[-1:]))

    @property
    def started(self) -> int | None:
        """First time that work on it began; None if it never did."""
        return next((at for at, status in self.moves if status.category == DOING), None)

    @property
    def done(self) -> int | None:
        """When it was done for good; None unless it is done in the end. Being released is no second end."""
        if self.moves[-1][1].category != DONE:
            return None
        ends = [at for (at, status), before in zip(self.moves[1:], self.moves, strict=False)
                if status.category == DONE and before[1].category != DONE]  # fmt: skip
        return ends[-1]

    @property
    def first_due(self) -> date | None:
        """The date that it was due on at first."""
        return self.dues[0][1] if self.dues else None

    def is_doing_on(self, closing: date) -> bool:
        """Whether it is being worked on when that day ends."""
        past = [status for at, status in self.moves if day_of(at) <= closing]
        return bool(past) and past[-1].category == DOING


@dataclass
class Work:
    """Everything that teams planned and did, in the order of the items' numbers.

    ``listed``: actions of a team that does not keep them in the tracker.
    """

    boards: list[Board] = field(default_factory=list)
    sprints: list[Sprint] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    listed: list[Item] = field(default_factory=list)


def forget_after(items: Iterable[Item], end: int) -> list[Item]:
    """The items as they were known before ``end``, without what had not yet happened."""
    known = [item for item in items if item.created < end]
    for item in known:
        item.moves = [move for move in item.moves if move[0] < end]
        item.sprints = [change for change in item.sprints if change[0] < end]
        item.dues = [due for due in item.dues if due[0] < end]
    return known
