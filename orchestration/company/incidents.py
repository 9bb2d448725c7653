"""Incidents: the ones that faults of deployments caused, and the ones that came by themselves.

What comes by itself at a severity that could blame a deployment (P1 to P3) begins only where neither the
service nor what it depends on was deployed to production within 25 hours: nothing can be blamed by accident.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from dataclasses import dataclass, field

from orchestration.company.catalogue import Catalogue, Service, pagerduty_id
from orchestration.company.deployments import Delivery, Deployment
from orchestration.company.people import People, Person
from orchestration.company.plan import DAY, HOUR, Plan, day_of, poisson

SYMPTOMS = ("error rate above threshold", "latency above threshold", "queue is growing", "health check fails",
            "disk is filling up", "certificate expires soon", "crash loop")  # fmt: skip
INCIDENTS_PER_SERVICE_DAY = 0.045
QUIET = 25 * HOUR
MINUTE = 60


@dataclass(eq=False)
class Incident:
    """One incident. Instants are epoch seconds; ``resolved`` None: still open at the end."""

    number: int
    incident_id: str
    service: Service
    title: str
    priority: str | None
    urgency: str
    created: int
    acknowledged: int | None
    resolved: int | None
    responders: tuple[Person, ...]
    merged_into: Incident | None = None
    is_test: bool = False
    names: Deployment | None = None  # the deployment that it says caused it
    blames: Deployment | None = None  # the deployment that did cause it
    notified: list[tuple[Person, int, str]] = field(default_factory=list)

    @property
    def counts(self) -> bool:
        """Whether it is an incident at all: merged ones and tests are not."""
        return self.merged_into is None and not self.is_test


def suffer(plan: Plan, catalogue: Catalogue, people: People, delivery: Delivery) -> list[Incident]:
    """Every incident of the period, in order of creation."""
    rng = plan.rng("incidents")
    calendar = _production_calendar(delivery)
    found: list[Incident] = []
    for fault in delivery.faults:
        if fault.begins >= plan.end:
            continue
        priority = rng.choices(("P1", "P2", "P3"), (8, 30, 62))[0]
        incident = _incident(rng, plan, catalogue, people, fault.service, fault.begins, priority, "high")
        incident.blames = fault.deployment
        if fault.deployment.failure == "incident_named":
            incident.names = fault.deployment
        found.append(incident)
        if fault.deployment.failure == "incident" and rng.random() < 0.2:
            again = _incident(
                rng,
                plan,
                catalogue,
                people,
                fault.service,
                fault.begins + rng.randrange(60, 10 * MINUTE),
                "P3",
                "high",
            )
            if again.created >= plan.end:
                continue
            again.blames = fault.deployment
            if rng.random() < 0.5 and again.resolved:
                again.merged_into, again.resolved = incident, again.created + 4 * MINUTE
            found.append(again)
    for day in plan.days:
        for service in catalogue.services:
            for _ in range(poisson(rng, INCIDENTS_PER_SERVICE_DAY)):
                found.append(
                    _by_itself(
                        rng,
                        plan,
                        catalogue,
                        people,
                        calendar,
                        service,
                        day_start=plan.start + (day - plan.first_day).days * DAY,
                    )
                )
        if rng.random() < 1 / 25:
            at = plan.start + (day - plan.first_day).days * DAY + rng.randrange(DAY)
            found.append(
                _incident(
                    rng, plan, catalogue, people, catalogue.shadow, at, rng.choice(("P2", "P3", "P4")), "high"
                )
            )
        if day.day == 15:
            at = plan.start + (day - plan.first_day).days * DAY + 9 * HOUR
            test = _incident(rng, plan, catalogue, people, rng.choice(catalogue.services), at, "P1", "high")
            test.title, test.is_test, test.resolved = (
                "[TEST] paging drill, please ignore",
                True,
                at + 10 * MINUTE,
            )
            found.append(test)
    found += _left_open(rng, plan, catalogue, people, calendar)
    found.sort(key=lambda incident: (incident.created, incident.service.service_id, incident.incident_id))
    for number, incident in enumerate(found, start=1):
        incident.number = number
    return found


def _left_open(
    rng: random.Random, plan: Plan, catalogue: Catalogue, people: People, calendar: dict[str, list[int]]
) -> list[Incident]:
    """A major incident of the last hours that is not restored yet, and a small one forgotten for weeks."""
    now = plan.end - 2 * HOUR
    quiet = [service for service in catalogue.services if _is_quiet(calendar, service, now)]
    major = _incident(rng, plan, catalogue, people, (quiet or [catalogue.shadow])[0], now, "P2", "high")
    forgotten = _incident(rng, plan, catalogue, people, catalogue.services[-1], now - 40 * DAY, "P5", "low")
    major.resolved = forgotten.resolved = None
    return [major, forgotten]


def _production_calendar(delivery: Delivery) -> dict[str, list[int]]:
    calendar: dict[str, list[int]] = {}
    for deployment in delivery.deployments:
        if deployment.is_production and deployment.succeeded:
            calendar.setdefault(deployment.service.service_id, []).append(deployment.finished)
    for instants in calendar.values():
        instants.sort()
    return calendar


def _is_quiet(calendar: dict[str, list[int]], service: Service, instant: int) -> bool:
    for name in (service.service_id, *service.depends_on):
        instants = calendar.get(name, [])
        before = bisect_right(instants, instant) - 1
        if before >= 0 and instants[before] > instant - QUIET:
            return False
    return True


def _by_itself(
    rng: random.Random,
    plan: Plan,
    catalogue: Catalogue,
    people: People,
    calendar: dict[str, list[int]],
    service: Service,
    day_start: int,
) -> Incident:
    at = day_start + rng.randrange(DAY)
    if _is_quiet(calendar, service, at):
        priority = rng.choices(("P1", "P2", "P3", "P4", None), (4, 16, 45, 30, 5))[0]
    else:
        priority = rng.choices(("P4", "P5", None), (65, 20, 15))[0]
    urgency = "high" if priority in ("P1", "P2", "P3") or rng.random() < 0.4 else "low"
    return _incident(rng, plan, catalogue, people, service, at, priority, urgency)


def _incident(
    rng: random.Random,
    plan: Plan,
    catalogue: Catalogue,
    people: People,
    service: Service,
    at: int,
    priority: str | None,
    urgency: str,
) -> Incident:
    median = {"P1": 42, "P2": 55, "P3": 90}.get(priority or "", 240) * (0.7 if service.tier == 0 else 1.0)
    lasting = int(min(3 * DAY, max(4 * MINUTE, median * MINUTE * rng.lognormvariate(0, 0.8))))
    resolved: int | None = at + lasting
    if resolved is not None and resolved >= plan.end:
        resolved = None
    acknowledged: int | None = at + min(lasting - 60, rng.randrange(60, 15 * MINUTE))
    if urgency == "low" or (acknowledged is not None and acknowledged >= plan.end):
        acknowledged = None
    day = day_of(at)
    team = catalogue.owner_of(service, day) if service.is_catalogued else catalogue.teams[0].team_id
    members = people.members(team, day)
    week = (day - plan.first_day).days // 7
    first = members[week % len(members)]
    responders = (first,) if rng.random() < 0.8 else (first, members[(week + 1) % len(members)])
    incident = Incident(
        number=0,
        incident_id="Q" + pagerduty_id(rng.getrandbits(70), 14)[1:],
        service=service,
        title=f"{service.service_id}: {rng.choice(SYMPTOMS)}",
        priority=priority,
        urgency=urgency,
        created=at,
        acknowledged=acknowledged,
        resolved=resolved,
        responders=responders,
    )
    for rank, person in enumerate(responders):
        moment = at + 2 + rank * 5 * MINUTE
        methods = ("email",) if urgency == "low" else ("push", "email", "sms")[: rng.randrange(1, 4)]
        for step, method in enumerate(methods):
            incident.notified.append((person, moment + step * MINUTE, method))
    incident.notified = [entry for entry in incident.notified if entry[1] < plan.end]
    return incident
