"""Service level objectives and what was measured against them, as OpenSLO files and Prometheus answers."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.incidents import Incident
from orchestration.company.plan import DAY, HOUR, Plan, day_of, epoch
from orchestration.company.stories import Stories
from orchestration.company.writing import to_json, write_bytes, write_csv

FINE_DAYS = 35
FINE_STEP = 300
OVERLAP_DAYS = 3  # in which an SLO with fine steps is also told of by the hour
POINTS_PER_ANSWER = 11_000  # Prometheus refuses more points in one series
TARGETS = {0: "0.999", 1: "0.995"}
REFUSED_DOCUMENTS = 1


@dataclass(eq=False)
class Slo:
    """An objective and its samples: (end of the interval, its seconds, good, total), absent where nothing
    was measured.
    """

    slo_id: str
    service: Service
    objective: str
    method: str  # Occurrences or Timeslices (hourly slices)
    window: dict[str, Any]
    adopted: date  # first day on which it was measured
    is_fine: bool  # five-minute steps in the last weeks
    failing: str  # good or bad: which of the two is counted beside the total
    series: tuple[str, ...]
    earlier_objective: str | None = None  # in force until the re-organisation
    samples: list[tuple[int, int, int, int]] = field(default_factory=list)
    unmeasured: list[tuple[int, int]] = field(
        default_factory=list
    )  # (end, seconds) that Prometheus answers with NaN

    @property
    def slice_target(self) -> float:
        """Share of good events that makes a slice good."""
        return 0.98


def measure(plan: Plan, stories: Stories, catalogue: Catalogue, incidents: list[Incident]) -> list[Slo]:
    """The SLOs of tiers 0 and 1: measured from the first day in tier 0, later adopted in tier 1."""
    rng = plan.rng("reliability")
    trouble = _trouble(incidents)
    slos: list[Slo] = []
    for service in catalogue.services:
        if service.tier > 1:
            continue
        adopted = plan.month_starts[0 if service.tier == 0 else rng.randrange(max(1, plan.months - 5))]
        kinds = (
            ("availability", "latency")
            if service.service_id == stories.burning_service
            else ("availability",)
        )
        for kind in kinds:
            slos.append(
                Slo(
                    slo_id=f"{service.service_id}-{kind}",
                    service=service,
                    objective=TARGETS[service.tier] if kind == "availability" else "0.95",
                    method="Occurrences",
                    window={"duration": "28d", "isRolling": True},
                    adopted=adopted,
                    is_fine=service.tier == 0,
                    failing="good",
                    series=("all",),
                )
            )
    calm = [slo for slo in slos if slo.service.service_id != stories.burning_service]
    calm[0].series = ("eu", "us")
    calm[1].failing = "bad"
    calm[2].earlier_objective = "0.99"
    calm[3].window = {
        "duration": "1M",
        "isRolling": False,
        "calendar": {"startTime": "2024-01-01 00:00:00", "timeZone": "UTC"},
    }
    calm[-1].method, calm[-1].is_fine = "Timeslices", False
    for slo in slos:
        _sample(rng, plan, stories, slo, trouble.get(slo.service.service_id, set()))
    return slos


def _trouble(incidents: list[Incident]) -> dict[str, set[int]]:
    """Slots of five minutes in which each service had a major incident."""
    found: dict[str, set[int]] = {}
    for incident in incidents:
        if incident.counts and incident.priority in ("P1", "P2") and incident.resolved:
            slots = range(incident.created // FINE_STEP, incident.resolved // FINE_STEP + 1)
            found.setdefault(incident.service.service_id, set()).update(slots)
    return found


def _sample(rng: random.Random, plan: Plan, stories: Stories, slo: Slo, trouble: set[int]) -> None:
    fine_from = max(plan.start, plan.end - FINE_DAYS * DAY) if slo.is_fine else plan.end
    burn_from = epoch(stories.burn_from)
    burning = slo.service.service_id == stories.burning_service and slo.slo_id.endswith("availability")
    budget = 1 - float(slo.objective)
    traffic = rng.choice((900, 4_000, 15_000, 60_000))
    gap_from = plan.start + rng.randrange(plan.end - plan.start - 3 * DAY) if rng.random() < 0.3 else plan.end
    gap_until = gap_from + rng.randrange(2 * HOUR, 30 * HOUR)
    hour_errors, hour = 0.0, -1
    begin = epoch(slo.adopted)
    while begin < plan.end:
        step = FINE_STEP if begin >= fine_from else HOUR
        end = begin + step
        if begin // HOUR != hour:
            hour = begin // HOUR
            hour_errors = budget * rng.choice((0.1, 0.2, 0.3, 0.5)) * (rng.random() < 0.8)
            if rng.random() < 0.002:
                hour_errors = 8 * budget
            if burning and begin >= burn_from and (hour % 24 in (9, 10, 15) or begin >= plan.end - 6 * HOUR):
                hour_errors = rng.uniform(0.03, 0.12)
        errors = hour_errors
        if not trouble.isdisjoint(range(begin // FINE_STEP, end // FINE_STEP)):
            errors = max(errors, 0.04)
        if gap_from <= begin < gap_until:
            if (begin - gap_from) // HOUR % 2:
                slo.unmeasured.append((end, step))
            begin = end
            continue
        clock = hour % 24
        total = int(traffic * step / HOUR * (0.15 if clock < 6 else 1.0) * rng.uniform(0.85, 1.15))
        if traffic == 900 and clock < 3:
            total = 0  # no traffic at all: neither good nor bad
        bad = min(total, int(total * errors + rng.random()))
        slo.samples.append((end, step, total - bad, total))
        begin = end


def good_and_total(slo: Slo) -> dict[date, tuple[int, int]]:
    """Good and valid events (slices, for Timeslices) by the day in which their interval began."""
    days: dict[date, tuple[int, int]] = {}
    for end, step, good, total in slo.samples:
        if slo.method == "Timeslices":
            good, total = int(good >= slo.slice_target * total), int(total > 0)
            good = min(good, total)
        day = day_of(end - step)
        before = days.get(day, (0, 0))
        days[day] = (before[0] + good, before[1] + total)
    return days


def write_slos(root: Path, stories: Stories, slos: list[Slo]) -> int:
    """OpenSLO files and samples under ``root``; returns how many documents are refused on purpose."""
    for slo in slos:
        _write_definition(root / "slo_definitions", stories, slo)
    kind = {
        "apiVersion": "openslo/v1",
        "kind": "Service",
        "metadata": {"name": slos[0].service.service_id},
        "spec": {},
    }
    write_bytes(root / "slo_definitions" / "services.yaml", yaml.safe_dump(kind, sort_keys=False).encode())
    history: list[tuple[object, ...]] = []
    for index, slo in enumerate(slos):
        if index % 2 and slo.series == ("all",) and not slo.unmeasured:
            history.extend(_csv_rows(slo))
        else:
            _write_answers(root / "sli_samples", slo, HOUR)
        _write_answers(root / "sli_samples", slo, FINE_STEP)
    write_csv(
        root / "sli_samples" / "history.csv.gz",
        ("slo_id", "kind", "timestamp", "value", "step_seconds"),
        history,
    )
    return REFUSED_DOCUMENTS


def _write_definition(root: Path, stories: Stories, slo: Slo) -> None:
    def document(objective: str) -> bytes:
        promise: dict[str, Any] = {"displayName": "Good experience", "target": float(objective)}
        if slo.method == "Timeslices":
            promise.update(timeSliceTarget=slo.slice_target, timeSliceWindow="60m")

        def metric(events: str) -> dict[str, Any]:
            query = f'increase(requests_{events}{{service="{slo.service.service_id}"}}[1h])'
            return {"metricSource": {"type": "Prometheus", "spec": {"query": query}}}

        body = {
            "apiVersion": "openslo/v1",
            "kind": "SLO",
            "metadata": {"name": slo.slo_id, "displayName": slo.slo_id.replace("-", " ")},
            "spec": {
                "description": f"What users of {slo.service.name} are promised",
                "service": slo.service.service_id,
                "indicator": {
                    "metadata": {"name": slo.slo_id},
                    "spec": {"ratioMetric": {"good": metric("good"), "total": metric("total")}},
                },
                "timeWindow": [slo.window],
                "budgetingMethod": slo.method,
                "objectives": [promise],
            },
        }
        return yaml.safe_dump(body, sort_keys=False).encode()

    write_bytes(root / f"{slo.slo_id}.yaml", document(slo.earlier_objective or slo.objective))
    if slo.earlier_objective:
        write_bytes(root / stories.reorganisation.isoformat() / f"{slo.slo_id}.yaml", document(slo.objective))


def _count(kind: str, good: int, total: int) -> int:
    return total if kind == "total" else good if kind == "good" else total - good


def _csv_rows(slo: Slo) -> list[tuple[object, ...]]:
    return [
        (slo.slo_id, kind, end, _count(kind, good, total), step)
        for kind in (slo.failing, "total")
        for end, step, good, total in _hourly(slo)
    ]


def _hourly(slo: Slo) -> list[tuple[int, int, int, int]]:
    """Hourly samples, with the hours of the overlap added up from their twelve fine ones."""
    hourly = [sample for sample in slo.samples if sample[1] == HOUR]
    fine = [sample for sample in slo.samples if sample[1] == FINE_STEP]
    hours: dict[int, list[tuple[int, int, int, int]]] = {}
    for sample in fine:
        if sample[0] <= fine[0][0] + OVERLAP_DAYS * DAY:
            hours.setdefault((sample[0] - FINE_STEP) // HOUR, []).append(sample)
    for hour, parts in hours.items():
        if len(parts) == HOUR // FINE_STEP:
            hourly.append(((hour + 1) * HOUR, HOUR, sum(p[2] for p in parts), sum(p[3] for p in parts)))
    return hourly


def _write_answers(root: Path, slo: Slo, step: int) -> None:
    """Range query answers of one step: NaN stands where the query had no answer, absent steps are absent."""
    chosen = _hourly(slo) if step == HOUR else [sample for sample in slo.samples if sample[1] == step]
    missing = [end for end, seconds in slo.unmeasured if seconds == step]
    for number, first in enumerate(range(0, len(chosen), POINTS_PER_ANSWER)):
        part = chosen[first : first + POINTS_PER_ANSWER]
        for kind in (slo.failing, "total"):
            result = []
            for rank, series in enumerate(slo.series):
                values: list[list[Any]] = []
                for end, _, good, total in part:
                    whole = _count(kind, good, total)
                    share = whole // len(slo.series)
                    values.append([end, str(share if rank else whole - share * (len(slo.series) - 1))])
                values += [[end, "NaN"] for end in missing if not number]
                result.append(
                    {
                        "metric": {"service": slo.service.service_id, "region": series},
                        "values": sorted(values),
                    }
                )
            answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
            write_bytes(
                root / slo.slo_id / kind / str(step) / f"range-{number}.json", to_json(answer).encode()
            )
