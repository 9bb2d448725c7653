"""Jira's files read back without any query: what they tell is what the teams planned and did."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.company import generate
from orchestration.company.plan import add_months
from orchestration.home import DataHome
from tests.company.conftest import Company

GRACE = timedelta(hours=24)
Told = dict[str, dict[str, Any]]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def records(folder: Path, member: str) -> list[dict[str, Any]]:
    return [
        record for path in sorted(folder.rglob("*.json")) for record in json.loads(path.read_text())[member]
    ]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """Six teams, for habits show in many items only; generated and not built, for no query reads them."""
    home = DataHome(tmp_path_factory.mktemp("teams"))
    truth = generate(home.landing, home.company, scale=0.2, months=8)
    return Company(home.landing, home.company, truth)


@pytest.fixture(scope="module")
def issues(company: Company) -> Told:
    """Each issue by its id, as it was told last."""
    found: Told = {}
    for record in records(company.landing / "jira" / "issues", "issues"):
        before = found.get(record["id"])
        if before is None or at(before["fields"]["updated"]) < at(record["fields"]["updated"]):
            found[record["id"]] = record
    return found


@pytest.fixture(scope="module")
def histories(company: Company) -> dict[str, list[tuple[datetime, dict[str, Any]]]]:
    """Instant and changed field of each issue, in order, each history entry once."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for entry in records(company.landing / "jira" / "issue_changelogs", "values"):
        found.setdefault(entry["issueId"], {})[entry["id"]] = entry
    return {
        issue: [
            (at(entry["created"]), change)
            for entry in sorted(entries.values(), key=lambda entry: int(entry["id"]))
            for change in entry["items"]
        ]
        for issue, entries in found.items()
    }


def test_each_history_leads_from_step_to_step_to_what_the_issue_says_now(issues: Told, histories: dict):
    assert len(issues) > 700
    for issue_id, changes in histories.items():
        fields = issues[issue_id]["fields"]
        now = {
            "status": fields["status"]["id"],
            "Sprint": ", ".join(str(sprint["id"]) for sprint in fields["customfield_10020"] or []),
            "duedate": fields["duedate"],
            "resolution": fields["resolution"] and fields["resolution"]["id"],
        }
        instants = [instant for instant, _ in changes]
        assert instants == sorted(instants), issue_id
        assert at(fields["created"]) < instants[0], issue_id
        assert at(fields["updated"]) == instants[-1], issue_id
        last: dict[str, Any] = {}
        for _, change in changes:
            name = change["field"]
            assert last.get(name, change["from"]) == change["from"], (issue_id, name)
            assert change["from"] != change["to"], (issue_id, name)
            last[name] = change["to"]
        assert {name: now[name] for name in last if name in now} == {
            n: v for n, v in last.items() if n in now
        }


def test_nothing_in_the_tracker_happens_after_the_last_day(company: Company, issues: Told, histories: dict):
    end = datetime.fromtimestamp(company.truth.plan.end, UTC)
    assert all(instant < end for changes in histories.values() for instant, _ in changes)
    assert all(at(issue["fields"]["created"]) < end for issue in issues.values())
    start = datetime.fromtimestamp(company.truth.plan.start, UTC)
    assert all(at(issue["fields"]["created"]) >= start for issue in issues.values())


def test_sprints_kept_what_the_truth_says_by_the_rule_applied_by_hand(
    company: Company, issues: Told, histories: dict
):
    """Committed: in the sprint at its start or a day after. Delivered: of these, done when it closed."""
    sprints = [s for s in records(company.landing / "jira" / "sprints", "values") if s["state"] == "closed"]
    done = {
        status["id"]
        for status in json.loads((company.landing / "jira" / "statuses" / "all.json").read_text())
        if status["statusCategory"]["key"] == "done"
    }
    found: dict[str, Counter[str]] = {sprint["name"]: Counter() for sprint in sprints}
    by_id = {str(sprint["id"]): sprint for sprint in sprints}
    for issue_id, issue in issues.items():
        changes = histories.get(issue_id, [])
        for sprint_id, stays in stays_of(issue, changes).items():
            if sprint_id in by_id:
                play(found[by_id[sprint_id]["name"]], by_id[sprint_id], stays, changes, done)
    with (company.truth_folder / "sprints.csv").open() as file:
        told = {row.pop("sprint"): row for row in csv.DictReader(file)}
    assert len(told) > 80
    for name, row in told.items():
        row.pop("team_id")
        assert {k: int(v) for k, v in row.items()} == {k: found[name][k] for k in row}, name


