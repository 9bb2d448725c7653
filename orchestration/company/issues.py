"""Issues of repositories, as people open them: bugs, features and chores."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from orchestration.company.mainline import PullRequest
from orchestration.company.people import Person
from orchestration.company.plan import DAY, Plan


@dataclass(frozen=True)
class Issue:
    """An issue. ``position`` counts from 0 within its repository; ``closed`` None: still open."""

    repository: str
    position: int
    author: Person
    opened: int
    closed: int | None
    kind: str


def plan_issues(plan: Plan, by_repository: dict[str, list[PullRequest]]) -> Iterator[Issue]:
    """Every issue, repository by repository: one for three pull requests, opened with the first of them."""
    rng = plan.rng("issues")
    for repository, pulls in by_repository.items():
        for position in range(len(pulls) // 3):
            first = pulls[3 * position]
            yield Issue(repository, position, first.author, *_life(rng, plan, first.opened))


def _life(rng: random.Random, plan: Plan, opened: int) -> tuple[int, int | None, str]:
    closed = opened + int(rng.expovariate(1 / (6 * DAY)))
    kind = rng.choice(("bug", "feature", "chore"))
    return opened, closed if closed < plan.end else None, kind
