"""Teams at work: sprints that are filled, disturbed and closed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from orchestration.company.backlog import Backlog
from orchestration.company.bugs import meet_bugs
from orchestration.company.catalogue import Catalogue
from orchestration.company.incidents import Incident
from orchestration.company.people import People
from orchestration.company.plan import DAY, HOUR, Plan, day_of, epoch, poisson
from orchestration.company.postmortems import follow_up
from orchestration.company.stories import Stories
from orchestration.company.work import (
    BACKLOG,
    CARRIED,
    DEBT,
    DELIVERED,
    DOING,
    DONE,
    IN_PROGRESS,
    IN_REVIEW,
    NEW_VALUE,
    PARKED,
    PRODUCTION,
    RELEASED,
    RELIABILITY,
    REMOVED,
    SECURITY,
    SELECTED,
    Board,
    Item,
    Sprint,
    Work,
    forget_after,
)

SPRINT_DAYS = 14
GRACE = 24 * HOUR
# Of a hundred items in a sprint: delivered, carried over, taken out. Then what comes in besides, per sprint.
USUAL, PRESSED = (84, 11, 5), (48, 36, 16)
UNPLANNED, UNPLANNED_PRESSED = 0.5, 4.5
LISTING_TEAM = "identity"


@dataclass
class _Team:
    """One team's desk: what waits to be planned, and what its last sprint left."""

    board: Board
    epics: list[Item] = field(default_factory=list)
    waiting: list[Item] = field(default_factory=list)
    urgent: list[Item] = field(default_factory=list)
    carried: list[Item] = field(default_factory=list)
    parts: dict[Item, list[Item]] = field(default_factory=dict)  # of epics


def do_work(
    plan: Plan, stories: Stories, catalogue: Catalogue, people: People, incidents: list[Incident]
) -> Work:
    """Everything in the tracker at the end of the period."""
    backlog = Backlog(plan, stories, catalogue, people)
    teams = {board.team_id: _Team(board) for board in backlog.work.boards}
    bugs = meet_bugs(backlog, incidents)
    for index, team in enumerate(teams.values()):
        _Sprinter(backlog, team, bugs.get(team.board.team_id, [])).run(index)
    follow_up(backlog, incidents)
    work = backlog.work
    known = forget_after(work.items, plan.end)
    for item in known:
        item.exclusion_reason = item.exclusion_reason if item.done else None
    work.items, work.listed = [], []
    for item in known:
        is_listed = item.is_action and item.board.team_id == LISTING_TEAM
        (work.listed if is_listed else work.items).append(item)
    work.sprints = [sprint for sprint in work.sprints if sprint.start - 14 * DAY < plan.end]
    return work


