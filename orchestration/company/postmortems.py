"""What was agreed on after major incidents: actions with dates that are kept, moved, missed, or never set."""

from __future__ import annotations

from datetime import date, timedelta

from orchestration.company.backlog import Backlog
from orchestration.company.incidents import Incident
from orchestration.company.plan import DAY, HOUR, day_of, epoch
from orchestration.company.work import IN_PROGRESS, Item

REVIEWED_SHARE = 0.6
MAJOR = ("P1", "P2")
IN_TIME, IN_TIME_SLIPPING = 0.88, 0.4
ALLOWED_DAYS = (10, 14, 21, 30)


def follow_up(backlog: Backlog, incidents: list[Incident]) -> None:
    """Postmortems of the major incidents, a few days after each, and what became of their actions."""
    rng, catalogue = backlog.rng, backlog.catalogue
    for incident in incidents:
        if not incident.counts or incident.priority not in MAJOR or incident.resolved is None:
            continue
        if not incident.service.is_catalogued or rng.random() > REVIEWED_SHARE:
            continue
        held = backlog.between(incident.resolved + DAY, incident.resolved + 6 * DAY)
        team_id = catalogue.owner_of(incident.service, day_of(held))
        for number in range(rng.choice((1, 1, 2, 2, 3))):
            created = held + number * 300
            action = backlog.agree_action(backlog.boards[team_id], incident.service, created, incident)
            slips = catalogue.group_of(team_id, day_of(created)) == backlog.stories.slipping_group
            slips = slips and day_of(created) >= backlog.stories.hurried_from
            _carry_out(backlog, action, slips)


def _carry_out(backlog: Backlog, action: Item, slips: bool) -> None:
    rng = backlog.rng
    days = rng.choice(ALLOWED_DAYS)
    due = day_of(action.created) + timedelta(days=days)
    if rng.random() >= 0.08:
        # Agreed on in the meeting, or thought of the next day.
        action.dues.append((action.created + (0 if rng.random() < 0.7 else rng.randrange(HOUR, DAY)), due))
    if rng.random() < 0.04:
        _give_up(action, backlog.between(action.created + DAY, action.created + 20 * DAY))
        return
    if rng.random() < (IN_TIME_SLIPPING if slips else IN_TIME):
        done = rng.randrange(action.created + 2 * DAY, epoch(due) + DAY)
    else:
        done = epoch(due) + DAY + int(rng.expovariate(1 / ((45 if slips else 12) * DAY)))
    if (action.dues and (done >= epoch(due) + DAY) and rng.random() < 0.6) or rng.random() < 0.04:
        _move_date(action, due, done)
    begun = backlog.between(action.created + DAY, max(action.created + DAY + HOUR, done - HOUR))
    action.assignee = backlog.member(action.board.team_id, min(begun, backlog.plan.end - 1))
    action.moves += [(begun, IN_PROGRESS), (max(done, begun + HOUR), action.board.finish)]


def _move_date(action: Item, due: date, done: int) -> None:
    """The day before it is due somebody moves the date, perhaps once more; by the first one it is late."""
    at, moved = epoch(due) - DAY // 2, due + timedelta(days=14)
    while action.dues and action.dues[-1][0] < at < done:
        action.dues.append((at, moved))
        at, moved = epoch(moved) - DAY // 2, moved + timedelta(days=14)
        if len(action.dues) > 2:
            break


def _give_up(action: Item, at: int) -> None:
    action.resolution, action.exclusion_reason = "Won't Do", "not_planned"
    action.moves.append((at, action.board.finish))
