"""Jira's answers about the teams' work, as the connector lands them, and one team's list of actions.

The first pull came three months before the last one, and one each month after it: an issue is told as it
was when it was asked for, and told again if it changed since the pull before, with its whole history as the
connector lands it. Personal texts are where real answers have them: in people, in what a field said before
and after, in notes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from orchestration.company.catalogue import Catalogue
from orchestration.company.people import CANARY_TEXT, Person
from orchestration.company.plan import Plan, add_months, day_of, epoch, iso, month_of
from orchestration.company.work import (
    BUG,
    DONE,
    EPIC,
    STATUSES,
    STORY,
    TASK,
    Item,
    Sprint,
    Status,
    Work,
)
from orchestration.company.writing import pages, write_csv, write_json

PAGE = 100
SITE = "https://harbourly.atlassian.net/rest"
CATEGORY_IDS = {"new": 2, "indeterminate": 4, "done": 3}
TYPES = {EPIC: ("10000", 1), STORY: ("10001", 0), TASK: ("10002", 0), BUG: ("10004", 0)}
SPRINT_FIELD, POINTS_FIELD = "customfield_10020", "customfield_10031"
EPIC_FIELD, FOUND_IN_FIELD, NOTES_FIELD = "customfield_10014", "customfield_10057", "customfield_10060"
FIELDS = {
    SPRINT_FIELD: ("Sprint", "com.pyxis.greenhopper.jira:gh-sprint"),
    POINTS_FIELD: ("Story Points", "com.atlassian.jira.plugin.system.customfieldtypes:float"),
    EPIC_FIELD: ("Epic Link", "com.pyxis.greenhopper.jira:gh-epic-link"),
    FOUND_IN_FIELD: ("Found in", "com.atlassian.jira.plugin.system.customfieldtypes:select"),
    NOTES_FIELD: ("Notes", "com.atlassian.jira.plugin.system.customfieldtypes:textfield"),
}
RESOLUTIONS = {"Done": "10000", "Won't Do": "10001", "Duplicate": "10002", "Cannot Reproduce": "10003"}
HISTORIES_PER_ISSUE = 1_000
OFFSET = 7_200


_Told = tuple[str | None, str | None]  # id and text


class _Change(NamedTuple):
    at: int
    field: str
    old: _Told
    new: _Told


def write_jira(root: Path, plan: Plan, work: Work) -> None:
    """Issues with their changelogs, sprints, and the lists of statuses, types and fields, below ``root``."""
    histories = {item: _histories(item) for item in work.items}
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
            issues = [_issue(item, entries, until) for item, entries in page]
            answer = {"isLast": is_last, "issues": issues}
            write_json(
                root / "issues" / name, answer if is_last else {"nextPageToken": f"{index + 1}", **answer}
            )
            values = [
                {"issueId": str(item.number), **_entry(item, number, changes)}
                for item, entries in page
                for number, changes in enumerate(entries)
            ]
            if values:
                write_json(root / "issue_changelogs" / name, {"values": values})
        since = until
    for board in work.boards:
        sprints = [_sprint(sprint, plan.end) for sprint in work.sprints if sprint.board is board]
        answer = {"maxResults": 50, "startAt": 0, "isLast": True, "values": sprints}
        write_json(root / "sprints" / f"board-{board.board_id}.json", answer)
    write_json(root / "statuses" / "all.json", [_status(status) for status in STATUSES])
    write_json(root / "issue_types" / "all.json", [_type(kind) for kind in TYPES])
    write_json(root / "fields" / "all.json", [_field(*field) for field in FIELDS.items()])


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


def _histories(item: Item) -> list[list[_Change]]:
    """What changed at each instant after the creation, in order."""
    found = [
        _Change(at, "status", (old.status_id, old.name), (new.status_id, new.name))
        for (_, old), (at, new) in pairwise(item.moves)
    ]
    found += [
        _Change(at, "Sprint", _listed(old), _listed(new)) for (_, old), (at, new) in pairwise(item.sprints)
    ]
    dates: list[tuple[int, _Told]] = [
        (at, (day.isoformat(), f"{day.isoformat()} 00:00:00.0")) for at, day in item.dues
    ]
    if dates and dates[0][0] > item.created:
        dates.insert(0, (item.created, (None, None)))
    found += [_Change(at, "duedate", old, new) for (_, old), (at, new) in pairwise(dates)]
    found += _resolutions(item)
    if item.assignee and item.started:
        who = (_account(item.assignee), item.assignee.name)
        found.append(_Change(item.started, "assignee", (None, None), who))
    entries: dict[int, list[_Change]] = {}
    for change in sorted(found, key=lambda change: change.at):
        entries.setdefault(change.at, []).append(change)
    return list(entries.values())


def _resolutions(item: Item) -> Iterator[_Change]:
    """Jira sets the resolution with the step into a status of done, and clears it with the step out."""
    nothing = (None, None)
    for (_, old), (at, new) in pairwise(item.moves):
        was, now = old.category == DONE, new.category == DONE
        if was != now:
            is_end = now and at == item.done
            word = item.resolution if is_end else "Done"
            told = (RESOLUTIONS[word], word)
            yield _Change(at, "resolution", told if was else nothing, told if now else nothing)


def _listed(sprints: tuple[Sprint, ...]) -> tuple[str, str]:
    return ", ".join(str(s.sprint_id) for s in sprints), ", ".join(s.name for s in sprints)


def _entry(item: Item, number: int, changes: list[_Change]) -> dict[str, Any]:
    return {
        "id": str(item.number * HISTORIES_PER_ISSUE + number),
        "author": _user(item.assignee or item.reporter),
        "created": _stamp(changes[0].at),
        "items": [
            {
                "field": change.field, "fieldtype": "jira", "fieldId": change.field,
                "from": change.old[0], "fromString": change.old[1],
                "to": change.new[0], "toString": change.new[1],
            }
            for change in changes
        ],
    }  # fmt: skip


def _held(told: Iterable[tuple[int, Any]], until: int) -> list[tuple[int, Any]]:
    return [pair for pair in told if pair[0] < until]


def _issue(item: Item, entries: list[list[_Change]], until: int) -> dict[str, Any]:
    """The issue as it was just before ``until``; ``entries`` are its history up to then."""
    moves = _held(item.moves, until)
    status = moves[-1][1]
    entered = max(at for (_, old), (at, new) in pairwise([(0, None), *moves])
                  if old is None or old.category != new.category)  # fmt: skip
    is_done = status.category == DONE
    resolution = item.resolution if is_done and item.done == entered else "Done"
    sprints, dues = _held(item.sprints, until)[-1][1], _held(item.dues, until)
    fields = {
        "summary": item.title,
        "project": {"id": str(10_000 + item.board.board_id), "key": item.board.project},
        "issuetype": _type(item.kind),
        "status": _status(status),
        "statuscategorychangedate": _stamp(entered),
        "resolution": {"id": RESOLUTIONS[resolution], "name": resolution} if is_done else None,
        "resolutiondate": _stamp(entered) if is_done else None,
        "priority": {"id": "3", "name": "Medium"},
        "labels": list(item.labels),
        "components": [{"id": str(20_000 + n), "name": name} for n, name in enumerate(item.components)],
        "issuelinks": _links(item),
        "duedate": dues[-1][1].isoformat() if dues else None,
        "timeoriginalestimate": None,
        "reporter": _user(item.reporter),
        "created": _stamp(item.created),
        "updated": _stamp(entries[-1][0].at if entries else item.created),
        SPRINT_FIELD: [_board_sprint(sprint, until) for sprint in sprints] or None,
        POINTS_FIELD: item.points and float(item.points),
        FOUND_IN_FIELD: _option(item.environment),
        NOTES_FIELD: CANARY_TEXT if item.number % 20 == 0 else None,
    }
    if item.epic and item.board.is_company_managed:
        fields[EPIC_FIELD] = item.epic.key
    elif item.epic:
        fields["parent"] = {
            "id": str(item.epic.number), "key": item.epic.key,
            "fields": {"summary": item.epic.title, "issuetype": _type(EPIC)},
        }  # fmt: skip
    return {
        "expand": "changelog",
        "id": str(item.number),
        "self": f"{SITE}/api/3/issue/{item.number}",
        "key": item.key,
        "changelog": {"startAt": 0, "maxResults": len(entries), "total": len(entries)},
        "fields": fields,
    }  # fmt: skip


def _links(item: Item) -> list[dict[str, Any]]:
    """A link to the request of the service desk that stands for the incident."""
    if item.incident is None:
        return []
    incident = {
        "id": str(900_000 + item.incident.number), "key": f"OPS-{item.incident.number}",
        "fields": {"summary": item.incident.title, "issuetype": {"id": "10100", "name": "[System] Incident"}},
    }  # fmt: skip
    kind = {"id": "10000", "name": "Problem/Incident", "inward": "is caused by", "outward": "causes"}
    return [{"id": str(500_000 + item.number), "type": kind, "outwardIssue": incident}]


def _option(value: str | None) -> dict[str, str] | None:
    if value is None:
        return None
    return {"self": f"{SITE}/api/3/customFieldOption/10101", "value": value, "id": "10101"}


def _board_sprint(sprint: Sprint, until: int) -> dict[str, Any]:
    told = _sprint(sprint, until)
    return {"boardId": told.pop("originBoardId"), **told}


def _sprint(sprint: Sprint, known: int) -> dict[str, Any]:
    """A sprint as it was just before ``known``: one to come has no dates yet."""
    told = {
        "id": sprint.sprint_id, "self": f"{SITE}/agile/1.0/sprint/{sprint.sprint_id}",
        "state": "closed" if sprint.closed < known else "active" if sprint.start < known else "future",
        "name": sprint.name, "originBoardId": sprint.board.board_id, "goal": "",
    }  # fmt: skip
    if sprint.start < known:
        told |= {"startDate": _utc(sprint.start), "endDate": _utc(sprint.planned_end)}
    if sprint.closed < known:
        told["completeDate"] = _utc(sprint.closed)
    return told


def _status(status: Status) -> dict[str, Any]:
    category = {"id": CATEGORY_IDS[status.category], "key": status.category}
    return {
        "id": status.status_id,
        "name": status.name,
        "untranslatedName": status.name,
        "statusCategory": category,
    }


def _type(kind: str) -> dict[str, Any]:
    type_id, level = TYPES[kind]
    return {"id": type_id, "name": kind, "untranslatedName": kind, "subtask": False, "hierarchyLevel": level}


def _field(field_id: str, meaning: tuple[str, str]) -> dict[str, Any]:
    name, kind = meaning
    return {
        "id": field_id,
        "name": name,
        "untranslatedName": name,
        "custom": True,
        "schema": {"custom": kind},
    }


def _account(person: Person) -> str:
    return f"712020:{person.worker_id}"


def _user(person: Person) -> dict[str, Any]:
    return {
        "accountId": _account(person), "emailAddress": person.email, "displayName": person.name,
        "active": True, "timeZone": "Europe/Berlin",
    }  # fmt: skip


def _utc(instant: int) -> str:
    return f"{iso(instant)[:-1]}.000Z"


def _stamp(instant: int) -> str:
    # Jira writes the offset of whoever asks, without a colon.
    return f"{iso(instant + OFFSET)[:-1]}.000+0200"