class _Sprinter:
    """Leads one team through its sprints."""

    def __init__(self, backlog: Backlog, team: _Team, bugs: list[Item]) -> None:
        self.backlog, self.team, self.bugs = backlog, team, bugs
        self.rng, self.plan, self.stories = backlog.rng, backlog.plan, backlog.stories
        self.board = team.board

    def run(self, index: int) -> None:
        """All sprints of the team, from its second or third Wednesday on; the last is yet to come."""
        first = self.plan.first_day + timedelta(
            days=7 + (2 - self.plan.first_day.weekday()) % 7 + 7 * (index % 2)
        )
        quarters = self.backlog.quarters()
        opening, number = epoch(first), 1
        while opening < self.plan.end + SPRINT_DAYS * DAY:
            while quarters and quarters[0] < opening:
                self._open_epics(quarters.pop(0))
            start = opening + 9 * HOUR + self.rng.randrange(30 * 60)
            planned_end = opening + 13 * DAY + 17 * HOUR
            sprint = Sprint(
                1_000 * (index + 1) + number, self.board, f"{self.board.project} Sprint {number}", start,
                planned_end, planned_end + self.rng.randrange(-HOUR, 3 * HOUR),
            )  # fmt: skip
            self.backlog.work.sprints.append(sprint)
            self._run_sprint(sprint)
            opening, number = opening + SPRINT_DAYS * DAY, number + 1
        self._close_epics()

    def _is_pressed(self, sprint: Sprint) -> bool:
        return self.board.team_id == self.stories.pressed_team and self.stories.hurried(day_of(sprint.closed))

    def _open_epics(self, quarter: int) -> None:
        for category in (NEW_VALUE, self.rng.choice((DEBT, RELIABILITY, SECURITY))):
            created = self.backlog.between(quarter + DAY, quarter + 6 * DAY)
            self.team.epics.append(self.backlog.plan_epic(self.board, category, created))

    def _run_sprint(self, sprint: Sprint) -> None:
        team, rng, pressed = self.team, self.rng, self._is_pressed(sprint)
        self._triage(sprint)
        committed = list(team.carried)
        for item in committed:
            # Whoever closes a sprint moves what is not done into the next one.
            self._join(item, sprint, item.sprints[-1][1][-1].closed)
        chosen = [item for item in team.waiting if item.touched < sprint.start - HOUR][:4]
        team.waiting = [item for item in team.waiting if item not in chosen]
        epics = [epic for epic in team.epics if epic.created > sprint.start - 100 * DAY][-4:]
        while len(committed) + len(chosen) < rng.choice((7, 8, 9)):
            created = self.backlog.between(max(self.plan.start, sprint.start - 25 * DAY), sprint.start - DAY)
            chosen.append(self._plan_piece(created, epics))
        for item in chosen:
            self._select(item, sprint, committed)
        added = list(team.urgent)
        for _ in range(poisson(rng, UNPLANNED_PRESSED if pressed else UNPLANNED)):
            created = self.backlog.between(sprint.start + GRACE + HOUR, sprint.start + 10 * DAY)
            added.append(self._plan_piece(created, epics))
        for item in added:
            # Whoever writes down what must be done at once writes it into the sprint.
            if rng.random() < 0.5 and item.created > sprint.start + GRACE:
                item.sprints = [(item.created, (sprint,))]
            else:
                earliest = max(item.created + 60, sprint.start + GRACE + 1)
                self._join(item, sprint, self.backlog.between(earliest, earliest + DAY // 2))
        team.carried, team.urgent = [], []
        for item in committed + added:
            outcome = rng.choices((DELIVERED, CARRIED, REMOVED), PRESSED if pressed else USUAL)[0]
            sprint.roles[item] = (item in committed, outcome)
            self._work_on(item, sprint, outcome)

    def _plan_piece(self, created: int, epics: list[Item]) -> Item:
        piece = self.backlog.plan_piece(self.board, created, epics)
        if piece.epic:
            self.team.parts.setdefault(piece.epic, []).append(piece)
        return piece

    def _triage(self, sprint: Sprint) -> None:
        """Bugs until the sprint's tenth day: some are mended beside any sprint, some now, the others wait."""
        while self.bugs and self.bugs[0].created < sprint.start + 10 * DAY:
            bug = self.bugs.pop(0)
            drawn = self.rng.random()
            if drawn < 0.3 or bug.created < sprint.start - SPRINT_DAYS * DAY:
                self._mend_beside(bug)
            elif bug.found_in == PRODUCTION and drawn < 0.75 and bug.created > sprint.start + GRACE:
                self.team.urgent.append(bug)
            else:
                self.team.waiting.append(bug)

    def _mend_beside(self, bug: Item) -> None:
        begun = self.backlog.between(bug.created + 600, bug.created + 5 * DAY)
        bug.assignee = self.backlog.member(self.board.team_id, begun)
        bug.moves.append((begun, IN_PROGRESS))
        bug.moves.append((self.backlog.between(begun + HOUR, begun + 6 * DAY), self.board.finish))

    def _join(self, item: Item, sprint: Sprint, at: int) -> None:
        item.sprints.append((at, (*item.sprints[-1][1], sprint)))
        if item.moves[-1][1] is BACKLOG:
            item.moves.append((at, SELECTED))

    def _leave(self, item: Item, sprint: Sprint, at: int) -> None:
        item.sprints.append((at, tuple(other for other in item.sprints[-1][1] if other is not sprint)))
        if item.moves[-1][1] is not BACKLOG:
            item.moves.append((at, BACKLOG))

    def _select(self, item: Item, sprint: Sprint, committed: list[Item]) -> None:
        """Put an item into the sprint before its start or within the day of grace; or think better of it."""
        drawn = self.rng.random()
        if drawn < 0.1:
            self._join(item, sprint, self.rng.choice((sprint.start + GRACE, sprint.start + 5 * HOUR)))
        else:
            joined = self.backlog.between(max(item.touched + 60, sprint.start - 2 * DAY), sprint.start)
            self._join(item, sprint, joined)
            if drawn > 0.97 and joined < sprint.start - HOUR:
                self._leave(item, sprint, self.rng.randrange(joined + 60, sprint.start))
                self.team.waiting.append(item)
                return
        committed.append(item)

    def _work_on(self, item: Item, sprint: Sprint, outcome: str) -> None:
        rng, between = self.rng, self.backlog.between
        ready = max(sprint.start, item.sprints[-1][0], item.moves[-1][0]) + 600
        if outcome == REMOVED:
            out = between(ready + HOUR, sprint.closed - HOUR)
            if rng.random() < 0.4:
                self._begin(item, ready + (out - ready) // 3)
            self._leave(item, sprint, out)
            self.team.waiting.append(item)
            return
        if outcome == CARRIED:
            if rng.random() < 0.8:
                self._begin(item, between(ready, sprint.closed - HOUR))
            self.team.carried.append(item)
            return
        done = between(ready + 2 * HOUR, sprint.closed - 60)
        if rng.random() < 0.02 and item.started is None:
            item.moves.append((done, self.board.finish))
            return
        if item.moves[-1][1].category != DOING:
            ready = self._hesitate(item, sprint, ready, done)
            self._begin(item, between(ready, ready + max(1, (done - ready) // 2)))
        detour = PARKED if rng.random() < 0.06 else IN_REVIEW
        item.moves += [(between(item.moves[-1][0] + 60, done), detour), (done, self.board.finish)]
        self._come_back(item, sprint, done)

    def _hesitate(self, item: Item, sprint: Sprint, ready: int, done: int) -> int:
        """Now and then an item is taken out of the sprint and put back before anybody began."""
        if self.rng.random() > 0.02 or done - ready < DAY:
            return ready
        self._leave(item, sprint, ready + HOUR)
        self._join(item, sprint, ready + 3 * HOUR)
        return ready + 4 * HOUR

    def _begin(self, item: Item, at: int) -> None:
        if item.moves[-1][1].category != DOING:
            item.assignee = self.backlog.member(self.board.team_id, at)
            item.moves.append((at, IN_PROGRESS))

    def _come_back(self, item: Item, sprint: Sprint, done: int) -> None:
        """Some items are opened again, in the sprint or after it; some are released a week later."""
        drawn = self.rng.random()
        if drawn < 0.07:
            again = self.backlog.between(done + HOUR, done + 12 * DAY)
            finished = self.backlog.between(again + HOUR, again + 5 * DAY)
            if again > sprint.closed or finished < sprint.closed:
                item.moves += [(again, IN_PROGRESS), (finished, self.board.finish)]
        elif drawn > 0.8:
            item.moves.append((done + 7 * DAY, RELEASED))

    def _close_epics(self) -> None:
        """An epic begins with the first of its parts and ends some days after the last of them."""
        for epic in self.team.epics:
            parts = self.team.parts.get(epic, [])
            begun = [part.started for part in parts if part.started]
            if not begun:
                continue
            epic.moves.append((max(min(begun), epic.created + 60), IN_PROGRESS))
            if all(part.moves[-1][1].category == DONE for part in parts):
                last = max(part.moves[-1][0] for part in parts)
                epic.moves.append(
                    (max(last, epic.moves[-1][0]) + self.rng.randrange(HOUR, 9 * DAY), self.board.finish)
                )
