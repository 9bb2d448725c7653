"""Items as people write them: what kind of work, for which service, and how the item says so.

Where the effort goes is decided first and put into words afterwards: by a label, a component, the title of
the epic, or the type alone. Where a defect was found is said by a field, a label or a link, or by nobody.
"""

from __future__ import annotations

import random
from datetime import date

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.incidents import Incident
from orchestration.company.people import People, Person
from orchestration.company.plan import DAY, HOUR, Plan, day_of, epoch
from orchestration.company.stories import Stories
from orchestration.company.work import (
    ACCEPTED,
    BACKLOG,
    BEFORE_PRODUCTION,
    BUG,
    DEBT,
    EPIC,
    FINISHED,
    LIGHTS_ON,
    NEW_VALUE,
    PRODUCTION,
    RELIABILITY,
    SECURITY,
    STORY,
    TASK,
    UNCLASSIFIED,
    Board,
    Item,
    Work,
)

# Of twenty pieces of work: what they are for, usually and while releases are hurried.
USUAL = {NEW_VALUE: 6, DEBT: 5, RELIABILITY: 3, SECURITY: 2, LIGHTS_ON: 2, UNCLASSIFIED: 2}
HURRIED = {NEW_VALUE: 13, DEBT: 1, RELIABILITY: 2, SECURITY: 1, LIGHTS_ON: 1, UNCLASSIFIED: 2}
# What an item without a label, a component or a telling epic says by its type.
KINDS = {NEW_VALUE: STORY, UNCLASSIFIED: TASK}
LABELS = {
    DEBT: ("tech-debt", "refactoring", "Cleanup"),
    RELIABILITY: ("observability", "slo", "resilience"),
    SECURITY: ("security", "pentest"),
    LIGHTS_ON: ("maintenance", "toil", "dependencies"),
}
COMPONENTS = {RELIABILITY: "Observability", SECURITY: "Security"}
NEUTRAL_LABELS = ("frontend", "backend", "customer-request", "quick-win")
EPICS = {
    NEW_VALUE: (
        "Self-service onboarding",
        "Bulk operations",
        "Partner marketplace",
        "Preferences in one place",
    ),
    DEBT: ("Migration to the new event schema", "Refactoring of the oldest module"),
    RELIABILITY: ("Resilience against a lost region", "Scaling for the peak season"),
    SECURITY: ("Hardening of administrative access", "Compliance with the new rules"),
}
ENVIRONMENTS = {PRODUCTION: ("Production", "Live"), BEFORE_PRODUCTION: ("Staging", "QA", "Pre-prod")}
FOUND_LABELS = {PRODUCTION: "customer-reported", BEFORE_PRODUCTION: "found-in-qa"}
ACTION_LABELS = ("postmortem-action", "postmortem-action", "Incident-Follow-Up")
# What a bug ends as when nobody mends it: the resolution, and what the rules make of it.
DISMISSALS = (("Duplicate", "duplicate"), ("Won't Do", "not_planned"), ("Cannot Reproduce", "not_a_bug"))
VERBS = ("Show", "Import", "Export", "Validate", "Cache", "Rename", "Split", "Archive", "Reconcile",
         "Document")  # fmt: skip
NOUNS = ("orders", "invoices", "sessions", "retries", "templates", "reports", "limits", "events", "drafts",
         "filters")  # fmt: skip
UNMAPPED_TEAM = "analytics"
FOREIGN_TEAM = "notifications"
FIRST_NUMBER = 30_001


