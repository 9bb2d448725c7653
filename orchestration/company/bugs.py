"""Bugs as they come: by themselves, more of them after hurried releases, and after major incidents."""

from __future__ import annotations

import random
from datetime import timedelta

from orchestration.company.backlog import Backlog
from orchestration.company.catalogue import Service
from orchestration.company.incidents import Incident
from orchestration.company.plan import DAY, HOUR, day_of, epoch, poisson
from orchestration.company.work import BEFORE_PRODUCTION, PRODUCTION, Item

BUGS_PER_SERVICE_DAY = 0.042
ESCAPED_SHARE, ESCAPED_SHARE_AFTER_HURRY = 0.30, 0.52
BUGS_AFTER_HURRY = 1.8


def meet_bugs(backlog: Backlog, incidents: list[Incident]) -> dict[str, list[Item]]:
    """Bugs by team, in order of creation; those that nobody will mend are closed here."""
    rng, plan = backlog.rng, backlog.plan
    found: list[tuple[int, Service, str | None, Incident | None]] = []
    for day in plan.days:
        shaken = backlog.stories.hurried_from <= day < backlog.stories.hurried_until + timedelta(days=30)
        share = ESCAPED_SHARE_AFTER_HURRY if shaken else ESCAPED_SHARE
        rate = BUGS_PER_SERVICE_DAY * (BUGS_AFTER_HURRY if shaken else 1)
        for service in backlog.catalogue.services:
            for _ in range(poisson(rng, rate)):
                created = epoch(day) + rng.randrange(7 * HOUR, 18 * HOUR)
                found.append((created, service, _draw_origin(rng, share), None))
    for incident in incidents:
        if incident.counts and incident.service.is_catalogued and incident.priority in ("P1", "P2"):
            created = incident.created + rng.randrange(HOUR, 30 * HOUR)
            if rng.random() < 0.3 and created < plan.end:
                found.append((created, incident.service, PRODUCTION, incident))
    found.sort(key=lambda bug: (bug[0], bug[1].service_id))
    bugs: dict[str, list[Item]] = {}
    for created, service, found_in, cause in found:
        team_id = backlog.catalogue.owner_of(service, day_of(created))
        board = backlog.boards[team_id]
        if cause:
            bug = backlog.link_bug(board, service, created, cause)
        else:
            bug = backlog.report_bug(board, service, created, found_in)
        if rng.random() < 0.15:
            backlog.dismiss(bug, backlog.between(created + HOUR, created + 6 * DAY))
        else:
            bugs.setdefault(team_id, []).append(bug)
    return bugs


def _draw_origin(rng: random.Random, escaped_share: float) -> str | None:
    if rng.random() < 0.07:
        return None
    return PRODUCTION if rng.random() < escaped_share else BEFORE_PRODUCTION
