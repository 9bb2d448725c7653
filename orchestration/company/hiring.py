"""Seats to be filled and who applied for them: openings, applications with their stages, offers in versions.

Whoever HR hired in the period came through an opening: their offer was accepted weeks before their first day.
The other openings were cancelled or still wait; in the freeze nothing is opened and no offer is made.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from orchestration.company.catalogue import Catalogue
from orchestration.company.people import People
from orchestration.company.plan import DAY, HOUR, Plan, epoch
from orchestration.company.stories import Stories

# Stages as the company calls them, with the canonical stage that a person would give each; None where nobody
# could say.
STAGES: tuple[tuple[str, str | None], ...] = (
    ("Application Review", "applied"),
    ("Recruiter Phone Screen", "screen"),
    ("Technical Interview", "interview"),
    ("Chemistry", None),
    ("Reference Check", "decision"),
    ("Offer", "offer"),
)
OFFER_STAGE = len(STAGES) - 1
RANKS = {"applied": 10, "screen": 20, "interview": 30, "decision": 40, "offer": 50, "hired": 60}
FIRST_ID = 4_000_000
CLOSED_BY_FREEZE, CLOSED_OTHERWISE, HIRED = "Hiring freeze", "Order cancelled", "Hired - new headcount"


@dataclass
class Offer:
    """One version of an offer; instants in epoch seconds."""

    offer_id: int
    version: int
    created: int
    status: str  # unresolved, accepted, rejected, deprecated
    resolved: int | None = None


@dataclass
class Application:
    """One candidate's application to one job. ``moves`` are stages after the first, and their instants."""

    application_id: int
    candidate_id: int
    applied: int
    moves: list[tuple[int, int]] = field(default_factory=list)  # stage, instant
    rejected: int | None = None
    rejected_by: str | None = None  # candidate, company
    offers: list[Offer] = field(default_factory=list)
    is_prospect: bool = False
    is_hired: bool = False

    @property
    def last_activity(self) -> int:
        """The latest instant that anything happened to it."""
        instants = [self.applied, self.rejected or 0, *(instant for _, instant in self.moves)]
        return max(instants + [o.resolved or o.created for o in self.offers])


@dataclass
class Opening:
    """One seat of one job; ``filled_by`` is the application that filled it."""

    opening_id: int
    opened: int
    closed: int | None = None
    filled_by: Application | None = None
    close_reason: str | None = None


@dataclass
class Job:
    """What is hired for: one team, one seat or several, and everybody who applied."""

    job_id: int
    name: str
    team_id: str | None  # None: a department that no team is
    is_evergreen: bool = False
    openings: list[Opening] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)


@dataclass(frozen=True)
class Hiring:
    """All jobs, in the order of their ids."""

    jobs: tuple[Job, ...]


class _Recruiters:
    """Draws what happens; everything comes from one stream of its own."""

    def __init__(self, plan: Plan, stories: Stories) -> None:
        self.plan, self.stories = plan, stories
        self.rng: random.Random = plan.rng("hiring")
        self.freeze = (epoch(stories.freeze_from), epoch(stories.freeze_until))
        self._last_id = FIRST_ID

    def next_id(self) -> int:
        self._last_id += self.rng.randrange(1, 9)
        return self._last_id

    def moment(self, day: date) -> int:
        """An instant in the working hours of a day."""
        return epoch(day) + 8 * HOUR + self.rng.randrange(10 * HOUR)

    def is_frozen(self, instant: int) -> bool:
        return self.freeze[0] <= instant < self.freeze[1]

    def thaw(self, instant: int) -> int:
        """The instant, or one shortly before the freeze if it lies in it."""
        if not self.is_frozen(instant):
            return instant
        return self.freeze[0] - DAY * self.rng.randrange(1, 12) + self.rng.randrange(12 * HOUR) - 12 * HOUR

    def apply(self, earliest: int, latest: int) -> Application:
        applied = self.rng.randrange(earliest, max(earliest + HOUR, latest))
        return Application(self.next_id(), self.next_id(), applied)

    def reject_after(self, application: Application, stage: int, end: int) -> None:
        """Move it through the stages up to ``stage`` and end it there, or leave it where ``end`` finds it."""
        instant = application.applied
        for number in range(1, stage + 1):
            if STAGES[number][1] is None and self.rng.random() < 0.6:
                continue
            instant += self.rng.randrange(DAY, 9 * DAY)
            if instant >= end:
                return
            application.moves.append((number, instant))
        instant += self.rng.randrange(DAY, 12 * DAY)
        if instant < end:
            application.rejected = instant
            application.rejected_by = "candidate" if self.rng.random() < 0.25 else "company"

    def win(self, opening: Opening, accepted: int) -> Application:
        """The application that fills the opening: each stage, an offer in one to three versions, accepted."""
        span = accepted - opening.opened
        application = Application(self.next_id(), self.next_id(), opening.opened + round(span * 0.25))
        rest = accepted - application.applied
        for number in range(1, OFFER_STAGE + 1):
            if STAGES[number][1] is None and self.rng.random() < 0.5:
                continue
            application.moves.append((number, application.applied + round(rest * number * 0.16)))
        created = application.moves[-1][1] + HOUR
        versions = self.rng.choice((1, 1, 1, 2, 3))
        for version in range(1, versions + 1):
            last = version == versions
            application.offers.append(
                Offer(
                    self.next_id(),
                    version,
                    created,
                    "accepted" if last else "deprecated",
                    accepted if last else None,
                )
            )
            created += (accepted - created) // 4
        application.is_hired = True
        opening.filled_by, opening.close_reason = application, HIRED
        opening.closed = accepted + self.rng.randrange(HOUR, 4 * DAY)
        return application

    def turn_down(self, application: Application, end: int) -> None:
        """Take it to an offer that comes to nothing: declined, taken back, or not yet settled."""
        instant = application.applied
        for number in range(1, OFFER_STAGE + 1):
            instant += self.rng.randrange(2 * DAY, 6 * DAY)
            if STAGES[number][1] is not None:
                application.moves.append((number, instant))
        created, settled = instant + HOUR, instant + self.rng.randrange(2 * DAY, 9 * DAY)
        if settled >= end or self.is_frozen(created) or self.is_frozen(settled):
            application.moves = [
                move for move in application.moves if move[1] < end and move[0] < OFFER_STAGE
            ]
            return
        fate = self.rng.choice(("rejected", "rejected", "silent", "withdrawn"))
        if fate == "rejected":
            application.offers = [Offer(self.next_id(), 1, created, "rejected", settled)]
        else:
            # Nobody touched the offer again: how the application ended tells how it ended.
            application.offers = [Offer(self.next_id(), 1, created, "unresolved")]
        application.rejected = settled + self.rng.randrange(HOUR)
        application.rejected_by = "company" if fate == "withdrawn" else "candidate"