class Backlog:
    """Writes items down; every draw comes from one stream."""

    def __init__(self, plan: Plan, stories: Stories, catalogue: Catalogue, people: People) -> None:
        self.plan, self.stories, self.catalogue, self.people = plan, stories, catalogue, people
        self.rng: random.Random = plan.rng("work")
        self.work = Work()
        self.boards = {}
        for index, team in enumerate(catalogue.teams):
            first = next(s for s in catalogue.services if s.owners[0][1] == team.team_id)
            self.boards[team.team_id] = Board(
                board_id=201 + index,
                team_id=team.team_id,
                project=team.team_id.upper().replace("-", ""),
                home=None if team.team_id == UNMAPPED_TEAM else first,
                is_company_managed=index % 3 == 0,
                finish=ACCEPTED if team.team_id == FOREIGN_TEAM else FINISHED,
            )
        self.work.boards = list(self.boards.values())
        self._counts = dict.fromkeys(self.boards, 0)
        self._owned: dict[date, dict[str, list[Service]]] = {}
        self._members: dict[tuple[str, date], list[Person]] = {}

    def owned(self, team_id: str, instant: int) -> list[Service]:
        """Services of a team at an instant: they change hands on the first of a month."""
        month = day_of(instant).replace(day=1)
        if month not in self._owned:
            owned = self._owned[month] = {}
            for service in self.catalogue.services:
                owned.setdefault(self.catalogue.owner_of(service, month), []).append(service)
        return self._owned[month][team_id]

    def member(self, team_id: str, instant: int) -> Person:
        """Somebody of the team."""
        month = day_of(instant).replace(day=1)
        if (team_id, month) not in self._members:
            self._members[team_id, month] = self.people.members(team_id, month)
        return self.rng.choice(self._members[team_id, month])

    def between(self, earliest: int, latest: int) -> int:
        """An instant from ``earliest`` on and before ``latest``: in working hours where the span has some."""
        drawn = self.rng.randrange(earliest, max(earliest + 1, latest))
        week, second = divmod(drawn - 4 * DAY, 7 * DAY)  # 1970 began on a Thursday, weeks on a Monday
        day, part = divmod(second * 5 // 7, DAY)
        squeezed = 4 * DAY + week * 7 * DAY + day * DAY + 7 * HOUR + part * 11 // 24
        return squeezed if earliest <= squeezed < latest else drawn

    def _write(self, board: Board, kind: str, title: str, service: Service | None, created: int) -> Item:
        """An item of the project. ``service`` None: no component, so that the project tells whose it is."""
        self._counts[board.team_id] += 1
        item = Item(
            number=FIRST_NUMBER + len(self.work.items),
            key=f"{board.project}-{self._counts[board.team_id]}",
            board=board,
            kind=kind,
            title=title,
            service=service or board.home,
            components=(service.name,) if service else (),
            category=UNCLASSIFIED,
            reporter=self.member(board.team_id, created),
            moves=[(created, BACKLOG)],
            sprints=[(created, ())],
        )
        self.work.items.append(item)
        return item

    def _title(self) -> str:
        return f"{self.rng.choice(VERBS)} {self.rng.choice(NOUNS)} without {self.rng.choice(NOUNS)}"

    def plan_epic(self, board: Board, category: str, created: int) -> Item:
        """An epic; what it is for is in its title, and its parts inherit it."""
        service = self.rng.choice(self.owned(board.team_id, created))
        title = f"{self.rng.choice(EPICS[category])} ({board.project} {day_of(created).year})"
        epic = self._write(board, EPIC, title, service, created)
        epic.category = category
        return epic

    def plan_piece(self, board: Board, created: int, epics: list[Item]) -> Item:
        """A story or a task, of a category that a label, a component, an epic or its type tells."""
        rng = self.rng
        shares = HURRIED if self.stories.hurried(day_of(created)) else USUAL
        category = rng.choices(tuple(shares), tuple(shares.values()))[0]
        fitting = [epic for epic in epics if epic.category == category]
        kind = KINDS.get(category) or rng.choice((STORY, TASK))
        service = rng.choice(self.owned(board.team_id, created)) if rng.random() < 0.85 else None
        item = self._write(board, kind, self._title(), service, created)
        item.category = category
        if rng.random() < (0.9 if kind == STORY else 0.5):
            item.points = rng.choice((1, 2, 3, 3, 5, 8))
        way = rng.random()
        if category in (NEW_VALUE, UNCLASSIFIED):
            item.epic = rng.choice(fitting) if fitting and way < 0.8 else None
            item.labels = (rng.choice(NEUTRAL_LABELS),) if rng.random() < 0.4 else ()
        elif fitting and way < 0.45:
            item.epic = rng.choice(fitting)
        elif category in COMPONENTS and way < 0.6:
            item.components += (COMPONENTS[category],)
        else:
            item.labels = (rng.choice(LABELS[category]), *rng.sample(NEUTRAL_LABELS, rng.randrange(2)))
        return item

    def report_bug(self, board: Board, service: Service, created: int, found_in: str | None) -> Item:
        """A bug; what is known of where it was found is said by a field or by a label."""
        rng = self.rng
        title = f"{rng.choice(NOUNS).capitalize()} are wrong after {rng.choice(NOUNS)}"
        bug = self._write(board, BUG, title, service, created)
        bug.category, bug.found_in = LIGHTS_ON, found_in
        if rng.random() < 0.05:
            bug.category, bug.labels = SECURITY, ("vulnerability",)
        if found_in and rng.random() < 0.65:
            bug.environment = rng.choice(ENVIRONMENTS[found_in])
        elif found_in:
            bug.labels += (FOUND_LABELS[found_in],)
        return bug

    def link_bug(self, board: Board, service: Service, created: int, incident: Incident) -> Item:
        """A bug that nothing but its link to an incident shows to be one that users met."""
        bug = self.report_bug(board, service, created, None)
        bug.found_in, bug.incident = PRODUCTION, incident
        return bug

    def dismiss(self, bug: Item, at: int) -> None:
        """Close a bug that nobody will mend."""
        bug.resolution, bug.exclusion_reason = self.rng.choice(DISMISSALS)
        bug.moves.append((at, bug.board.finish))

    def agree_action(self, board: Board, service: Service, created: int, incident: Incident) -> Item:
        """What was agreed on after an incident."""
        action = self._write(
            board, TASK, f"After {incident.title}: {self._title().lower()}", service, created
        )
        action.category, action.is_action, action.incident = RELIABILITY, True, incident
        action.labels = (self.rng.choice(ACTION_LABELS),)
        return action

    def quarters(self) -> list[int]:
        """First instants of every third month of the period."""
        return [epoch(month) for month in self.plan.month_starts[::3]]
