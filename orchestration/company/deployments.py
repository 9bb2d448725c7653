"""Deployments, and the faults that some of them brought."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.company.catalogue import Service
from orchestration.company.mainline import Mainline, PullRequest


@dataclass(eq=False)
class Deployment:
    """One deployment of one service to one environment. ``head`` is the landing that it puts there."""

    number: int
    service: Service
    environment: str
    is_production: bool
    line: Mainline
    head: int
    created: int
    statuses: list[tuple[int, str]]
    purpose: str = "release"  # release, rollback, fix, redeploy
    failure: str | None = None  # evidence of the failure that was planted, None: it did not fail
    lower_bound: int | None = None  # head of the successful one before it; None: the first

    @property
    def sha(self) -> str:
        """Commit that it puts there."""
        return self.line.heads[self.head]

    @property
    def succeeded(self) -> bool:
        """Whether it ever reported success."""
        return any(state == "success" for _, state in self.statuses)

    @property
    def is_running(self) -> bool:
        """Whether it has come to no end yet."""
        return self.statuses[-1][1] == "in_progress"

    @property
    def finished(self) -> int:
        """First success, else the last status."""
        return next((at for at, state in self.statuses if state == "success"), self.statuses[-1][0])


@dataclass(eq=False)
class Fault:
    """A failed deployment that an incident tells of, and the service on which the incident is seen."""

    deployment: Deployment
    service: Service
    begins: int


@dataclass
class Delivery:
    """Everything that was built and shipped."""

    lines: dict[str, Mainline]
    pulls: list[PullRequest]
    deployments: list[Deployment]
    faults: list[Fault]