def recruit(plan: Plan, stories: Stories, catalogue: Catalogue, people: People) -> Hiring:
    """Everything the recruiters did in the period."""
    work = _Recruiters(plan, stories)
    jobs: list[Job] = []
    joined: dict[str, list[date]] = {team.team_id: [] for team in catalogue.teams}
    for person in people.engineers:
        spell = person.spells[0]
        if plan.first_day + timedelta(days=60) <= spell.hired <= plan.last_day:
            joined[spell.teams[0][1]].append(spell.hired)
    for team in catalogue.teams:
        job = Job(work.next_id(), f"Software Engineer, {team.name}", team.team_id)
        jobs.append(job)
        for hired in sorted(joined[team.team_id]):
            _fill(work, job, hired)
        for _ in range(1 + work.rng.randrange(3)):
            _leave_open(work, job)
    evergreen = Job(
        work.next_id(), "Evergreen: engineers of every kind", catalogue.teams[0].team_id, is_evergreen=True
    )
    evergreen.openings.append(Opening(work.next_id(), work.moment(plan.first_day)))
    homeless = Job(work.next_id(), "Office Manager", None)
    _leave_open(work, homeless)
    for job in (evergreen, homeless):
        _crowd(work, job, job.openings[0], plan.end)
        jobs.append(job)
    return Hiring(tuple(jobs))


def _fill(work: _Recruiters, job: Job, hired: date) -> None:
    accepted = work.thaw(work.moment(hired - timedelta(days=work.rng.randrange(20, 45))))
    opened = work.thaw(accepted - DAY * work.rng.randrange(24, 95))
    opening = Opening(work.next_id(), opened)
    job.openings.append(opening)
    _crowd(work, job, opening, accepted)
    job.applications.append(work.win(opening, accepted))


def _leave_open(work: _Recruiters, job: Job) -> None:
    """A seat that nobody takes: the freeze cancels half of those it meets, others are given up or wait."""
    days = (work.plan.last_day - work.plan.first_day).days
    opened = work.thaw(work.moment(work.plan.first_day + timedelta(days=work.rng.randrange(20, days - 5))))
    opening = Opening(work.next_id(), opened)
    job.openings.append(opening)
    draw = work.rng.random()
    if opened < work.freeze[0] and draw < 0.5:
        opening.closed, opening.close_reason = work.freeze[0] + work.rng.randrange(5 * DAY), CLOSED_BY_FREEZE
    elif draw < 0.65:
        closed = opened + work.rng.randrange(30 * DAY, 80 * DAY)
        if closed < work.plan.end:
            opening.closed, opening.close_reason = closed, CLOSED_OTHERWISE
    _crowd(work, job, opening, opening.closed or work.plan.end)


def _crowd(work: _Recruiters, job: Job, opening: Opening, until: int) -> None:
    """Those who apply to the seat and do not get it; now and then a prospect, or one who was offered it."""
    for _ in range(work.rng.randrange(4, 9)):
        application = work.apply(opening.opened, until)
        draw = work.rng.random()
        if draw < 0.08:
            application.is_prospect = True
        elif draw < 0.18 and not job.is_evergreen:
            work.turn_down(application, until)
        else:
            work.reject_after(application, work.rng.choice((0, 0, 0, 1, 1, 2, 2, 3, 4)), work.plan.end)
        job.applications.append(application)
