"""Code quality as SonarQube tells it: weekly analyses of each service, and the issues that they found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.people import People
from orchestration.company.plan import DAY, HOUR, Plan, day_of, poisson
from orchestration.company.truth import Row
from orchestration.company.writing import pages, write_json

NEW_ISSUES_PER_WEEK = 0.9
CLOSED_PER_WEEK = 0.012  # of those that are open
PAGE = 500
EFFORTS = {"2min": 2, "10min": 10, "1h": 60, "1h30min": 90, "4h": 240, "1d": 480, "1d2h": 600}
RULES = {"BUG": "java:S2259", "CODE_SMELL": "java:S3776"}


@dataclass(eq=False)
class Issue:
    """One issue. Instants are epoch seconds; ``closed`` None: still open at the end."""

    key: str
    kind: str
    severity: str
    effort: str
    author: str
    found: int
    closed: int | None = None


@dataclass
class Project:
    """A service's code. ``analyses``: instant, coverage in tenths of a percent, lines, minutes of debt."""

    service: Service
    issues: list[Issue] = field(default_factory=list)
    analyses: list[tuple[int, int, int, int]] = field(default_factory=list)


def analyse(plan: Plan, catalogue: Catalogue, people: People) -> list[Project]:
    """Every catalogued service, analysed once a week up to the last day."""
    rng = plan.rng("quality")
    projects = []
    for service in catalogue.services:
        if not service.is_catalogued:
            continue
        project = Project(service)
        coverage, lines = rng.randrange(420, 900), rng.randrange(4_000, 60_000)
        hour = rng.randrange(24) * HOUR
        for at in range(plan.start + (len(plan.days) - 1) % 7 * DAY + hour, plan.end, 7 * DAY):
            members = people.members(catalogue.owner_of(service, day_of(at)), day_of(at))
            for issue in project.issues:
                if issue.closed is None and rng.random() < CLOSED_PER_WEEK:
                    issue.closed = at
            for _ in range(poisson(rng, NEW_ISSUES_PER_WEEK)):
                kind = rng.choices(("CODE_SMELL", "BUG"), (5, 1))[0]
                severity = rng.choice(("MINOR", "MAJOR", "CRITICAL"))
                author = rng.choice(members).email
                key = f"AY{rng.getrandbits(80):020x}"
                project.issues.append(Issue(key, kind, severity, rng.choice(list(EFFORTS)), author, at))
            coverage = min(980, max(200, coverage + rng.randrange(-9, 12)))
            lines += rng.randrange(-50, 400)
            open_smells = [i for i in project.issues if i.closed is None and i.kind == "CODE_SMELL"]
            debt = sum(EFFORTS[issue.effort] for issue in open_smells)
            project.analyses.append((at, coverage, lines, debt))
        projects.append(project)
    return projects


def write_quality(root: Path, projects: Sequence[Project]) -> None:
    """``sonarqube`` below ``root``: pages of issues as they stand in the end, and each project's history."""
    records = [_issue(project.service, issue) for project in projects for issue in project.issues]
    for number, page in enumerate(pages(records, PAGE), start=1):
        paging = {"pageIndex": number, "pageSize": PAGE, "total": len(records)}
        write_json(
            root / "sonarqube" / "issues" / f"page-{number:03d}.json", {"paging": paging, "issues": page}
        )
    for project in projects:
        metrics = {
            "coverage": [f"{tenths / 10:.1f}" for _, tenths, _, _ in project.analyses],
            "ncloc": [str(lines) for _, _, lines, _ in project.analyses],
            "sqale_index": [str(debt) for _, _, _, debt in project.analyses],
            "sqale_rating": [f"{_rating(debt, lines)}.0" for _, _, lines, debt in project.analyses],
        }
        instants = [_text(at) for at, _, _, _ in project.analyses]
        measures = [
            {
                "metric": metric,
                "history": [{"date": d, "value": v} for d, v in zip(instants, told, strict=True)],
            }
            for metric, told in metrics.items()
        ]
        folder = root / "sonarqube" / "measures" / project.service.service_id
        paging = {"pageIndex": 1, "pageSize": 1000, "total": len(instants)}
        write_json(folder / "history.json", {"paging": paging, "measures": measures})


def _rating(debt: int, lines: int) -> int:
    """SQALE's scale: debt against 30 minutes for each line, 5, 10, 20 and 50 percent."""
    share = debt / (30 * max(1, lines))
    return 1 + sum(share > limit for limit in (0.05, 0.1, 0.2, 0.5))


def _text(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%S}+0000"


def _issue(service: Service, issue: Issue) -> dict[str, Any]:
    closed = {"status": "CLOSED", "resolution": "FIXED"} if issue.closed is not None else {"status": "OPEN"}
    dated = {"closeDate": _text(issue.closed)} if issue.closed is not None else {}
    return {
        "key": issue.key,
        "rule": RULES[issue.kind],
        "severity": issue.severity,
        "component": f"{service.service_id}:src/main/Handler.java",
        "project": service.service_id,
        "hash": issue.key[-8:],
        "message": "Refactor this method" if issue.kind == "CODE_SMELL" else "A null pointer could be thrown",
        "effort": issue.effort,
        "debt": issue.effort,
        "author": issue.author,
        "tags": [],
        "creationDate": _text(issue.found),
        "updateDate": _text(issue.found if issue.closed is None else issue.closed),
        "type": issue.kind,
        **closed,
        **dated,
    }


def code_quality(projects: Sequence[Project]) -> list[Row]:
    """Each service in the end: coverage in percent, minutes of debt, issues found in all and open ones."""
    return [
        {
            "service": project.service.service_id,
            "coverage_percent": f"{project.analyses[-1][1] / 10:.1f}",
            "debt_minutes": project.analyses[-1][3],
            "found": len(project.issues),
            "open": sum(issue.closed is None for issue in project.issues),
        }
        for project in projects
    ]
