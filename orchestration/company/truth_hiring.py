"""The truth about hiring: from what the recruiters did, never from any query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median

from orchestration.company.catalogue import UNMAPPED, Catalogue
from orchestration.company.hiring import RANKS, STAGES, Application, Hiring, Job
from orchestration.company.plan import Plan, add_months, day_of, month_of
from orchestration.company.truth import Row


def _segments(catalogue: Catalogue, job: Job, day: date) -> Iterator[tuple[str, str]]:
    team = job.team_id or UNMAPPED
    yield from (("org", "org"), ("group", catalogue.group_of(team, day)), ("team", team))


def time_to_fill(catalogue: Catalogue, hiring: Hiring) -> list[Row]:
    """Openings filled and their median days, by segment and month of acceptance; evergreen ones are out."""
    days: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for job in hiring.jobs:
        for opening in job.openings:
            if opening.filled_by is None or job.is_evergreen:
                continue
            accepted = day_of(opening.filled_by.offers[-1].resolved or 0)
            for segment in _segments(catalogue, job, accepted):
                days[*segment, month_of(accepted)].append((accepted - day_of(opening.opened)).days)
    return [
        {
            "segment_type": kind,
            "segment_id": name,
            "month": month,
            "filled": len(found),
            "median_days": median(found),
        }
        for (kind, name, month), found in sorted(days.items())
    ]


def offer_acceptance(catalogue: Catalogue, hiring: Hiring) -> list[Row]:
    """Offers accepted and settled, one an application, by segment and month in which they were settled."""
    counts: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: {"accepted": 0, "settled": 0})
    for job in hiring.jobs:
        for application in job.applications:
            settled = _settled(application)
            if settled is None:
                continue
            day, accepted = settled
            for segment in _segments(catalogue, job, day):
                counts[*segment, month_of(day)]["settled"] += 1
                counts[*segment, month_of(day)]["accepted"] += accepted
    return [
        {"segment_type": kind, "segment_id": name, "month": month, **count}
        for (kind, name, month), count in sorted(counts.items())
    ]


def _settled(application: Application) -> tuple[date, bool] | None:
    """Day, and whether accepted; None without an offer, while it is out, and where it was taken back."""
    if not application.offers:
        return None
    last = application.offers[-1]
    if last.resolved is not None:
        return day_of(last.resolved), last.status == "accepted"
    if application.rejected is not None and application.rejected_by == "candidate":
        return day_of(application.rejected), False
    return None


def open_openings(plan: Plan, catalogue: Catalogue, hiring: Hiring) -> list[Row]:
    """Openings open at each month's end, by segment: opened by then, and neither filled nor closed."""
    counts: dict[tuple[str, str, str], int] = defaultdict(int)
    for first in plan.month_starts:
        end = min(add_months(first, 1) - timedelta(days=1), plan.last_day)
        for job in hiring.jobs:
            for opening in job.openings:
                accepted = opening.filled_by.offers[-1].resolved if opening.filled_by else None
                gone = accepted or opening.closed
                if job.is_evergreen or day_of(opening.opened) > end or (gone and day_of(gone) <= end):
                    continue
                for segment in _segments(catalogue, job, end):
                    counts[*segment, month_of(end)] += 1
    return [
        {"segment_type": kind, "segment_id": name, "month": month, "openings": count}
        for (kind, name, month), count in sorted(counts.items())
    ]


def hiring_funnel(hiring: Hiring) -> list[Row]:
    """Applications by month of application, and how many of them reached each stage or a later one."""
    cohorts: dict[str, list[int]] = defaultdict(list)
    for job in hiring.jobs:
        for application in job.applications:
            if not application.is_prospect:
                cohorts[month_of(day_of(application.applied))].append(_furthest(application))
    return [
        {
            "month": month,
            "stage": stage,
            "applications": len(furthest),
            "reached": sum(f >= rank for f in furthest),
        }
        for month, furthest in sorted(cohorts.items())
        for stage, rank in RANKS.items()
    ]


def _furthest(application: Application) -> int:
    if application.is_hired:
        return RANKS["hired"]
    stages = (STAGES[number][1] for number, _ in application.moves)
    return max((RANKS[stage] for stage in stages if stage), default=RANKS["applied"])
