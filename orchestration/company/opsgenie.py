"""Opsgenie's answers: incidents, the alerts that call people about them, their logs, and who is on call.

Opsgenie merges no incidents: whoever finds one twice calls the second a duplicate. It has none without a
priority either: what nobody judged is informational, P5. An alert's priority says how urgently it calls; the
incident's, how bad it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from orchestration.company.catalogue import Catalogue, Service, Team
from orchestration.company.incidents import Incident
from orchestration.company.people import People, Person
from orchestration.company.plan import DAY, HOUR, Plan, epoch, iso
from orchestration.company.stack import Stack
from orchestration.company.writing import pages, write_json, write_lines

WEB = "https://harbourly.app.eu.opsgenie.com"
PAGE = 100
CHANNELS = {"push": "Mobile", "sms": "SMS", "email": "Email"}
LEVELS = {1: "on call", 2: "second line"}


def identify(kind: str, key: str) -> str:
    """Opsgenie's id of a thing."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{WEB}/{kind}/{key}"))


def service_id(service: Service) -> str:
    """Opsgenie's id of a service."""
    return identify("service", service.pagerduty_id)


def stamp(instant: int) -> str:
    """``2026-06-30T12:00:00.0Z``: the fraction is as short as it can be."""
    return iso(instant).replace("Z", ".0Z")


def write_opsgenie(
    root: Path,
    plan: Plan,
    catalogue: Catalogue,
    people: People,
    stack: Stack,
    incidents: list[Incident],
    elsewhere: frozenset[str],
) -> None:
    """Everything under ``root``. ``elsewhere``: services whose incidents another system tells; Opsgenie then
    only alerts about them. The newest incidents are exported twice: at first some were still open.
    """
    own = [incident for incident in incidents if incident.service.service_id not in elsewhere]
    by_month: dict[str, list[Incident]] = {}
    for incident in own:
        by_month.setdefault(iso(incident.created)[:7], []).append(incident)
    for month, members in by_month.items():
        for index, page in enumerate(pages(members, PAGE)):
            answer = {"data": [incident_record(stack, i) for i in page], "totalCount": len(members)}
            write_json(root / "incidents" / month / f"page-{index:03d}.json", answer)
    cut = plan.end - 10 * DAY
    stale = [incident_record(stack, i, cut) for i in own if cut - 5 * DAY <= i.created < cut]
    write_lines(root / "incidents" / "export-before-last.jsonl", stale)
    told = {incident.incident_id for incident in own}
    alerts = [alert_record(plan, catalogue, incident, incident.incident_id in told) for incident in incidents]
    answers = [{"data": page, "took": 0.1} for page in pages(alerts, PAGE)]
    write_lines(root / "alerts" / "pages.jsonl.gz", answers)
    write_lines(root / "alert_logs" / "all.jsonl.zst", (entry for i in incidents for entry in log_entries(i)))
    services = [service_record(plan, catalogue, s) for s in (*catalogue.services, catalogue.shadow)]
    write_json(root / "services" / "services.json", {"data": services})
    for index, persons in enumerate(pages(people.engineers, PAGE)):
        users = [user_record(person) for person in persons]
        write_json(root / "users" / f"page-{index}.json", {"data": users})
    schedules = [schedule_record(team, level) for team in catalogue.teams for level in LEVELS]
    write_json(root / "schedules" / "schedules.json", {"data": schedules})
    for team in catalogue.teams:
        for level in LEVELS:
            answer = timeline(plan, people, team, level)
            write_json(root / "on_calls" / schedule_id(team, level) / "timeline.json.gz", answer)


def incident_record(stack: Stack, incident: Incident, until: int | None = None) -> dict[str, Any]:
    """One incident; ``until``: as it stood at that instant."""
    resolved = incident.resolved
    if until is not None and resolved is not None and resolved >= until:
        resolved = None
    title = f"[Duplicate] {incident.title}" if incident.merged_into and resolved else incident.title
    named = {"deployment_id": stack.deployment_name(incident.names)} if incident.names else {}
    identifier = identify("incident", incident.incident_id)
    return {
        "id": identifier, "description": "", "impactedServices": [service_id(incident.service)],
        "tinyId": str(incident.number), "message": title, "status": "resolved" if resolved else "open",
        "tags": [], "createdAt": stamp(incident.created), "updatedAt": stamp(resolved or incident.created),
        "priority": incident.priority or "P5", "ownerTeam": "",
        "responders": [{"type": "user", "id": user_id(person)} for person in incident.responders],
        "extraProperties": named, "links": {"web": f"{WEB}/incident/detail/{identifier}"},
        "impactStartDate": stamp(incident.created), "actions": [],
    }  # fmt: skip


