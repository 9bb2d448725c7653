"""GitLab's exports: lists by quarter, what a script noted beside each record, a few answers as they came.

Beside them lie an older export of the same merge requests and a file under two names.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestration.company.catalogue import Catalogue
from orchestration.company.deployments import Delivery
from orchestration.company.gitlab_records import (
    commit_record,
    deployment_records,
    diff_record,
    issue_record,
    merge_request_record,
    note_record,
    pipeline_records,
    project_record,
)
from orchestration.company.issues import plan_issues
from orchestration.company.mainline import Commit, Mainline, PullRequest
from orchestration.company.people import People
from orchestration.company.pipelines import Run
from orchestration.company.plan import DAY, Plan, day_of, quarter_of
from orchestration.company.writing import pages, to_json, write_json, write_lines

PAGE = 100
TORN_LINES = 2

Records = Iterable[tuple[int, Any]]  # instant, record


def write_gitlab(
    root: Path,
    plan: Plan,
    catalogue: Catalogue,
    people: People,
    delivery: Delivery,
    by_repository: dict[str, list[PullRequest]],
    runs: list[Run],
) -> int:
    """Everything under ``root``; ``runs`` is empty where another system tells them. Returns how many rows are
    bad on purpose.
    """
    lines = delivery.lines
    projects = {repository: 4_100 + number for number, repository in enumerate(sorted(lines))}
    iids = {pull.ordinal: n for pulls in by_repository.values() for n, pull in enumerate(pulls, start=1)}
    branches = _branches(lines, by_repository)
    pulls = [pull for members in by_repository.values() for pull in members]
    write_json(
        root / "projects" / "projects.json",
        [project_record(projects[name], lines[name], plan.end - 60) for name in sorted(lines)],
    )

    def told(pull: PullRequest, until: int | None = None) -> dict[str, Any]:
        line = lines[pull.repository]
        return merge_request_record(
            pull, line, projects[pull.repository], iids, branches[pull.ordinal], until
        )

    _export(root / "merge_requests", ((pull.opened, told(pull)) for pull in pulls))
    cut = plan.end - 12 * DAY
    stale = [told(pull, cut) for pull in pulls if cut - 20 * DAY <= pull.opened < cut]
    write_lines(root / "merge_requests" / "export-by-hand.jsonl", stale)
    write_lines(root / "merge_requests" / "copy of export-by-hand (2).jsonl", stale)
    _export(
        root / "merge_request_notes",
        ((p.opened, note_record(p, iids[p.ordinal], n)) for p in pulls for n in range(len(p.reviews))),
    )
    _export_branches(root / "merge_request_commits", lines, projects, iids, pulls, branches)
    _export(
        root / "commits",
        ((c.committed, commit_record(c, line, iids[c.pull.ordinal] if c.pull else None))
         for line in lines.values() for c in line.commits),
    )  # fmt: skip
    shared = sorted({s.repository for s in catalogue.services if s.in_monorepo})
    _export(
        root / "commit_diffs",
        ((c.committed, {**diff_record(path), "sha": c.sha, "project_id": projects[name]})
         for name in shared for c in lines[name].commits for path in c.files),
    )  # fmt: skip
    deployer = people.bots[3]
    _export(
        root / "deployments",
        ((d.created, record) for d in delivery.deployments
         for record in deployment_records(d, projects[d.line.repository], deployer)),
    )  # fmt: skip
    _export_issues(root / "issues", plan, projects, by_repository)
    _export_runs(root, projects, iids, pulls, runs)
    return TORN_LINES


def _export(root: Path, records: Records) -> None:
    quarters: dict[str, list[Any]] = {}
    for instant, record in records:
        quarters.setdefault(quarter_of(day_of(instant)).lower(), []).append(record)
    for index, (quarter, members) in enumerate(sorted(quarters.items())):
        if index % 3 == 1:
            for number, page in enumerate(pages(members, 10 * PAGE), start=1):
                write_json(root / quarter / f"page-{number:03d}.json", page)
        else:
            write_lines(root / f"{quarter}.jsonl.gz", members)


def _branches(
    lines: dict[str, Mainline], by_repository: dict[str, list[PullRequest]]
) -> dict[int, list[Commit]]:
    """Commits of each merge request's branch, by its ordinal. Rebasing writes them anew, and the branch is
    then what landed.
    """
    found = {}
    for repository, pulls in by_repository.items():
        landed = lines[repository].commits
        places = {commit.sha: place for place, commit in enumerate(landed)}
        for pull in pulls:
            found[pull.ordinal] = pull.commits
            if pull.method == "rebase" and pull.merged:
                last = places[pull.merge_sha]
                found[pull.ordinal] = landed[last + 1 - len(pull.commits) : last + 1]
    return found


def _export_branches(
    root: Path,
    lines: dict[str, Mainline],
    projects: dict[str, int],
    iids: dict[int, int],
    pulls: list[PullRequest],
    branches: dict[int, list[Commit]],
) -> None:
    """Commits of branches, by a script that notes the merge request beside each; a few as the API's own
    answers, which lie in a folder that says whose they are.
    """
    noted: list[tuple[int, Any]] = []
    for pull in pulls:
        iid, project_id = iids[pull.ordinal], projects[pull.repository]
        records = [commit_record(c, lines[pull.repository], None, False) for c in branches[pull.ordinal]]
        if pull.ordinal % 500 == 7:
            write_json(root / str(project_id) / str(iid) / "commits.json", records)
            continue
        for record in records:
            record.update(project_id=project_id, pull_number=iid)
        noted += [(pull.opened, record) for record in records]
    # An export that ran out of disk: its last line is torn behind the author's address, and what the script
    # said about it is no JSON at all.
    first = min(instant for instant, _ in noted)
    noted += [(first, to_json(noted[0][1])[:200]), (first, "Traceback (most recent call last):")]
    _export(root, noted)


def _export_issues(
    root: Path, plan: Plan, projects: dict[str, int], by_repository: dict[str, list[PullRequest]]
) -> None:
    _export(
        root,
        (
            (i.opened, issue_record(i.repository, projects[i.repository], i.position + 1, i.author, i.opened,
                                    i.closed, i.kind))
            for i in plan_issues(plan, by_repository)
        ),
    )  # fmt: skip


def _export_runs(
    root: Path, projects: dict[str, int], iids: dict[int, int], pulls: list[PullRequest], runs: list[Run]
) -> None:
    of_commit = {commit.sha: iids[pull.ordinal] for pull in pulls for commit in pull.commits}
    told = []
    for run in runs:
        iid = of_commit.get(run.sha) if run.event == "pull_request" else None
        told.append((run.created, *pipeline_records(run, projects[run.line.repository], iid)))
    _export(root / "pipeline_details", ((created, pipeline) for created, pipeline, _ in told))
    _export(root / "jobs", ((created, job) for created, _, jobs in told for job in jobs))
