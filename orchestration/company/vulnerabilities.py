"""What was vulnerable when: findings of four scanners, what became of them, and what the policy allowed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.plan import DAY, HOUR, Plan, day_of, epoch, poisson
from orchestration.company.stories import Stories

DAYS_ALLOWED = {"critical": 7, "high": 30, "medium": 90, "low": 180}
DAYS_ALLOWED_EXPLOITED = 14
SEVERITIES = ("critical",) * 2 + ("high",) * 5 + ("medium",) * 8 + ("low",) * 5
TOOLS = ("snyk",) * 10 + ("dependabot",) * 8 + ("wiz",) * 2
PACKAGES = (
    "left-pad", "lodash", "minimist", "semver", "axios", "jsonwebtoken", "express", "follow-redirects",
    "node-fetch", "tar", "ws", "xml2js", "qs", "braces", "cookie", "postcss",
)  # fmt: skip
PER_SERVICE_AND_MONTH = 1.6
OPEN, FIXED, ACCEPTED, FALSE_POSITIVE = "open", "fixed", "accepted_risk", "false_positive"


@dataclass(eq=False)
class Vulnerability:
    """One finding of one tool. ``events``: instant and state, in order, the detection (open) first."""

    number: int
    service: Service
    tool: str
    severity: str
    package: str
    version: str
    cve: str
    events: list[tuple[int, str]]
    listed: date | None = None  # in the catalogue of known exploited vulnerabilities
    twin_of: Vulnerability | None = None  # the same thing, seen by another tool before

    @property
    def detected(self) -> int:
        """First instant at which it was seen, epoch seconds."""
        return self.events[0][0]

    @property
    def due(self) -> date:
        """Last day in time: of the two clocks of an exploited one, the earlier."""
        found = day_of(self.detected)
        ordinary = found + timedelta(days=DAYS_ALLOWED[self.severity])
        if self.listed is None:
            return ordinary
        return min(ordinary, max(found, self.listed) + timedelta(days=DAYS_ALLOWED_EXPLOITED))

    @property
    def state(self) -> str:
        """The state in the end."""
        return self.events[-1][1]

    @property
    def fixed(self) -> int | None:
        """When it was fixed for good; None unless it is fixed in the end."""
        return self.events[-1][0] if self.state == FIXED else None

    @property
    def exclusion_reason(self) -> str | None:
        """Why it is not held against the SLA."""
        if self.state in (ACCEPTED, FALSE_POSITIVE):
            return self.state
        return "duplicate" if self.twin_of else None

    def event_before(self, instant: int) -> tuple[int, str] | None:
        """The last event before an instant; None where it had not been seen by then."""
        past = [event for event in self.events if event[0] < instant]
        return past[-1] if past else None


@dataclass
class Exposure:
    """All vulnerabilities; ``imported``: a repository that was imported into Snyk again, and when."""

    vulnerabilities: list[Vulnerability] = field(default_factory=list)
    imported: tuple[str, int] = ("", 0)

    def of(self, *tools: str) -> list[Vulnerability]:
        """Those that these tools found."""
        return [v for v in self.vulnerabilities if v.tool in tools]


def expose(plan: Plan, stories: Stories, catalogue: Catalogue) -> Exposure:
    """What scanners found and what was done about it, with the stories that ``tell_stories`` names."""
    rng = plan.rng("vulnerabilities")
    exposure = Exposure()
    found = exposure.vulnerabilities
    services = [*catalogue.services, catalogue.shadow]
    for service in services:
        for month in plan.month_starts:
            days = plan.month_days(month)
            for _ in range(poisson(rng, PER_SERVICE_AND_MONTH)):
                day = rng.choice(days)
                detected = epoch(day) + rng.randrange(6 * HOUR, 20 * HOUR)
                tool = "snyk" if service is catalogue.shadow else rng.choice(TOOLS)
                severity = rng.choice(SEVERITIES)
                found.append(_found(rng, len(found) + 1, service, tool, severity, detected))
                _work_on(rng, plan, found[-1])
    _tell(rng, plan, exposure, catalogue.service(stories.burning_service))
    for original in [v for v in exposure.of("snyk") if v.state in (OPEN, FIXED)][::25]:
        twin = _found(
            rng, len(found) + 1, original.service, "dependabot", original.severity, original.detected
        )
        twin.package, twin.cve, twin.listed = original.package, original.cve, original.listed
        twin.twin_of = original
        twin.events = [(at + 1_800, state) for at, state in original.events if at + 1_800 < plan.end]
        found.append(twin)
    middle = plan.month_starts[plan.months // 2]
    exposure.imported = (
        catalogue.service(stories.burning_service).repository,
        epoch(middle),
    )
    return exposure


def _found(
    rng: random.Random, number: int, service: Service, tool: str, severity: str, detected: int
) -> Vulnerability:
    version = f"{rng.randrange(1, 6)}.{rng.randrange(20)}.{rng.randrange(9)}"
    # A number of its own in each CVE: no two findings meet by chance.
    return Vulnerability(
        number, service, tool, severity, rng.choice(PACKAGES), version,
        f"CVE-{day_of(detected).year}-{20_000 + number}", [(detected, OPEN)],
    )  # fmt: skip


def _work_on(rng: random.Random, plan: Plan, one: Vulnerability) -> None:
    chance = rng.random()
    if chance < 0.04:
        one.listed = day_of(one.detected) + timedelta(days=rng.randrange(-200, 30))
    allowed = DAYS_ALLOWED[one.severity] * DAY
    at = one.detected + HOUR + int(allowed * rng.lognormvariate(-0.95, 0.7))
    outcome = rng.random()
    if one.tool != "wiz" and outcome < 0.06:
        _happen(plan, one, at, ACCEPTED)
    elif one.tool != "wiz" and outcome < 0.10:
        _happen(plan, one, at, FALSE_POSITIVE if one.tool == "dependabot" else ACCEPTED)
    elif outcome < 0.97:
        _happen(plan, one, at, FIXED)
        if one.tool != "wiz" and rng.random() < 0.05:
            again = at + rng.randrange(2 * DAY, 60 * DAY)
            _happen(plan, one, again, OPEN)
            _happen(plan, one, again + rng.randrange(DAY, 40 * DAY), FIXED)


def _happen(plan: Plan, one: Vulnerability, instant: int, state: str) -> None:
    if instant < plan.end:
        one.events.append((instant, state))


def _tell(rng: random.Random, plan: Plan, exposure: Exposure, service: Service) -> None:
    """A critical one past its date, an exploited one past a date that its score alone would not have set, one
    that was fixed in time and came back, one whose risk was accepted after its date; all of one service."""
    found = exposure.vulnerabilities
    noon = plan.end - DAY // 2
    plots: tuple[tuple[str, str, int, list[tuple[int, str]]], ...] = (
        ("snyk", "critical", 24, []),
        ("dependabot", "medium", 20, []),
        ("dependabot", "high", 70, [(60, FIXED), (25, OPEN)]),
        ("snyk", "critical", 40, [(10, ACCEPTED)]),
    )
    for tool, severity, days, later in plots:
        one = _found(rng, len(found) + 1, service, tool, severity, noon - days * DAY)
        one.events += [(noon - before * DAY, state) for before, state in later]
        found.append(one)
    found[-3].listed = plan.last_day - timedelta(days=90)
