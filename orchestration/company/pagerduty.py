"""PagerDuty's answers: incidents, their log entries, services, users, schedules and who is on call."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from orchestration.company.catalogue import Catalogue, Service, Team, pagerduty_id
from orchestration.company.incidents import Incident
from orchestration.company.people import People, Person
from orchestration.company.plan import DAY, HOUR, Plan, add_months, day_of, epoch, iso
from orchestration.company.stack import Stack
from orchestration.company.writing import pages, write_csv, write_json, write_lines

API = "https://api.pagerduty.com"
PRIORITY_IDS = {name: f"PRI0000{name[1]}" for name in ("P1", "P2", "P3", "P4", "P5")}
PAGE = 100


def write_pagerduty(
    root: Path,
    plan: Plan,
    catalogue: Catalogue,
    people: People,
    stack: Stack,
    incidents: list[Incident],
) -> None:
    """Everything under ``root``.

    Incidents come as pages of the API. The oldest three months are captures from before the API told
    ``resolved_at``; one month also comes as the analytics CSV, and the newest are exported twice.
    """
    early = epoch(add_months(plan.first_day, 3))
    by_month: dict[str, list[Incident]] = {}
    for incident in incidents:
        by_month.setdefault(iso(incident.created)[:7], []).append(incident)
    for month, members in by_month.items():
        for index, page in enumerate(pages(members, PAGE)):
            records = [
                incident_record(catalogue, stack, incident, incident.created < early) for incident in page
            ]
            document = {"incidents": records, "limit": PAGE, "offset": index * PAGE, "total": None,
                        "more": (index + 1) * PAGE < len(members)}  # fmt: skip
            write_json(root / "incidents" / month / f"page-{index:03d}.json", document)
        entries = [entry for incident in members for entry in log_entries(incident)]
        if int(month[-2:]) % 3 == 0:
            write_lines(root / "log_entries" / f"{month}.jsonl.gz", entries)
        else:
            wrapped = [{"log_entries": page, "limit": PAGE, "more": False} for page in pages(entries, PAGE)]
            write_lines(root / "log_entries" / f"{month}-pages.jsonl.zst", wrapped)
    # The export of ten days before the end, in which late incidents were still open: newer files correct it.
    cut = plan.end - 10 * DAY
    stale = [
        still_open(incident_record(catalogue, stack, i, False), cut)
        for i in incidents
        if cut - 5 * DAY <= i.created < cut
    ]
    write_lines(root / "incidents" / "export-before-last.jsonl", stale)
    services = [service_record(plan, catalogue, s) for s in (*catalogue.services, catalogue.shadow)]
    write_json(root / "services" / "services.json", {"services": services, "more": False})
    users = [user_record(person) for person in people.engineers]
    for index, page in enumerate(pages(users, PAGE)):
        write_json(
            root / "users" / f"page-{index}.json", {"users": page, "offset": index * PAGE, "more": False}
        )
    schedules = [schedule_record(team) for team in catalogue.teams]
    write_json(root / "schedules" / "schedules.json", {"schedules": schedules, "more": False})
    shifts = on_calls(plan, catalogue, people)
    for index, page in enumerate(pages(shifts, 1_000)):
        write_json(root / "on_calls" / f"export-{index}.json.gz", {"oncalls": page})
    write_raw_report(root, by_month, plan)


def reference(kind: str, identifier: str, summary: str) -> dict[str, Any]:
    """How PagerDuty refers to another object."""
    folder = "escalation_policies" if kind == "escalation_policy" else f"{kind}s"
    return {
        "id": identifier,
        "type": f"{kind}_reference",
        "summary": summary,
        "self": f"{API}/{folder}/{identifier}",
    }


def incident_record(
    catalogue: Catalogue, stack: Stack, incident: Incident, old_capture: bool
) -> dict[str, Any]:
    """One incident as ``GET /incidents`` tells it."""
    changed = incident.resolved or incident.acknowledged or incident.created
    status = "resolved" if incident.resolved else "acknowledged" if incident.acknowledged else "triggered"
    record: dict[str, Any] = {
        "incident_number": incident.number,
        "title": incident.title,
        "description": incident.title,
        "created_at": iso(incident.created).replace("Z", ".000000Z")
        if old_capture
        else iso(incident.created),
        "status": status,
        "incident_key": f"{incident.incident_id.lower()}-key",
        "service": reference("service", incident.service.pagerduty_id, incident.service.name),
        "assignments": [
            {"at": iso(incident.created), "assignee": reference("user", p.pagerduty_id, p.name)}
            for p in incident.responders
        ]
        if not incident.resolved
        else [],
        "last_status_change_at": iso(changed),
        "escalation_policy": service_policy(catalogue, incident.service, day_of(incident.created)),
        "teams": [],
        "acknowledgements": [
            {
                "at": iso(incident.acknowledged),
                "acknowledger": reference("user", incident.responders[0].pagerduty_id, ""),
            }
        ]
        if incident.acknowledged and not incident.resolved
        else [],
        "priority": None,
        "urgency": incident.urgency,
        "id": incident.incident_id,
        "type": "incident",
        "summary": f"[#{incident.number}] {incident.title}",
        "self": f"{API}/incidents/{incident.incident_id}",
    }
    if incident.priority:
        record["priority"] = {
            "id": PRIORITY_IDS[incident.priority], "type": "priority", "summary": incident.priority,
            "name": incident.priority,
        }  # fmt: skip
    if not old_capture:
        record["updated_at"] = iso(changed)
        record["resolved_at"] = iso(incident.resolved) if incident.resolved else None
        record["incident_type"] = {"name": "incident_default"}
    if incident.merged_into:
        target = incident.merged_into
        record["resolve_reason"] = {
            "type": "merge_resolve_reason",
            "incident": {
                "id": target.incident_id,
                "type": "incident_reference",
                "summary": f"[#{target.number}] {target.title}",
            },
        }
    if incident.names:
        record["custom_fields"] = [
            {"name": "caused_by_deployment", "display_name": "Caused by deployment", "data_type": "string",
             "value": stack.deployment_name(incident.names)}
        ]  # fmt: skip
    return record


def still_open(record: dict[str, Any], cut: int) -> dict[str, Any]:
    """The same incident as it stood at an earlier export."""
    if record.get("resolved_at") and record["resolved_at"] >= iso(cut):
        record.update(
            status="triggered",
            resolved_at=None,
            updated_at=record["created_at"],
            last_status_change_at=record["created_at"],
        )
        record.pop("resolve_reason", None)
    return record


def log_entries(incident: Incident) -> list[dict[str, Any]]:
    """Trigger, notifications, acknowledgement and resolution of one incident."""
    entries: list[dict[str, Any]] = []

    def add(kind: str, at: int, summary: str, **members: object) -> None:
        entries.append(
            {
                "id": f"R{incident.incident_id[1:]}{len(entries):03d}",
                "type": f"{kind}_log_entry",
                "summary": summary,
                "created_at": iso(at),
                "channel": {"type": "auto"},
                "service": reference("service", incident.service.pagerduty_id, incident.service.name),
                "incident": {
                    "id": incident.incident_id,
                    "type": "incident_reference",
                    "summary": f"[#{incident.number}]",
                },
                "teams": [],
                **members,
            }
        )

    agent = reference("service", incident.service.pagerduty_id, incident.service.name)
    add("trigger", incident.created, "Triggered through the API.", agent=agent)
    for person, at, method in incident.notified:
        spelled = {"push": "push notification", "sms": "SMS"}.get(method, method)
        add(
            "notify",
            at,
            f"Notified {person.name} by {spelled}.",
            user=reference("user", person.pagerduty_id, person.name),
        )
    responder = incident.responders[0]
    by_person = reference("user", responder.pagerduty_id, responder.name)
    if incident.acknowledged:
        add("acknowledge", incident.acknowledged, f"Acknowledged by {responder.name}.", agent=by_person)
    if incident.resolved:
        text = (
            f"Merged into incident #{incident.merged_into.number}."
            if incident.merged_into
            else f"Resolved by {responder.name}."
        )
        add("resolve", incident.resolved, text, agent=by_person)
    return entries


def schedule_id(team: Team) -> str:
    """PagerDuty's id of a team's schedule."""
    return pagerduty_id(int(team.hr_organisation[:12], 16))


def team_policy(team: Team) -> dict[str, Any]:
    """The escalation policy that calls a team's schedule."""
    return reference("escalation_policy", "E" + schedule_id(team)[1:], f"{team.name} policy")


