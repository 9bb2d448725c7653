"""ServiceNow's table API: change requests of the service desk's services and, if asked for, their incidents.

A change request stands for each production deployment and names it in its correlation. An incident that names
the deployment does so by that change request, which was then closed as unsuccessful.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.deployments import Delivery, Deployment
from orchestration.company.incidents import Incident
from orchestration.company.plan import DAY, Plan, iso
from orchestration.company.stack import Stack
from orchestration.company.writing import pages, write_json, write_lines

API = "https://harbourly.service-now.com/api/now/table"
PAGE = 1_000
DESK_GROUP = "data"
PRIORITIES = {"P1": "1", "P2": "2", "P3": "3", "P4": "4", "P5": "5", None: "5"}  # none is judged: planning
NEW, IN_PROGRESS, CLOSED = "1", "2", "7"
IMPLEMENT, CHANGE_CLOSED = "-1", "3"


def identify(kind: str, key: object) -> str:
    """A sys_id: 32 hex digits."""
    return hashlib.md5(f"{kind}/{key}".encode(), usedforsecurity=False).hexdigest()


def service_id(service: Service) -> str:
    """sys_id of a service."""
    return identify("cmdb_ci_service", service.service_id)


def desk_services(plan: Plan, catalogue: Catalogue) -> frozenset[str]:
    """The services that the service desk looks after: those of one group on the first day."""
    return frozenset(
        service.service_id
        for service in catalogue.services
        if catalogue.group_of(catalogue.owner_of(service, plan.first_day), plan.first_day) == DESK_GROUP
    )


def stamp(instant: int) -> str:
    """``2026-06-30 12:00:00``, in UTC."""
    return iso(instant).replace("T", " ").removesuffix("Z")


def reference(table: str, sys_id: str) -> dict[str, str]:
    """How the API refers to a row of another table."""
    return {"link": f"{API}/{table}/{sys_id}", "value": sys_id}


def write_servicenow(
    root: Path, plan: Plan, stack: Stack, desk: frozenset[str], delivery: Delivery, incidents: list[Incident]
) -> None:
    """Everything under ``root``. The newest incidents are exported twice: at first some were still open."""
    changes = [
        change_record(stack, deployment)
        for deployment in delivery.deployments
        if deployment.service.service_id in desk and deployment.is_production
    ]
    for index, page in enumerate(pages(changes, PAGE)):
        write_json(root / "change_requests" / f"page-{index:03d}.json", {"result": page})
    for index, members in enumerate(pages(incidents, PAGE)):
        write_json(
            root / "incidents" / f"page-{index:03d}.json", {"result": [incident_record(i) for i in members]}
        )
    cut = plan.end - 10 * DAY
    stale = [incident_record(i, cut) for i in incidents if cut - 5 * DAY <= i.created < cut]
    write_lines(root / "incidents" / "export-before-last.jsonl", stale)
    slas = [response_record(incident) for incident in incidents]
    write_lines(root / "task_slas" / "responses.jsonl.gz", slas)


def incident_number(incident: Incident) -> str:
    """Number shown to people."""
    return f"INC{10_000 + incident.number:07d}"


def incident_record(incident: Incident, until: int | None = None) -> dict[str, Any]:
    """One incident with ``sysparm_display_value=false``; ``until``: as it stood at that instant."""
    resolved = incident.resolved
    if until is not None and resolved is not None and resolved >= until:
        resolved = None
    acknowledged = incident.acknowledged
    if until is not None and acknowledged is not None and acknowledged >= until:
        acknowledged = None
    parent = incident.merged_into if resolved else None
    return {
        "sys_id": identify("incident", incident.number), "number": incident_number(incident),
        "short_description": incident.title, "category": "software",
        "state": CLOSED if resolved else IN_PROGRESS if acknowledged else NEW,
        "priority": PRIORITIES[incident.priority], "urgency": "1" if incident.urgency == "high" else "3",
        "impact": "2", "severity": "3",
        "business_service": reference("cmdb_ci_service", service_id(incident.service)), "cmdb_ci": "",
        "assignment_group": "",
        "caused_by": reference("change_request", change_id(incident.names)) if incident.names else "",
        "parent_incident": reference("incident", identify("incident", parent.number)) if parent else "",
        "correlation_id": "", "caller_id": reference("sys_user", identify("sys_user", "monitoring")),
        "opened_at": stamp(incident.created), "sys_created_on": stamp(incident.created),
        "resolved_at": stamp(resolved) if resolved else "", "closed_at": stamp(resolved) if resolved else "",
        "sys_updated_on": stamp(resolved or acknowledged or incident.created),
        "close_notes": "CANARY-PERSONAL told by telephone" if resolved else "",
    }  # fmt: skip


def response_record(incident: Incident) -> dict[str, Any]:
    """The response SLA of an incident: it ends when somebody takes the incident on."""
    ended = incident.acknowledged
    return {
        "sys_id": identify("task_sla", incident.number),
        "task": reference("incident", identify("incident", incident.number)), "sla.target": "response",
        "stage": "completed" if ended else "in_progress", "has_breached": "false",
        "start_time": stamp(incident.created), "end_time": stamp(ended) if ended else "",
        "sys_updated_on": stamp(ended or incident.created),
    }  # fmt: skip


def change_id(deployment: Deployment) -> str:
    """sys_id of a deployment's change request."""
    return identify("change_request", deployment.number)


def change_record(stack: Stack, deployment: Deployment) -> dict[str, Any]:
    """The change request of a production deployment."""
    went_well = deployment.succeeded and deployment.failure != "incident_named"
    ended = None if deployment.is_running else deployment.finished
    return {
        "sys_id": change_id(deployment), "number": f"CHG{30_000 + deployment.number:07d}",
        "short_description": f"Deploy {deployment.sha[:8]} to {deployment.environment}", "type": "standard",
        "state": CHANGE_CLOSED if ended else IMPLEMENT,
        "close_code": ("successful" if went_well else "unsuccessful") if ended else "",
        "business_service": reference("cmdb_ci_service", service_id(deployment.service)), "cmdb_ci": "",
        "correlation_id": stack.deployment_name(deployment), "sys_created_on": stamp(deployment.created - 60),
        "work_start": stamp(deployment.created), "work_end": stamp(ended) if ended else "",
        "sys_updated_on": stamp(ended or deployment.created),
    }  # fmt: skip