def alert_record(plan: Plan, catalogue: Catalogue, incident: Incident, has_incident: bool) -> dict[str, Any]:
    """The alert that called people; ``has_incident``: its alias then says for which incident it calls."""
    report: dict[str, Any] = {}
    if incident.acknowledged:
        report = {
            "ackTime": 1000 * (incident.acknowledged - incident.created),
            "acknowledgedBy": incident.responders[0].email,
        }
    if incident.resolved:
        report |= {
            "closeTime": 1000 * (incident.resolved - incident.created),
            "closedBy": incident.responders[0].email,
        }
    urgent = incident.priority if incident.priority in ("P1", "P2", "P3") else "P3"
    calm = incident.priority if incident.priority in ("P4", "P5") else "P5"
    alias = incident.title
    if has_incident:
        alias = f"{identify('incident', incident.incident_id)}_{user_id(incident.responders[0])}"
    return {
        "id": alert_id(incident), "tinyId": str(incident.number), "alias": alias, "message": incident.title,
        "status": "closed" if incident.resolved else "open",
        "acknowledged": incident.acknowledged is not None,
        "isSeen": True, "tags": [f"service:{service_id(incident.service)}"], "snoozed": False, "count": 1,
        "lastOccurredAt": stamp(incident.created), "createdAt": stamp(incident.created),
        "updatedAt": stamp(incident.resolved or incident.acknowledged or incident.created),
        "source": "monitoring", "owner": incident.responders[0].email,
        "priority": urgent if incident.urgency == "high" else calm,
        "responders": [{"type": "user", "id": user_id(person)} for person in incident.responders],
        "integration": {"id": identify("integration", "api"), "name": "Monitoring", "type": "API"},
        "report": report,
        "ownerTeamId": team_id(catalogue, incident.service, plan.last_day), "entity": "",
    }  # fmt: skip


def alert_id(incident: Incident) -> str:
    """Opsgenie's id of the alert about an incident: it ends in the millisecond of its creation."""
    return f"{identify('alert', incident.incident_id)}-{1000 * incident.created}"


def log_entries(incident: Incident) -> Iterable[dict[str, Any]]:
    """The log of an alert, by a script that notes the alert beside each entry."""
    responder = incident.responders[0].email
    entries = [(incident.created, "system", "Alert created via API[Monitoring]", "System")]
    for person, at, method in incident.notified:
        text = f"Alert notification [{CHANNELS[method]}] has been sent to [{person.email}]"
        entries.append((at, "alertRecipient", text, person.email))
    if incident.acknowledged:
        entries.append((incident.acknowledged, "system", "Alert acknowledged via mobile", responder))
    if incident.resolved:
        entries.append((incident.resolved, "system", "Alert closed via web", responder))
    for index, (at, kind, text, owner) in enumerate(entries):
        yield {
            "alertId": alert_id(incident), "log": text, "type": kind, "owner": owner, "createdAt": stamp(at),
            "offset": f"{1000 * at}_{1000 * at}{index:06d}",
        }  # fmt: skip


def team_id(catalogue: Catalogue, service: Service, day: date) -> str:
    """Opsgenie's id of the team that owns a service on a day; nobody's has a team without people."""
    return identify("team", catalogue.owner_of(service, day))


def service_record(plan: Plan, catalogue: Catalogue, service: Service) -> dict[str, Any]:
    """One service."""
    return {
        "id": service_id(service), "name": service.name, "description": "", "tags": [],
        "teamId": team_id(catalogue, service, plan.last_day), "links": {},
    }  # fmt: skip


def user_id(person: Person) -> str:
    """Opsgenie's id of a person."""
    return identify("user", person.pagerduty_id)


def user_record(person: Person) -> dict[str, Any]:
    """One user, name and address and all."""
    return {
        "id": user_id(person), "username": person.email, "fullName": person.name, "blocked": False,
        "verified": True, "role": {"id": "User", "name": "User"}, "timeZone": person.time_zone,
        "locale": "en_US", "userAddress": {"country": "", "city": "CANARY-PERSONAL city"},
    }  # fmt: skip


def schedule_id(team: Team, level: int) -> str:
    """Opsgenie's id of a team's schedule: each step of its escalation has one of its own."""
    return identify("schedule", f"{team.team_id}/{level}")


def schedule_record(team: Team, level: int) -> dict[str, Any]:
    """One schedule."""
    return {
        "id": schedule_id(team, level), "name": f"{team.name} {LEVELS[level]}", "description": "",
        "timezone": "Europe/Berlin", "enabled": True,
        "ownerTeam": {"id": identify("team", team.team_id), "name": team.name}, "rotations": [],
    }  # fmt: skip


def timeline(plan: Plan, people: People, team: Team, level: int) -> dict[str, Any]:
    """A schedule's final timeline: weekly turns, Monday 09:00 to Monday 09:00."""
    periods = []
    monday: date = plan.first_day - timedelta(days=plan.first_day.weekday())
    while monday <= plan.last_day:
        first = max(monday, plan.first_day)
        members = people.members(team.team_id, first)
        person = members[((first - plan.first_day).days // 7 + level - 1) % len(members)]
        start = epoch(monday) + 9 * HOUR
        periods.append({
            "startDate": stamp(start), "endDate": stamp(start + 7 * DAY), "type": "historical",
            "recipient": {"type": "user", "name": person.email, "id": user_id(person)},
        })  # fmt: skip
        monday += timedelta(days=7)
    rotation = {"id": identify("rotation", f"{team.team_id}/{level}"), "name": "weekly", "order": 1.0,
                "periods": periods}  # fmt: skip
    return {
        "data": {
            "_parent": {"id": schedule_id(team, level), "name": f"{team.name} {LEVELS[level]}"},
            "startDate": stamp(plan.start), "endDate": stamp(plan.end),
            "finalTimeline": {"rotations": [rotation]},
        },
        "took": 0.1,
    }  # fmt: skip
