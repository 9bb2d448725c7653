"""The truth about delivery, incidents, pipelines and SLOs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from statistics import median
from typing import Any

from orchestration.company.catalogue import UNMAPPED, Catalogue, Service
from orchestration.company.deployments import Delivery, Deployment
from orchestration.company.incidents import Incident
from orchestration.company.pipelines import Run
from orchestration.company.plan import Plan, day_of, month_of
from orchestration.company.reliability import Slo, good_and_total
from orchestration.company.truth import Row

Segment = tuple[str, str]
EVIDENCE = {"hotfix": "repair", "revert": "repair", "dependency": "incident"}


def segments_of(catalogue: Catalogue, service: Service | None, day: date) -> list[Segment]:
    """The segments to which a record of this service belongs on this day."""
    if service is None or not service.is_catalogued:
        return [("org", "org"), *((kind, UNMAPPED) for kind in ("group", "team", "service", "tier"))]
    team = catalogue.owner_of(service, day)
    return [
        ("org", "org"), ("group", catalogue.group_of(team, day)), ("team", team), ("service",
        service.service_id),
        ("tier", str(service.tier)),
    ]  # fmt: skip


class _Buckets:
    """Records by segment and month. One record counts once there, with one ``of_several`` values."""

    def __init__(self, catalogue: Catalogue, of_several: Callable[[Any, Any], Any] = max) -> None:
        self.catalogue, self.of_several = catalogue, of_several
        self.cells: dict[tuple[Segment, str], dict[object, Any]] = {}

    def add(self, service: Service | None, day: date, record: object, value: Any) -> None:
        for segment in segments_of(self.catalogue, service, day):
            cell = self.cells.setdefault((segment, month_of(day)), {})
            cell[record] = self.of_several(cell[record], value) if record in cell else value

    def rows(self, summarise: Callable[[list[Any]], Row]) -> list[Row]:
        return [
            {
                "segment_type": segment[0],
                "segment_id": segment[1],
                "month": month,
                **summarise(list(cell.values())),
            }
            for (segment, month), cell in sorted(self.cells.items(), key=lambda item: item[0])
        ]


def _released(delivery: Delivery) -> list[Deployment]:
    return [d for d in delivery.deployments if d.is_production and d.succeeded]


def deployment_frequency(catalogue: Catalogue, delivery: Delivery) -> list[Row]:
    """Successful production deployments by the day on which they finished."""
    buckets = _Buckets(catalogue)
    for deployment in delivery.deployments:
        if deployment.is_production:
            buckets.add(
                deployment.service, day_of(deployment.finished), deployment.number, deployment.succeeded
            )
    return buckets.rows(lambda cell: {"deployments": sum(cell), "failed_attempts": len(cell) - sum(cell)})


def change_failure_rate(catalogue: Catalogue, delivery: Delivery) -> list[Row]:
    """Failed deployments by what showed it."""
    buckets = _Buckets(catalogue)
    for deployment in _released(delivery):
        failure = deployment.failure and EVIDENCE.get(deployment.failure, deployment.failure)
        facts = (failure or "", deployment.purpose)
        buckets.add(deployment.service, day_of(deployment.finished), deployment.number, facts)

    def summarise(cell: list[tuple[str, str]]) -> Row:
        row: Row = {"deployments": len(cell), "failed": sum(bool(failure) for failure, _ in cell)}
        for evidence in ("incident_named", "rollback", "repair", "incident"):
            row[evidence] = sum(failure == evidence for failure, _ in cell)
        row["rework"] = sum(purpose in ("rollback", "fix") for _, purpose in cell)
        return row

    return buckets.rows(summarise)


def lead_times(delivery: Delivery) -> Iterator[tuple[Service, date, object, float]]:
    """Service, day, change and hours of every change that first ran in production then.

    Left out: bots' changes, changes carried by a service's first deployment, and those whose commit claims
    to be younger
    than the deployment.
    """
    by_service: dict[str, list[Deployment]] = {}
    for deployment in sorted(_released(delivery), key=lambda d: d.finished):
        by_service.setdefault(deployment.service.service_id, []).append(deployment)
    for deployments in by_service.values():
        covered = deployments[0].head
        for deployment in deployments[1:]:
            for landing in deployment.line.landings[covered + 1 : deployment.head + 1]:
                seconds = deployment.finished - landing.first_authored
                if deployment.service in landing.services and not landing.is_bot and seconds >= 0:
                    yield deployment.service, day_of(deployment.finished), id(landing), seconds / 3600
            covered = max(covered, deployment.head)


def lead_time_for_changes(catalogue: Catalogue, delivery: Delivery) -> list[Row]:
    """Median hours from first commit to production, by the first of a change's services that runs it."""
    buckets = _Buckets(catalogue, min)
    for service, day, change, hours in lead_times(delivery):
        buckets.add(service, day, change, hours)
    return buckets.rows(lambda cell: {"changes": len(cell), "median_hours": median(cell)})


def time_to_restore(catalogue: Catalogue, incidents: list[Incident]) -> list[Row]:
    """Median minutes to restore, by the day of restoration."""
    buckets = _Buckets(catalogue)
    for incident in incidents:
        if incident.counts and incident.resolved:
            minutes = (incident.resolved - incident.created) / 60
            buckets.add(incident.service, day_of(incident.resolved), incident.number, minutes)
    return buckets.rows(lambda cell: {"incidents": len(cell), "median_minutes": median(cell)})


def major_incidents(catalogue: Catalogue, incidents: list[Incident]) -> list[Row]:
    """Incidents of severity 1 and 2 by the day on which they began."""
    buckets = _Buckets(catalogue)
    for incident in incidents:
        if incident.counts and incident.priority in ("P1", "P2"):
            buckets.add(incident.service, day_of(incident.created), incident.number, 1)
    return buckets.rows(lambda cell: {"incidents": len(cell)})


def pipeline_success_rate(catalogue: Catalogue, runs: Iterable[Run]) -> list[Row]:
    """Outcomes of the first and of the final attempt; cancelled, skipped and running ones are apart."""
    buckets = _Buckets(catalogue)
    for run in runs:
        buckets.add(
            run.service,
            day_of(run.created),
            run.run_id,
            (run.attempts[0][2] or "", run.attempts[-1][2] or ""),
        )

    def summarise(cell: list[tuple[str, str]]) -> Row:
        settled = ("success", "failure", "timed_out")
        return {
            "final_success": sum(final == "success" for _, final in cell),
            "final_total": sum(final in settled for _, final in cell),
            "first_success": sum(first == "success" for first, _ in cell),
            "first_total": sum(first in settled for first, _ in cell),
        }

    return buckets.rows(summarise)


def slo_attainment(plan: Plan, slos: list[Slo]) -> list[Row]:
    """Good and valid events of each SLO by month."""
    rows: list[Row] = []
    for slo in slos:
        days = good_and_total(slo)
        for first in plan.month_starts:
            month = [days[day] for day in plan.month_days(first) if day in days]
            if not month:
                continue
            rows.append(
                {
                    "slo_id": slo.slo_id, "service_id": slo.service.service_id, "month": month_of(first),
                    "good": sum(good for good, _ in month), "total": sum(total for _, total in month),
                }
            )  # fmt: skip
    return rows