def stays_of(issue: dict[str, Any], changes: list) -> dict[str, list[tuple[datetime, datetime | None]]]:
    """From when until when the issue was in each sprint; None: it was never taken out."""
    moves = [
        (instant, change["from"], change["to"]) for instant, change in changes if change["field"] == "Sprint"
    ]
    now = ", ".join(str(sprint["id"]) for sprint in issue["fields"]["customfield_10020"] or [])
    first = moves[0][1] if moves else now
    stays: dict[str, list[tuple[datetime, datetime | None]]] = {}
    inside: dict[str, datetime] = {}
    for instant, text in [(at(issue["fields"]["created"]), first), *((i, to) for i, _, to in moves)]:
        members = set(filter(None, text.split(", ")))
        for sprint_id in set(inside) - members:
            stays.setdefault(sprint_id, []).append((inside.pop(sprint_id), instant))
        for sprint_id in members - set(inside):
            inside[sprint_id] = instant
    for sprint_id, instant in inside.items():
        stays.setdefault(sprint_id, []).append((instant, None))
    return stays


def play(cell: Counter[str], sprint: dict[str, Any], stays: list, changes: list, done: set[str]) -> None:
    start, closed = at(sprint["startDate"]), at(sprint["completeDate"])
    stays = [stay for stay in stays if stay[0] <= closed]
    committed = any(joined <= start + GRACE and (left is None or left > start) for joined, left in stays)
    if not committed and all(joined <= start + GRACE for joined, _ in stays):
        return  # taken out again before it began
    moves = [change["to"] for instant, change in changes if change["field"] == "status" and instant <= closed]
    is_done = bool(moves) and moves[-1] in done
    is_out = stays[-1][1] is not None and stays[-1][1] <= closed
    cell["committed"] += committed
    cell["delivered"] += committed and is_done
    cell["added"] += not committed
    cell["added_delivered"] += not committed and is_done
    cell["removed"] += is_out and not is_done
    cell["carried_over"] += not is_out and not is_done


def by_quarter(
    company: Company, table: str, part: str, whole: str, segment: tuple[str, str]
) -> dict[str, float]:
    """Share by quarter of one segment, from the truth by month."""
    sums: dict[str, Counter[str]] = {}
    for row in company.truth.tables[table]:
        if (row["segment_type"], row["segment_id"]) == segment:
            year, month = row["month"].split("-")
            cell = sums.setdefault(f"{year}-Q{(int(month) + 2) // 3}", Counter())
            cell.update({part: row[part], whole: row[whole]})
    return {quarter: cell[part] / cell[whole] for quarter, cell in sums.items() if cell[whole]}


def test_the_pressed_team_delivers_least_in_the_hurried_quarter_and_others_do_not(company: Company):
    stories = company.truth.stories
    quarter = f"{stories.hurried_from.year}-Q{(stories.hurried_from.month + 2) // 3}"
    pressed = by_quarter(company, "plan_vs_actual", "delivered", "committed", ("team", stories.pressed_team))
    added = by_quarter(company, "plan_vs_actual", "added", "committed", ("team", stories.pressed_team))
    calm = by_quarter(company, "plan_vs_actual", "delivered", "committed", ("team", "runtime"))
    assert pressed[quarter] == min(pressed.values()) < 0.65
    assert added[quarter] == max(added.values()) > 0.4
    assert calm[quarter] > 0.7


def test_more_defects_reach_users_from_the_hurried_quarter_on(company: Company):
    stories = company.truth.stories
    shares = by_quarter(company, "escaped_defect_rate", "escaped", "known", ("org", "org"))
    hurried = f"{stories.hurried_from.year}-Q{(stories.hurried_from.month + 2) // 3}"
    before = [share for quarter, share in shares.items() if quarter < hurried]
    assert before
    assert shares[hurried] > max(before) + 0.05


def test_what_is_owed_is_put_off_while_releases_are_hurried(company: Company):
    stories = company.truth.stories
    parts = ("debt", "reliability", "security")
    rows = [row for row in company.truth.tables["work_done"] if row["segment_id"] == "org"]
    invested = {row["month"]: sum(row[part] for part in parts) / row["items"] for row in rows}
    # What was taken up before is still being finished in the first of the three months.
    hurried = [f"{add_months(stories.hurried_from, n):%Y-%m}" for n in (1, 2)]
    usual = [f"{add_months(stories.hurried_from, n):%Y-%m}" for n in (-2, -1, 4, 5)]
    assert max(invested[month] for month in hurried) < min(invested[month] for month in usual)


def test_the_slipping_group_is_late_with_its_actions_and_the_others_are_not(company: Company):
    stories = company.truth.stories
    late: dict[str, list[bool]] = {}
    for row in company.truth.tables["postmortem_actions"]:
        if row["segment_type"] == "group" and row["month"] > f"{stories.hurried_from:%Y-%m}" and row["due"]:
            kept = [True] * row["in_time"] + [False] * (row["due"] - row["in_time"])
            late.setdefault(row["segment_id"], []).extend(kept)
    kept_share = {group: sum(kept) / len(kept) for group, kept in late.items()}
    assert kept_share[stories.slipping_group] == min(kept_share.values())
    assert min(share for group, share in kept_share.items() if group != stories.slipping_group) > 0.7
