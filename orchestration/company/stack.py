"""In which systems' exports the company is told: its dialect. The facts, and so the truth, stay the same."""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.company import github_records, gitlab_records
from orchestration.company.deployments import Deployment

KNOWN = {
    "gitlab": "merge requests, commits, deployments and, without jenkins, pipelines; instead of github",
    "jenkins": "pipelines; instead of github's or gitlab's",
    "opsgenie": "incidents, alerts and on-call; instead of pagerduty",
    "servicenow": "change requests of one group's services and, beside opsgenie, their incidents",
    "azure": "the second cloud's bill as Azure exports it; instead of FOCUS",
}


@dataclass(frozen=True)
class Stack:
    """The systems that stand in for the default ones."""

    systems: frozenset[str] = frozenset()

    def __contains__(self, system: str) -> bool:
        return system in self.systems

    @property
    def source_control(self) -> str:
        """Who has code, merge requests and deployments: github or gitlab."""
        return "gitlab" if "gitlab" in self else "github"

    @property
    def paging(self) -> str:
        """Who calls people: pagerduty or opsgenie."""
        return "opsgenie" if "opsgenie" in self else "pagerduty"

    def deployment_name(self, deployment: Deployment) -> str:
        """How people name a deployment: its id, with the system before it where that is not GitHub."""
        if self.source_control == "gitlab":
            return f"gitlab:{gitlab_records.deployment_id(deployment.number)}"
        return str(github_records.deployment_id(deployment.number))


def read_stack(text: str | None) -> Stack:
    """The stack of a dash-joined list of systems; nothing: the default one.

    Raises ``ValueError`` for a system that the company does not speak, with those that it does.
    """
    systems = text.lower().split("-") if text else []
    for system in systems:
        if system not in KNOWN:
            known = "; ".join(f"{name} ({what})" for name, what in KNOWN.items())
            raise ValueError(f"the company does not speak {system!r}; it knows {known}")
    return Stack(frozenset(systems))
