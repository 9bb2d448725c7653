"""Workflow runs: what the pipelines did for each pull request, landing and deployment, with every attempt."""

from __future__ import annotations

import random
from dataclasses import dataclass

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.deployments import Delivery
from orchestration.company.mainline import Mainline
from orchestration.company.people import People, Person
from orchestration.company.plan import DAY, HOUR, Plan, day_of, iso

MINUTE = 60
CONCLUSIONS = ("success", "failure", "timed_out", "cancelled", "skipped")
WEIGHTS = (865, 75, 8, 42, 10)


@dataclass(eq=False)
class Run:
    """One run; ``attempts`` are (started, ended, conclusion) in order. A conclusion of None: still
    running.
    """

    run_id: int
    line: Mainline
    service: Service | None  # None: a monorepo's run that no path tells whose it is
    workflow: str
    event: str
    branch: str
    sha: str
    actor: Person
    created: int
    attempts: list[tuple[int, int, str | None]]


def run_pipelines(plan: Plan, catalogue: Catalogue, people: People, delivery: Delivery) -> list[Run]:
    """Every run of the period, in order of creation. All attempts of a run end on the day on which it was
    created,
    but for a few that somebody ran again days later in the same month."""
    rng = plan.rng("pipelines")
    sole: dict[str, Service | None] = {}
    for service in (*catalogue.services, catalogue.shadow):
        sole[service.repository] = None if service.repository in sole else service
    runs: list[Run] = []

    def add(
        line: Mainline, workflow: str, event: str, branch: str, sha: str, actor: Person, at: int
    ) -> Run | None:
        attempts = _attempts(rng, at, 6 * MINUTE if workflow == "CI" else 14 * MINUTE)
        if attempts[-1][1] >= plan.end or day_of(attempts[-1][1]) != day_of(at):
            return None
        run = Run(0, line, sole[line.repository], workflow, event, branch, sha, actor, at, attempts)
        runs.append(run)
        return run

    for pull in delivery.pulls:
        line = delivery.lines[pull.repository]
        add(line, "CI", "pull_request", pull.branch, pull.commits[0].sha, pull.author, pull.opened + 5)
        if len(pull.commits) > 1:
            add(
                line,
                "CI",
                "pull_request",
                pull.branch,
                pull.commits[-1].sha,
                pull.author,
                pull.opened + 2 * MINUTE + rng.randrange(HOUR),
            )
    for line in delivery.lines.values():
        for landing, head in zip(line.landings[1:], line.heads[1:], strict=True):
            actor = (
                landing.pull.author
                if landing.pull
                else landing.commit.author
                if landing.commit
                else people.bots[2]
            )
            add(line, "CI", "push", line.branch, head, actor, landing.at + 4)
    for deployment in delivery.deployments:
        if deployment.is_production:
            run = add(
                deployment.line,
                "Deploy",
                "workflow_dispatch",
                deployment.line.branch,
                deployment.sha,
                people.bots[3],
                deployment.created - 30,
            )
            if run is not None:
                end = max(deployment.finished, run.created + 60)
                ended = None if deployment.is_running else "success" if deployment.succeeded else "failure"
                run.attempts = [(run.created + 20, end, ended)]
    for day in range(len(plan.days)):
        for service in catalogue.services:
            if service.tier == 0 and sole[service.repository] is not None:
                line = delivery.lines[service.repository]
                at = plan.start + day * DAY + 2 * HOUR + rng.randrange(HOUR)
                add(
                    line,
                    "Nightly",
                    "schedule",
                    line.branch,
                    line.heads[max(0, line.index_at(at))],
                    people.bots[2],
                    at,
                )
    runs.sort(key=lambda run: (run.created, run.line.repository, run.workflow, run.sha))
    _run_again_later(rng, plan, runs)
    for line in list(delivery.lines.values())[:2]:
        at = plan.end - 10 * MINUTE
        runs.append(
            Run(
                0,
                line,
                sole[line.repository],
                "CI",
                "push",
                line.branch,
                line.heads[-1],
                people.bots[2],
                at,
                [(at + 9, at + 9, None)],
            )
        )
    for number, run in enumerate(runs):
        run.run_id = 7_000_000_000 + 17 * number
    return runs


def _attempts(rng: random.Random, created: int, usual: int) -> list[tuple[int, int, str | None]]:
    """The first attempt, and re-runs of a red one: nearly half of them turn green without a change."""
    attempts: list[tuple[int, int, str | None]] = []
    started = created + rng.randrange(2, 40)
    while True:
        conclusion = rng.choices(CONCLUSIONS, WEIGHTS)[0]
        if attempts and rng.random() < 0.6:
            conclusion = "success"
        lasting = {"timed_out": 60 * MINUTE, "skipped": 3}.get(
            conclusion, int(usual * rng.lognormvariate(0, 0.4))
        )
        attempts.append((started, started + lasting, conclusion))
        if conclusion not in ("failure", "timed_out") or len(attempts) == 3 or rng.random() < 0.45:
            return attempts
        started += lasting + rng.randrange(2 * MINUTE, 40 * MINUTE)


def _run_again_later(rng: random.Random, plan: Plan, runs: list[Run]) -> None:
    for run in runs:
        started, ended, conclusion = run.attempts[-1]
        later = started + 3 * DAY
        if (
            conclusion == "failure"
            and run.workflow == "CI"
            and later < plan.end - DAY
            and rng.random() < 0.05
        ) and iso(later + DAY)[:7] == iso(run.created)[:7]:
            run.attempts.append((later, later + (ended - started), "success"))
