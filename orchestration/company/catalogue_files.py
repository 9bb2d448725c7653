"""The service catalogue as people keep it: CSV tables in dated folders, and Backstage files for a few
services.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from orchestration.company.catalogue import FOUNDED, GROUPS, Catalogue
from orchestration.company.plan import ORGANISATION, Plan
from orchestration.company.stories import Stories
from orchestration.company.writing import write_bytes, write_csv

Identifiers = list[tuple[str, str, str]]  # tool, identifier, service


def write_catalogue(
    root: Path,
    plan: Plan,
    stories: Stories,
    catalogue: Catalogue,
    branches: dict[str, str],
    identifiers: Identifiers,
) -> None:
    """Everything under ``root``: the state before the re-organisation, and the newest with its whole history.

    ``branches`` holds each repository's default branch, ``identifiers`` what a tool calls a service.
    """
    before = stories.reorganisation - timedelta(days=20)
    for day, since in ((before, before), (plan.last_day + timedelta(days=1), None)):
        folder = day.isoformat()
        teams = [
            (team.team_id, team.name, group, GROUPS[group], team.hr_organisation, first, last)
            for team in catalogue.teams
            for first, last, group in _periods(team.groups, since)
        ]
        header = (
            "team_id",
            "team_name",
            "group_id",
            "group_name",
            "hr_organization_id",
            "valid_from",
            "valid_to",
        )
        write_csv(root / "teams" / folder / "teams.csv", header, teams)
        services = [(s.service_id, s.name, s.tier, "production", FOUNDED, None) for s in catalogue.services]
        columns = ("service_id", "service_name", "tier", "lifecycle", "valid_from", "valid_to")
        write_csv(root / "services" / folder / "services.csv", columns, services)
        owners = [
            (s.service_id, team, first, last)
            for s in catalogue.services
            for first, last, team in _periods(s.owners, since)
        ]
        write_csv(
            root / "service_owners" / folder / "owners.csv",
            ("service_id", "team_id", "valid_from", "valid_to"),
            owners,
        )
        repositories = [
            (
                s.repository.replace(ORGANISATION, ORGANISATION.capitalize()),
                s.service_id,
                s.path_glob,
                branches[s.repository],
            )
            for s in catalogue.services
        ]
        code = ("repository", "service_id", "path_glob", "default_branch")
        write_csv(root / "repositories" / folder / "repositories.csv", code, repositories)
        needs = [(s.service_id, needed) for s in catalogue.services for needed in s.depends_on]
        write_csv(
            root / "service_dependencies" / folder / "needs.csv",
            ("service_id", "depends_on_service_id"),
            needs,
        )
        write_csv(
            root / "service_identifiers" / folder / "ids.csv",
            ("tool", "identifier", "service_id"),
            identifiers,
        )
    annotated = {service: identifier for tool, identifier, service in identifiers if tool == "pagerduty"}
    entities = [_component(catalogue, index, plan.last_day, annotated) for index in range(3)]
    text = yaml.safe_dump_all(entities, sort_keys=False)
    write_bytes(root / "backstage_entities" / plan.last_day.isoformat() / "catalog-info.yaml", text.encode())


def _periods(
    changes: tuple[tuple[date, str], ...], known_on: date | None
) -> list[tuple[date, date | None, str]]:
    """First day, first day after and value; ``known_on``: only what was known on that day."""
    known = [change for change in changes if known_on is None or change[0] <= known_on]
    ends = [since for since, _ in known[1:]]
    return [(since, end, value) for (since, value), end in zip(known, [*ends, None], strict=True)]


def _component(catalogue: Catalogue, index: int, day: date, annotated: dict[str, str]) -> dict[str, Any]:
    service = catalogue.services[index]
    paging = annotated.get(service.service_id)
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {
            "name": service.service_id,
            "title": service.name,
            "labels": {"tier": str(service.tier)},
            "annotations": {"pagerduty.com/service-id": paging} if paging else {},
        },
        "spec": {
            "type": "service",
            "lifecycle": "production",
            "owner": f"group:default/{catalogue.owner_of(service, day)}",
        },
    }
