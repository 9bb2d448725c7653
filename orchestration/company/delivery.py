"""Deployments, and what became of them: one walk through time over all repositories.

The walk decides which deployments fail and by what evidence, so that the truth is what was planted and
never what a query would infer. Foundations (services that others depend on) deploy before ten in the morning
and their dependents after it: an incident then has one deployment that can be blamed.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.changes import plan_pull_requests
from orchestration.company.deployments import Delivery, Deployment, Fault
from orchestration.company.mainline import (
    Commit,
    Mainline,
    PullRequest,
    found_repositories,
    land,
    new_sha,
    push_commit,
    touched_files,
)
from orchestration.company.people import People, Person
from orchestration.company.plan import DAY, HOUR, Plan, day_of, epoch, poisson
from orchestration.company.stories import FAILURE_SHARE, HURRY_FAILURE_SHARE, HURRY_FREQUENCY, Stories

MINUTE = 60
# How a failed deployment shows itself, and how often: the names of the evidence as the truth reports them.
EVIDENCE = {"incident_named": 15, "rollback": 27, "hotfix": 14, "revert": 9, "incident": 30, "dependency": 5}


@dataclass(eq=False)
class _Lane:
    """One service on its way to production."""

    service: Service
    line: Mainline
    environments: tuple[str, str]
    cadence: float
    done: list[Deployment] = field(default_factory=list)
    busy_until: int = 0


class _Walk:
    def __init__(self, plan: Plan, stories: Stories, catalogue: Catalogue, people: People) -> None:
        self.plan, self.stories, self.catalogue, self.people = plan, stories, catalogue, people
        self.rng = plan.rng("delivery")
        self.lines = found_repositories(plan, catalogue, people)
        self.pulls = plan_pull_requests(plan, stories, catalogue, people)
        self.deployments: list[Deployment] = []
        self.faults: list[Fault] = []
        self.queue: list[tuple[int, int, Callable[[int], object]]] = []
        self.sequence = 0
        self.lanes = {}
        for service in (*catalogue.services, catalogue.shadow):
            cadence = (
                0.35
                if service.is_foundation
                else self.rng.choice((0.35, 0.5, 0.7, 0.9)) / (1 + (service.tier == 3))
            )
            environments = self.rng.choices(
                (("production", "staging"), ("prod", "stage"), ("production-eu", "staging-eu")), (8, 1, 1)
            )
            self.lanes[service.service_id] = _Lane(
                service, self.lines[service.repository], environments[0], cadence
            )

    def at(self, instant: int, action: Callable[[int], object]) -> None:
        self.sequence += 1
        heapq.heappush(self.queue, (instant, self.sequence, action))

    def run(self) -> Delivery:
        for pull in self.pulls:
            if pull.merged is not None:
                self.at(pull.merged, partial(self._merge_at, pull))
        for day in self.plan.days:
            if day.weekday() < 5:
                for lane in self.lanes.values():
                    self._plan_day(lane, day)
        while self.queue:
            instant, _, action = heapq.heappop(self.queue)
            if instant < self.plan.end:
                action(instant)
        for lane in list(self.lanes.values())[:2]:
            # Still under way when the exports were made.
            head = lane.line.index_at(self.plan.end)
            self._record(
                lane, lane.environments[0], True, head, self.plan.end - 4 * MINUTE, [("in_progress", 30)]
            )
        for pull in self.pulls:
            if pull.merged is not None and pull.merged >= self.plan.end:
                pull.merged = None
            if pull.closed is not None and pull.closed >= self.plan.end:
                pull.closed = None
            pull.reviews = [review for review in pull.reviews if review[1] < self.plan.end]
            # The first one stands before the opening: what is open has at least that.
            pull.commits = [commit for commit in pull.commits if commit.committed < self.plan.end]
        return Delivery(self.lines, self.pulls, self.deployments, self.faults)

    def _plan_day(self, lane: _Lane, day: date) -> None:
        hurry = HURRY_FREQUENCY if self.stories.hurried(day) else 1.0
        slots = poisson(self.rng, lane.cadence * hurry)
        if lane.service.is_foundation:
            if slots:
                self.at(epoch(day) + 6 * HOUR + self.rng.randrange(90 * MINUTE), partial(self._slot, lane))
            return
        for _ in range(min(slots, 3)):
            self.at(epoch(day) + 10 * HOUR + self.rng.randrange(7 * HOUR), partial(self._slot, lane))

    def _merge_at(self, pull: PullRequest, _: int) -> None:
        self._merge(pull)

    def _merge(self, pull: PullRequest, is_fix: bool = False) -> None:
        line = self.lines[pull.repository]
        if pull.merged is not None and pull.merged <= line.times[-1]:
            pull.merged = pull.closed = line.times[-1] + 20
        land(self.rng, line, pull, is_fix)

    def _slot(self, lane: _Lane, now: int) -> None:
        """A time at which the team could release: it does if there is something of this service to
        release.
        """
        if now < lane.busy_until:
            return
        rehearsal = now - 50 * MINUTE
        head = lane.line.index_at(rehearsal)
        last = lane.done[-1].head if lane.done else -1
        if not any(lane.service in landing.services for landing in lane.line.landings[last + 1 : head + 1]):
            if lane.done and self.rng.random() < 0.04:
                self._deploy(lane, now, last, "redeploy")
            return
        self._rehearse(lane, rehearsal + 5 * MINUTE, head)
        if self.rng.random() < 0.04:
            failed = self._record(
                lane, lane.environments[0], True, head, now, [("in_progress", 30), ("failure", 300)]
            )
            now = failed.finished + 10 * MINUTE
        deployment = self._deploy(lane, now, head, "release")
        if deployment.lower_bound is not None and lane.service.is_catalogued:
            self._maybe_fail(lane, deployment)

    def _rehearse(self, lane: _Lane, now: int, head: int) -> None:
        draw = self.rng.random()
        if draw < 0.75:
            self._record(
                lane, lane.environments[1], False, head, now, [("in_progress", 20), ("success", 240)]
            )
        if draw < 0.03:
            self._record(lane, "blue-lab", False, head, now + 60, [("success", 100)])

    def _record(
        self,
        lane: _Lane,
        environment: str,
        is_production: bool,
        head: int,
        now: int,
        steps: list[tuple[str, int]],
    ) -> Deployment:
        moment, statuses = now, []
        for state, seconds in steps:
            moment += seconds + self.rng.randrange(seconds)
            statuses.append((moment, state))
        deployment = Deployment(
            len(self.deployments) + 1,
            lane.service,
            environment,
            is_production,
            lane.line,
            head,
            now,
            statuses,
        )
        self.deployments.append(deployment)
        return deployment

    def _deploy(self, lane: _Lane, now: int, head: int, purpose: str) -> Deployment:
        steps = [("in_progress", 25), ("success", 260)]
        if self.rng.random() < 0.03:
            # The same deployment tried again: it counts once.
            steps = [("in_progress", 25), ("failure", 200), ("in_progress", 120), ("success", 260)]
        deployment = self._record(lane, lane.environments[0], True, head, now, steps)
        deployment.purpose = purpose
        deployment.lower_bound = lane.done[-1].head if lane.done else None
        if lane.done:
            lane.done[-1].statuses.append((deployment.finished + 2, "inactive"))
        lane.done.append(deployment)
        lane.busy_until = deployment.finished + 45 * MINUTE
        return deployment

    def _maybe_fail(self, lane: _Lane, deployment: Deployment) -> None:
        hurried = self.stories.hurried(day_of(deployment.finished))
        if self.rng.random() >= (HURRY_FAILURE_SHARE if hurried else FAILURE_SHARE):
            return
        evidence = self.rng.choices(list(EVIDENCE), list(EVIDENCE.values()))[0]
        if lane.service.is_foundation and self.rng.random() < 0.4:
            evidence = "dependency"
        finished = deployment.finished
        if evidence == "rollback":
            self._roll_back(lane, deployment)
        elif evidence in ("hotfix", "revert"):
            self._repair(lane, deployment, evidence)
        elif evidence == "dependency":
            self._break_dependent(lane, deployment)
        else:
            deployment.failure = evidence
            begins = finished + self.rng.randrange(4 * MINUTE, 40 * MINUTE)
            self.faults.append(Fault(deployment, lane.service, begins))
            lane.busy_until = begins + 30 * MINUTE

    def _roll_back(self, lane: _Lane, deployment: Deployment) -> None:
        back = lane.done[-2]
        culprit = deployment
        delay = self.rng.randrange(20 * MINUTE, 70 * MINUTE)
        older = lane.done[-3] if len(lane.done) > 2 else None
        calm = [d.purpose == "release" and d.failure is None for d in lane.done[-3:]]
        if older and all(calm) and older.head < back.head < deployment.head and self.rng.random() < 0.2:
            # Two versions back: the first one deployed after the restored version is the culprit.
            back, culprit = older, back
        elif back.head >= deployment.head or back.purpose == "rollback":
            return
        elif self.rng.random() < 0.6:
            self.faults.append(
                Fault(
                    deployment,
                    lane.service,
                    deployment.finished + self.rng.randrange(3 * MINUTE, 15 * MINUTE),
                )
            )
        culprit.failure = "rollback"
        lane.busy_until = deployment.finished + 2 * HOUR
        self.at(deployment.finished + delay, lambda t: self._restore(lane, t, back.head))

    def _restore(self, lane: _Lane, now: int, head: int) -> None:
        self._deploy(lane, now, head, "rollback")

    def _repair(self, lane: _Lane, deployment: Deployment, evidence: str) -> None:
        """A hotfix or a revert lands half an hour later, and is deployed next."""
        culprit = None
        if evidence == "revert":
            # Only what first ran with this deployment: what was rolled back before came with an earlier one.
            reached = max(earlier.head for earlier in lane.done[:-1])
            carried = lane.line.landings[reached + 1 : deployment.head + 1]
            candidates = [
                c.pull
                for c in carried
                if c.pull and not c.is_bot and not c.is_fix and c.services == (lane.service,)
            ]
            if not candidates:
                return
            culprit = candidates[-1]
        team = self.catalogue.owner_of(lane.service, day_of(deployment.finished))
        author = self.rng.choice(self.people.members(team, day_of(deployment.finished)))
        deployment.failure = evidence
        landing = deployment.finished + self.rng.randrange(25 * MINUTE, 40 * MINUTE)
        lane.busy_until = landing + 3 * HOUR
        if self.rng.random() < 0.5:
            self.faults.append(
                Fault(
                    deployment,
                    lane.service,
                    deployment.finished + self.rng.randrange(3 * MINUTE, 15 * MINUTE),
                )
            )
        self.at(landing, lambda t: self._land_repair(lane, t, author, culprit))

    def _land_repair(self, lane: _Lane, now: int, author: Person, culprit: PullRequest | None) -> None:
        service, line = lane.service, lane.line
        now = max(now, line.times[-1] + 20)
        files = touched_files(self.rng, (service,))
        written = now - 15 * MINUTE
        if culprit is None and self.rng.random() < 0.3:
            commit = Commit(
                new_sha(self.rng), author, written, now, f"hotfix: restore {service.service_id}", files=files
            )
            push_commit(line, commit, (service,), is_fix=True)
        else:
            title = f'Revert "{culprit.title}"' if culprit else f"Hotfix: stop errors in {service.service_id}"
            branch = f"revert/{culprit.branch}" if culprit else f"hotfix/{service.service_id}-{now % 10_000}"
            commit = Commit(new_sha(self.rng), author, written, written, title, files=files)
            pull = PullRequest(
                line.repository, author, (service,), title, branch, written + 60, "squash", [commit], now, now
            )
            if culprit:
                commit.reverts, pull.reverted = culprit.merge_sha, culprit
            else:
                pull.labels = ("hotfix",)
            self.pulls.append(pull)
            land(self.rng, line, pull, is_fix=True)
        self.at(
            now + self.rng.randrange(5 * MINUTE, 12 * MINUTE),
            lambda t: self._deploy(lane, t, lane.line.index_at(t), "fix"),
        )

    def _break_dependent(self, lane: _Lane, deployment: Deployment) -> None:
        """The fault will show on a service that depends on this one."""
        begins = deployment.finished + self.rng.randrange(2 * MINUTE, 10 * MINUTE)
        lane.busy_until = begins + 30 * MINUTE
        self.at(begins, lambda t: self._show_on_dependent(lane, deployment, t))

    def _show_on_dependent(self, lane: _Lane, deployment: Deployment, now: int) -> None:
        """Plant the fault where for a day nothing else was deployed that could be blamed; else it never
        was."""
        for dependent in self.catalogue.services:
            others = [
                self.lanes[name]
                for name in (dependent.service_id, *dependent.depends_on)
                if name != lane.service.service_id
            ]
            quiet = all(not other.done or other.done[-1].finished < now - DAY for other in others)
            if lane.service.service_id in dependent.depends_on and quiet:
                deployment.failure = "dependency"
                self.faults.append(Fault(deployment, dependent, now))
                return


def deliver(plan: Plan, stories: Stories, catalogue: Catalogue, people: People) -> Delivery:
    """Every pull request, commit and deployment of the period, and the faults that incidents will tell of."""
    return _Walk(plan, stories, catalogue, people).run()
