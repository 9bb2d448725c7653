"""The truth about work items, sprints and postmortem actions, by what was planned for each."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from statistics import median

from orchestration.company.catalogue import UNMAPPED, Catalogue, Service
from orchestration.company.issues import Issue
from orchestration.company.plan import HOUR, Plan, add_months, day_of, iso, month_of
from orchestration.company.truth import Row
from orchestration.company.truth_delivery import Segment, segments_of
from orchestration.company.work import (
    BUG,
    CARRIED,
    DEBT,
    DELIVERED,
    EPIC,
    LIGHTS_ON,
    NEW_VALUE,
    PRODUCTION,
    RELIABILITY,
    REMOVED,
    SECURITY,
    STORY,
    TASK,
    UNCLASSIFIED,
    Item,
    Work,
)

CATEGORIES = (NEW_VALUE, DEBT, RELIABILITY, SECURITY, LIGHTS_ON, UNCLASSIFIED)
KINDS = {STORY: "stories", BUG: "bugs", TASK: "tasks", EPIC: "epics"}
# What the labels of issues beside the code make of them; where a bug was found nobody says there.
ISSUES = {"bug": (BUG, LIGHTS_ON), "feature": (STORY, NEW_VALUE), "chore": (TASK, LIGHTS_ON)}
Cells = dict[tuple[Segment, str], Counter[str]]


def _service_of(catalogue: Catalogue, issue: Issue) -> Service | None:
    """The service that the repository is, where it is one service."""
    found = [service for service in catalogue.services if service.repository == issue.repository]
    return found[0] if len(found) == 1 else None


def _finished(work: Work) -> list[tuple[Item, int]]:
    return [(item, done) for item in work.items if (done := item.done) and item.exclusion_reason is None]


def cycle_time(catalogue: Catalogue, work: Work) -> list[Row]:
    """Items, epics apart, and median hours from first begun to done for good, by month of the end."""
    cells: dict[tuple[Segment, str], list[float]] = defaultdict(list)
    for item, done in _finished(work):
        if item.kind != EPIC and item.started:
            for segment in segments_of(catalogue, item.service, day_of(done)):
                cells[segment, month_of(day_of(done))].append((done - item.started) / HOUR)
    return [
        {"segment_type": kind, "segment_id": name, "month": month, "items": len(hours),
         "median_hours": median(hours)}
        for ((kind, name), month), hours in sorted(cells.items())
    ]  # fmt: skip


def work_in_progress(plan: Plan, catalogue: Catalogue, work: Work) -> list[Row]:
    """Items in progress at the end of each month, and the median of the days since each was first begun."""
    cells: dict[tuple[Segment, str], list[int]] = defaultdict(list)
    for first in plan.month_starts:
        closing = min(add_months(first, 1) - timedelta(days=1), plan.last_day)
        for item in work.items:
            if item.kind != EPIC and item.started and item.is_doing_on(closing):
                for segment in segments_of(catalogue, item.service, closing):
                    cells[segment, month_of(closing)].append((closing - day_of(item.started)).days)
    return [
        {
            "segment_type": kind,
            "segment_id": name,
            "month": month,
            "items": len(ages),
            "median_days": median(ages),
        }
        for ((kind, name), month), ages in sorted(cells.items())
    ]


def work_done(catalogue: Catalogue, work: Work, issues: list[Issue]) -> list[Row]:
    """Items and issues done by month of the end: by type, their points, and without epics by category."""
    cells: Cells = defaultdict(Counter)
    for issue in issues:
        if issue.closed:
            kind, category = ISSUES[issue.kind]
            for segment in segments_of(catalogue, _service_of(catalogue, issue), day_of(issue.closed)):
                cells[segment, month_of(day_of(issue.closed))].update(("items", KINDS[kind], category))
    for item, done in _finished(work):
        for segment in segments_of(catalogue, item.service, day_of(done)):
            cell = cells[segment, month_of(day_of(done))]
            cell["items"] += 1
            cell[KINDS[item.kind]] += 1
            cell["points"] += item.points or 0
            if item.kind != EPIC:
                cell[item.category] += 1
    return _rows(cells, ("items", *KINDS.values(), "points", *CATEGORIES))


def plan_vs_actual(plan: Plan, catalogue: Catalogue, work: Work) -> list[Row]:
    """Of sprints by month of their close: committed, of these delivered; added, removed and carried over."""
    cells: Cells = defaultdict(Counter)
    for sprint in work.sprints:
        closed = day_of(sprint.closed)
        if sprint.closed >= plan.end:
            continue
        for item, (is_committed, outcome) in sprint.roles.items():
            for segment in segments_of(catalogue, item.service, closed):
                _play(cells[segment, month_of(closed)], is_committed, outcome)
    return _rows(cells, ("committed", "delivered", "added", "removed", "carried_over"))


def sprints(plan: Plan, work: Work) -> list[Row]:
    """The same sprint by sprint."""
    rows = []
    for sprint in work.sprints:
        if sprint.closed < plan.end:
            cell: Counter[str] = Counter()
            for is_committed, outcome in sprint.roles.values():
                _play(cell, is_committed, outcome)
            names = ("committed", "delivered", "added", "added_delivered", "removed", "carried_over")
            rows.append(
                {"sprint": sprint.name, "team_id": sprint.board.team_id, **{n: cell[n] for n in names}}
            )
    return rows


def _play(cell: Counter[str], is_committed: bool, outcome: str) -> None:
    cell["committed"] += is_committed
    cell["delivered"] += is_committed and outcome == DELIVERED
    cell["added"] += not is_committed
    cell["added_delivered"] += not is_committed and outcome == DELIVERED
    cell["removed"] += outcome == REMOVED
    cell["carried_over"] += outcome == CARRIED


def escaped_defect_rate(catalogue: Catalogue, work: Work, issues: list[Issue]) -> list[Row]:
    """Defects by month of creation: of known origin, of these found in production, of unknown origin."""
    cells: Cells = defaultdict(Counter)
    for issue in issues:
        if ISSUES[issue.kind][0] == BUG:
            day = day_of(issue.opened)
            for segment in segments_of(catalogue, _service_of(catalogue, issue), day):
                cells[segment, month_of(day)]["unknown"] += 1
    for item in work.items:
        if item.kind == BUG and item.exclusion_reason is None:
            day = day_of(item.created)
            for segment in segments_of(catalogue, item.service, day):
                cell = cells[segment, month_of(day)]
                cell["known"] += item.found_in is not None
                cell["escaped"] += item.found_in == PRODUCTION
                cell["unknown"] += item.found_in is None
    return _rows(cells, ("known", "escaped", "unknown"))


def postmortem_actions(plan: Plan, catalogue: Catalogue, work: Work) -> list[Row]:
    """Actions by month of their first due date, those done by the end of that day, those with a moved date.

    Without any date: by month in which they were agreed on.
    """
    cells: Cells = defaultdict(Counter)
    for item in [*work.items, *work.listed]:
        if not item.is_action or item.exclusion_reason:
            continue
        due = item.first_due
        day = due or day_of(item.created)
        if day > plan.last_day:
            continue
        for segment in segments_of(catalogue, item.service, day):
            cell = cells[segment, month_of(day)]
            cell["due"] += due is not None
            cell["undated"] += due is None
            if due:
                cell["in_time"] += item.done is not None and day_of(item.done) <= due
                cell["redated"] += item.dues[-1][1] > due
    return _rows(cells, ("due", "in_time", "redated", "undated"))


def postmortem_actions_overdue(plan: Plan, catalogue: Catalogue, work: Work) -> list[Row]:
    """Actions past their first due date and not done at the end of each month."""
    cells: Cells = defaultdict(Counter)
    for first in plan.month_starts:
        closing = min(add_months(first, 1) - timedelta(days=1), plan.last_day)
        for item in [*work.items, *work.listed]:
            if (
                not item.is_action
                or item.exclusion_reason
                or item.first_due is None
                or item.first_due >= closing
            ):
                continue
            if item.done is None or day_of(item.done) > closing:
                for segment in segments_of(catalogue, item.service, closing):
                    cells[segment, month_of(closing)]["overdue"] += 1
    return _rows(cells, ("overdue",))


def work_items(work: Work) -> list[Row]:
    """Each item of the tracker as it is in the end; instants in ISO form, of a defect where it was found."""
    return [
        {
            "item_key": item.key,
            "work_type": item.kind.lower(),
            "service_id": item.service.service_id if item.service else UNMAPPED,
            "points": item.points,
            "created_at": iso(item.created),
            "started_at": item.started and iso(item.started),
            "done_at": item.done and iso(item.done),
            "due_date": item.first_due,
            "due_date_now": item.dues[-1][1] if item.dues else None,
            "found_in": (item.found_in or UNMAPPED) if item.kind == BUG else None,
            "is_postmortem_action": item.is_action,
            "investment_category": item.category,
            "exclusion_reason": item.exclusion_reason,
        }
        for item in work.items
    ]


def work_excluded(work: Work) -> list[Row]:
    """How many items of the tracker are left out, by reason; blank for those that count."""
    reasons = Counter(item.exclusion_reason or "" for item in work.items)
    return [{"exclusion_reason": reason, "items": count} for reason, count in sorted(reasons.items())]


def _rows(cells: Cells, names: tuple[str, ...]) -> list[Row]:
    return [
        {"segment_type": kind, "segment_id": name, "month": month, **{n: cell[n] for n in names}}
        for ((kind, name), month), cell in sorted(cells.items())
    ]