def service_policy(catalogue: Catalogue, service: Service, day: date) -> dict[str, Any]:
    """The escalation policy of a service on a day: its owner's, or the default one that nobody watches."""
    owner = catalogue.owner_of(service, day)
    for team in catalogue.teams:
        if team.team_id == owner:
            return team_policy(team)
    return reference("escalation_policy", "E" + service.pagerduty_id[1:], "Default")


def service_record(plan: Plan, catalogue: Catalogue, service: Service) -> dict[str, Any]:
    """One service as ``GET /services`` tells it."""
    team = catalogue.owner_of(service, plan.last_day)
    return {
        "id": service.pagerduty_id, "name": service.name, "description": f"Owned by {team}",
        "status": "active",
        "created_at": iso(plan.start - 200 * DAY), "updated_at": iso(plan.start - 100 * DAY),
        "type": "service",
        "escalation_policy": service_policy(catalogue, service, plan.last_day),
        "incident_urgency_rule": {"type": "constant", "urgency": "high"}, "teams": [],
        "summary": service.name,
    }  # fmt: skip


def user_record(person: Person) -> dict[str, Any]:
    """One user as ``GET /users`` tells them, name and address and all."""
    return {
        "id": person.pagerduty_id, "type": "user", "name": person.name, "summary": person.name, "email":
        person.email,
        "time_zone": person.time_zone, "role": "user", "job_title": "CANARY-PERSONAL engineer",
        "description": None,
        "avatar_url": f"https://avatars.example/{person.login}", "contact_methods": [], "teams": [],
    }  # fmt: skip


