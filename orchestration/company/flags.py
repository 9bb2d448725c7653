"""Feature flags: what people changed about them, and the incidents that such a change brought."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.incidents import Incident
from orchestration.company.people import CANARY_TEXT, People, Person
from orchestration.company.plan import DAY, Plan, day_of, month_of, poisson
from orchestration.company.truth import Row
from orchestration.company.writing import pages, write_json

CHANGES_PER_SERVICE_DAY = 0.09
SUSPECT_SHARE = 0.15
PAGE = 200
FLAGS = ("new-navigation", "fast-path", "beta-layout", "bulk-import")
# What is done, in LaunchDarkly's name for it and its words, where, and how often.
KINDS = (
    (("updateOn", "turned on the flag", "production"), 24),
    (("updateOn", "turned off the flag", "production"), 16),
    (("updateRules", "updated the flag", "production"), 18),
    (("updateOn", "turned on the flag", "staging"), 20),
    (("updateName", "updated the flag", "*"), 12),
    (("createFlag", "created the flag", "*"), 10),
)


@dataclass(frozen=True)
class FlagChange:
    """One entry of the audit log. ``suspect_of``: the incident that it brought, nothing being deployed."""

    entry_id: str
    service: Service
    flag: str
    at: int
    action: str
    verb: str
    environment: str
    member: Person
    suspect_of: Incident | None = None

    @property
    def is_production(self) -> bool:
        """Whether users of production got something else by it."""
        return self.environment == "production"


def flip(plan: Plan, catalogue: Catalogue, people: People, incidents: Sequence[Incident]) -> list[FlagChange]:
    """Every change of a flag, in order. Some incidents that no deployment caused follow one in an hour."""
    rng = plan.rng("flags")
    found: list[FlagChange] = []
    for service in catalogue.services:
        if not service.is_catalogued:
            continue
        for number in range(len(plan.days)):
            for _ in range(poisson(rng, CHANGES_PER_SERVICE_DAY)):
                kind = rng.choices([kind for kind, _ in KINDS], [weight for _, weight in KINDS])[0]
                at = plan.start + number * DAY + rng.randrange(DAY)
                found.append(_change(rng, catalogue, people, service, at, kind, None))
    for incident in incidents:
        # Of these severities the generator lets one come by itself only where nothing was deployed for a day.
        by_itself = incident.counts and incident.blames is None and incident.names is None
        if by_itself and incident.service.is_catalogued and incident.priority in ("P1", "P2", "P3"):
            at = incident.created - rng.randrange(120, 3_600)
            if rng.random() < SUSPECT_SHARE and at >= plan.start:
                found.append(_change(rng, catalogue, people, incident.service, at, KINDS[0][0], incident))
    return sorted(found, key=lambda change: (change.at, change.entry_id))


def _change(
    rng: random.Random, catalogue: Catalogue, people: People, service: Service, at: int,
    kind: tuple[str, str, str], incident: Incident | None,
) -> FlagChange:  # fmt: skip
    day = day_of(at)
    member = rng.choice(people.members(catalogue.owner_of(service, day), day))
    action, verb, environment = kind
    identity, flag = f"{rng.getrandbits(96):024x}", rng.choice(FLAGS)
    return FlagChange(identity, service, flag, at, action, verb, environment, member, incident)


def write_flags(root: Path, changes: Sequence[FlagChange]) -> None:
    """``launchdarkly`` below ``root``: pages of the audit log, newest first as the API gives them."""
    for number, page in enumerate(pages(changes[::-1], PAGE), start=1):
        links = {"self": {"href": f"/api/v2/auditlog?limit={PAGE}", "type": "application/json"}}
        document = {"items": [_entry(change) for change in page], "_links": links}
        write_json(root / "launchdarkly" / "audit_log_entries" / f"page-{number:03d}.json", document)


def _entry(change: FlagChange) -> dict[str, Any]:
    project, member = change.service.service_id, change.member
    resource = f"proj/{project}:env/{change.environment}:flag/{change.flag}"
    return {
        "_id": change.entry_id,
        "date": change.at * 1000,
        "accesses": [{"action": change.action, "resource": resource}],
        "kind": "flag",
        "name": change.flag.replace("-", " ").capitalize(),
        "description": f"* {change.verb} {CANARY_TEXT}",
        "comment": f"agreed with {member.name}",
        "member": {"_id": member.worker_id, "email": member.email, "firstName": member.name},
        "titleVerb": change.verb,
        "title": f"[{member.name}](mailto:{member.email}) {change.verb}",
        "target": {"name": change.flag, "resources": [resource]},
    }


def flag_changes(changes: Sequence[FlagChange]) -> list[Row]:
    """Changes by service and month, and those that users of production could notice."""
    return list(_counted(changes))


def _counted(changes: Sequence[FlagChange]) -> Iterator[Row]:
    everything = Counter((c.service.service_id, month_of(day_of(c.at))) for c in changes)
    noticed = Counter((c.service.service_id, month_of(day_of(c.at))) for c in changes if c.is_production)
    for (service, month), count in sorted(everything.items()):
        yield {"service": service, "month": month, "changes": count, "production": noticed[service, month]}


def flag_suspects(changes: Sequence[FlagChange]) -> list[Row]:
    """Changes that brought an incident, with nothing deployed to the service for a day before it."""
    return [
        {"entry_id": change.entry_id, "service": change.service.service_id}
        for change in changes
        if change.suspect_of is not None
    ]
