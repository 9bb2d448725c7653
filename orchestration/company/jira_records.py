"""One issue, history entry, worklog, board, sprint, status, type and field, as Jira's API tells them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from orchestration.company.people import CANARY_TEXT, Person
from orchestration.company.plan import iso
from orchestration.company.work import (
    BUG,
    DONE,
    EPIC,
    STORY,
    TASK,
    Board,
    Item,
    Sprint,
    Status,
)

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


Told = tuple[str | None, str | None]  # id and text


class Change(NamedTuple):
    """One field that changed at an instant (epoch seconds)."""

    at: int
    field: str
    old: Told
    new: Told


def histories_of(item: Item) -> list[list[Change]]:
    """What changed at each instant after the creation, in order."""
    found = [
        Change(at, "status", (old.status_id, old.name), (new.status_id, new.name))
        for (_, old), (at, new) in pairwise(item.moves)
    ]
    found += [
        Change(at, "Sprint", _listed(old), _listed(new)) for (_, old), (at, new) in pairwise(item.sprints)
    ]
    dates: list[tuple[int, Told]] = [
        (at, (day.isoformat(), f"{day.isoformat()} 00:00:00.0")) for at, day in item.dues
    ]
    if dates and dates[0][0] > item.created:
        dates.insert(0, (item.created, (None, None)))
    found += [Change(at, "duedate", old, new) for (_, old), (at, new) in pairwise(dates)]
    found += _resolutions(item)
    if item.assignee and item.started:
        who = (_account(item.assignee), item.assignee.name)
        found.append(Change(item.started, "assignee", (None, None), who))
    entries: dict[int, list[Change]] = {}
    for change in sorted(found, key=lambda change: change.at):
        entries.setdefault(change.at, []).append(change)
    return list(entries.values())


def _resolutions(item: Item) -> Iterator[Change]:
    """Jira sets the resolution with the step into a status of done, and clears it with the step out."""
    nothing = (None, None)
    for (_, old), (at, new) in pairwise(item.moves):
        was, now = old.category == DONE, new.category == DONE
        if was != now:
            is_end = now and at == item.done
            word = item.resolution if is_end else "Done"
            told = (RESOLUTIONS[word], word)
            yield Change(at, "resolution", told if was else nothing, told if now else nothing)


def _listed(sprints: tuple[Sprint, ...]) -> tuple[str, str]:
    return ", ".join(str(s.sprint_id) for s in sprints), ", ".join(s.name for s in sprints)


def entry_record(item: Item, number: int, changes: list[Change]) -> dict[str, Any]:
    """An entry of the history: what changed at one instant."""
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


def issue_record(item: Item, entries: list[list[Change]], until: int) -> dict[str, Any]:
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
        "issuetype": type_record(item.kind),
        "status": status_record(status),
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
            "fields": {"summary": item.epic.title, "issuetype": type_record(EPIC)},
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
    told = sprint_record(sprint, until)
    return {"boardId": told.pop("originBoardId"), **told}


def sprint_record(sprint: Sprint, known: int) -> dict[str, Any]:
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


def board_record(board: Board) -> dict[str, Any]:
    """A board as the list of its project's boards has it."""
    place = {"projectId": 10_000 + board.board_id, "projectKey": board.project, "projectTypeKey": "software"}
    return {"id": board.board_id, "name": f"{board.project} board", "type": "scrum", "location": place}


def worklog_records(items: list[Item]) -> Iterator[dict[str, Any]]:
    """What people log when they are done: a quarter of the time that the item took, a day at most."""
    for item in items:
        if item.done and item.assignee:
            began, who = item.started or item.done, _user(item.assignee)
            yield {
                "issueId": str(item.number), "id": str(600_000 + item.number), "author": who,
                "updateAuthor": who, "comment": CANARY_TEXT if item.number % 20 == 0 else "",
                "created": _stamp(item.done), "updated": _stamp(item.done), "started": _stamp(began),
                "timeSpentSeconds": max(900, min(28_800, (item.done - began) // 4 // 900 * 900)),
            }  # fmt: skip


def status_record(status: Status) -> dict[str, Any]:
    """A status with its category."""
    category = {"id": CATEGORY_IDS[status.category], "key": status.category}
    return {
        "id": status.status_id,
        "name": status.name,
        "untranslatedName": status.name,
        "statusCategory": category,
    }


def type_record(kind: str) -> dict[str, Any]:
    """A type of issues; epics are one level above the others."""
    type_id, level = TYPES[kind]
    return {"id": type_id, "name": kind, "untranslatedName": kind, "subtask": False, "hierarchyLevel": level}


def field_record(field_id: str, meaning: tuple[str, str]) -> dict[str, Any]:
    """A custom field: its name, and the kind that tells what it is."""
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