def schedule_record(team: Team) -> dict[str, Any]:
    """One schedule as ``GET /schedules`` tells it."""
    identifier = schedule_id(team)
    return {
        "id": identifier, "type": "schedule", "name": f"{team.name} on call", "time_zone": "Europe/Berlin",
        "escalation_policies": [team_policy(team)], "teams": [],
    }  # fmt: skip


def on_calls(plan: Plan, catalogue: Catalogue, people: People) -> list[dict[str, Any]]:
    """Weekly shifts of two levels in each team, Monday 09:00 to Monday 09:00 with an offset as PagerDuty
    renders it.
    """
    shifts = []
    monday: date = plan.first_day - timedelta(days=plan.first_day.weekday())
    while monday <= plan.last_day:
        for team in catalogue.teams:
            members = people.members(team.team_id, max(monday, plan.first_day))
            week = (max(monday, plan.first_day) - plan.first_day).days // 7
            for level in (1, 2):
                person = members[(week + level - 1) % len(members)]
                start = epoch(monday) + 9 * HOUR
                shifts.append(
                    {
                        "escalation_policy": team_policy(team),
                        "escalation_level": level,
                        "schedule": reference("schedule", schedule_id(team), f"{team.name} on call"),
                        "user": {**user_record(person), "type": "user"},
                        "start": iso(start - 5 * HOUR).replace("Z", "-05:00"),
                        "end": iso(start + 7 * DAY),
                    }
                )
        monday += timedelta(days=7)
    return shifts


def write_raw_report(root: Path, by_month: dict[str, list[Incident]], plan: Plan) -> None:
    """The raw-incident report of one month: the same incidents as in the API's pages, told a second time."""
    month = sorted(by_month)[len(by_month) // 2]
    header = ("id", "incident_number", "description", "service_id", "service_name", "created_on",
    "resolved_on",
              "seconds_to_first_ack", "seconds_to_resolve", "auto_resolved", "urgency", "priority_name",
              "resolved_by_user_name")  # fmt: skip
    rows = [
        (i.incident_id, i.number, i.title, i.service.pagerduty_id, i.service.name, iso(i.created)[:-1],
         iso(i.resolved)[:-1] if i.resolved else None, i.acknowledged - i.created if i.acknowledged else None,
         i.resolved - i.created if i.resolved else None, i.acknowledged is None, i.urgency, i.priority,
         i.responders[0].name)
        for i in by_month[month] if day_of(i.created) <= plan.last_day
    ]  # fmt: skip
    write_csv(root / "incidents_raw_csv" / f"incidents-{month}.csv", header, rows, line_end="\r\n")
