"""Who leads each team, who is named to follow, and the plan of succession that the HR system exports."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from orchestration.company.catalogue import Catalogue
from orchestration.company.people import CANARY_TEXT, People, Person
from orchestration.company.plan import Plan
from orchestration.company.truth import Row
from orchestration.company.writing import write_csv

READINESS = ("Ready now", "In one year", "In three years")


@dataclass(frozen=True)
class Role:
    """A team's lead and whoever is named to follow; ``is_planned`` False: the plan does not know the role."""

    team_id: str
    lead: Person
    successors: tuple[Person, ...]
    is_planned: bool


def plan_succession(plan: Plan, catalogue: Catalogue, people: People) -> list[Role]:
    """One role per team. Some have nobody named, some are not in the plan, and one names who has left."""
    rng = plan.rng("succession")
    gone = [p for p in people.engineers if p.spells[-1].ended and p.spells[-1].ended < plan.last_day]
    roles = []
    for index, team in enumerate(catalogue.teams):
        staff = people.members(team.team_id, plan.last_day)
        lead = people.lead(team.team_id, plan.last_day)
        named = rng.sample([p for p in staff if p is not lead], 1 + index % 2)
        if index % 4 == 1:
            named = [rng.choice(gone)]
        elif index % 4 == 2:
            named = []
        roles.append(Role(team.team_id, lead, tuple(named), index % 4 != 2 or rng.random() < 0.5))
    return roles


def write_succession(root: Path, plan: Plan, roles: list[Role]) -> None:
    """``successors`` below ``root``: the whole plan as one report."""
    folder = (plan.last_day + timedelta(days=1)).isoformat()
    header = (
        "Employee ID",
        "Incumbent",
        "Successor ID",
        "Successor Name",
        "Readiness",
        "Planned On",
        "Comments",
    )
    rows = []
    for role in roles:
        for rank, successor in enumerate(role.successors or (None,)):
            if role.is_planned:
                rows.append(
                    (
                        role.lead.worker_id, role.lead.name, successor and successor.worker_id,
                        successor and successor.name, READINESS[rank] if successor else None,
                        plan.last_day - timedelta(days=90), CANARY_TEXT,
                    )
                )  # fmt: skip
    write_csv(root / "successors" / folder / "succession.csv", header, rows)


def manager_span(plan: Plan, people: People, roles: list[Role]) -> list[Row]:
    """Each lead's reports on the last day, employees and others, and successors who are still there."""
    rows = []
    for role in roles:
        reports = [p for p in people.members(role.team_id, plan.last_day) if p is not role.lead]
        employees = sum(person.worker_type == "employee" for person in reports)
        staying = [p for p in role.successors if any(spell.employed_on(plan.last_day) for spell in p.spells)]
        rows.append(
            {
                "team_id": role.team_id,
                "direct_reports": employees,
                "other_reports": len(reports) - employees,
                "named_successors": len(staying),
            }
        )
    return rows
