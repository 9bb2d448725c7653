"""Jira's answers about the teams' work, as the connector lands them, and one team's list of actions.

The first pull came three months before the last one, and one each month after it: an issue is told as it
was when it was asked for, and told again if it changed since the pull before, with its whole history as the
connector lands it. Personal texts are where real answers have them: in people, in what a field said before
and after, in notes.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from orchestration.company.catalogue import Catalogue
from orchestration.company.jira_records import (
    FIELDS,
    TYPES,
    board_record,
    entry_record,
    field_record,
    histories_of,
    issue_record,
    sprint_record,
    status_record,
    type_record,
    worklog_records,
)
from orchestration.company.plan import Plan, add_months, day_of, epoch, month_of
from orchestration.company.work import STATUSES, Item, Work
from orchestration.company.writing import pages, write_csv, write_json

PAGE = 100


def write_jira(root: Path, plan: Plan, work: Work) -> None:
    """Everything below ``root``: issues with changelogs and hours, boards, sprints, and the site's lists."""
    histories = {item: histories_of(item) for item in work.items}
    since = 0
    for month in plan.month_starts[-4:]:
        until = min(epoch(add_months(month, 1)), plan.end)
        told = [
            (item, [entry for entry in histories[item] if entry[0].at < until])
            for item in work.items
            if item.created < until
        ]
        changed = [
            pair for pair in told if pair[0].created >= since or (pair[1] and pair[1][-1][0].at >= since)
        ]
        for index, page in enumerate(pages(changed, PAGE)):
            is_last = (index + 1) * PAGE >= len(changed)
            name = f"{month_of(month)}-page-{index:03d}.json"
            issues = [issue_record(item, entries, until) for item, entries in page]
            answer = {"isLast": is_last, "issues": issues}
            write_json(
                root / "issues" / name, answer if is_last else {"nextPageToken": f"{index + 1}", **answer}
            )
            values = [
                {"issueId": str(item.number), **entry_record(item, number, changes)}
                for item, entries in page
                for number, changes in enumerate(entries)
            ]
            if values:
                write_json(root / "issue_changelogs" / name, {"values": values})
        since = until
    for board in work.boards:
        sprints = [sprint_record(sprint, plan.end) for sprint in work.sprints if sprint.board is board]
        answer = {"maxResults": 50, "startAt": 0, "isLast": True, "values": sprints}
        write_json(root / "sprints" / f"board-{board.board_id}.json", answer)
        boards = {"maxResults": 50, "startAt": 0, "total": 1, "isLast": True, "values": [board_record(board)]}
        write_json(root / "boards" / board.project / "boards.json", boards)
    for index, page in enumerate(pages(list(worklog_records(work.items)), PAGE)):
        write_json(root / "worklogs" / f"page-{index:03d}.json", {"values": page})
    write_json(root / "statuses" / "all.json", [status_record(status) for status in STATUSES])
    write_json(root / "issue_types" / "all.json", [type_record(kind) for kind in TYPES])
    write_json(root / "fields" / "all.json", [field_record(*field) for field in FIELDS.items()])


def write_actions(root: Path, plan: Plan, work: Work) -> None:
    """``postmortem_actions`` below ``root``: of a team that does not keep its actions in the tracker."""
    header = ("action_id", "incident_id", "service_id", "created_on", "first_due_date", "due_date",
              "completed_on", "status", "owner")  # fmt: skip
    rows = [(f"PM-{number}", *_listed_action(item)) for number, item in enumerate(work.listed, 1)]
    folder = (plan.last_day + timedelta(days=1)).isoformat()
    write_csv(root / "postmortem_actions" / folder / "actions.csv", header, rows)


def _listed_action(item: Item) -> tuple[object, ...]:
    status = "open" if item.done is None else "cancelled" if item.exclusion_reason else "done"
    return (
        item.incident and item.incident.incident_id,
        item.service and item.service.service_id,
        day_of(item.created),
        item.first_due,
        item.dues[-1][1] if item.dues else None,
        day_of(item.done) if item.done and status == "done" else None,
        status,
        item.reporter.email,
    )


def name_services(catalogue: Catalogue, work: Work) -> list[tuple[str, str, str]]:
    """Tool, identifier and service: components as Jira has them, and projects for what has no component."""
    named = [("jira", service.name, service.service_id) for service in catalogue.services]
    return named + [("jira", b.project, b.home.service_id) for b in work.boards if b.home]
