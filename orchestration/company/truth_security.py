"""The truth about vulnerabilities."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median

from orchestration.company.catalogue import Catalogue
from orchestration.company.plan import DAY, Plan, add_months, day_of, epoch, month_of
from orchestration.company.truth import Row
from orchestration.company.truth_delivery import Segment, segments_of
from orchestration.company.vulnerabilities import OPEN, Exposure


def vulnerability_sla(plan: Plan, catalogue: Catalogue, exposure: Exposure) -> list[Row]:
    """Due by month of the due date, and remedied for good by the end of that day."""
    cells: dict[tuple[Segment, str], Counter[str]] = defaultdict(Counter)
    for one in exposure.vulnerabilities:
        if one.exclusion_reason or one.due > plan.last_day:
            continue
        for segment in segments_of(catalogue, one.service, one.due):
            cell = cells[segment, month_of(one.due)]
            cell["due"] += 1
            cell["in_time"] += one.fixed is not None and day_of(one.fixed) <= one.due
    return _rows(cells, ("due", "in_time"))


def vulnerability_time_to_remediate(catalogue: Catalogue, exposure: Exposure) -> list[Row]:
    """Median days from detection to remedy, by month of the remedy."""
    cells: dict[tuple[Segment, str], list[float]] = defaultdict(list)
    for one in exposure.vulnerabilities:
        if one.exclusion_reason is None and one.fixed is not None:
            day = day_of(one.fixed)
            for segment in segments_of(catalogue, one.service, day):
                cells[segment, month_of(day)].append((one.fixed - one.detected) / DAY)
    return [
        {"segment_type": kind, "segment_id": name, "month": month, "median_days": median(days)}
        for ((kind, name), month), days in sorted(cells.items())
    ]


def vulnerabilities_open(plan: Plan, catalogue: Catalogue, exposure: Exposure) -> list[Row]:
    """Open at the end of each month: all, those past their date, and those of 30 days and more."""
    cells: dict[tuple[Segment, str], Counter[str]] = defaultdict(Counter)
    for closing, after in _closings(plan):
        for one in exposure.vulnerabilities:
            event = one.event_before(after)
            if one.exclusion_reason == "duplicate" or event is None or event[1] != OPEN:
                continue
            for segment in segments_of(catalogue, one.service, closing):
                cell = cells[segment, month_of(closing)]
                cell["open"] += 1
                cell["overdue"] += one.due < closing
                cell["young"] += (closing - day_of(one.detected)).days < 30
    return _rows(cells, ("open", "overdue", "young"))


def vulnerabilities_excluded(exposure: Exposure) -> list[Row]:
    """How many are left out, by reason; blank for those that count."""
    reasons = Counter(one.exclusion_reason or "" for one in exposure.vulnerabilities)
    return [
        {"exclusion_reason": reason, "vulnerabilities": count} for reason, count in sorted(reasons.items())
    ]


def _closings(plan: Plan) -> Iterator[tuple[date, int]]:
    for month in plan.month_starts:
        after = min(epoch(add_months(month, 1)), plan.end)
        yield day_of(after) - timedelta(days=1), after


def _rows(cells: dict[tuple[Segment, str], Counter[str]], names: tuple[str, ...]) -> list[Row]:
    return [
        {"segment_type": kind, "segment_id": name, "month": month, **{n: cell[n] for n in names}}
        for ((kind, name), month), cell in sorted(cells.items())
    ]
