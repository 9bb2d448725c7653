"""GitHub's exports: each repository in one of the forms in which such exports come.

``pages``: one JSON array a page, in ``<owner>/<repo>/``. ``lines``: JSON lines of many repositories by
quarter,
gzipped. ``wrapped``: pages inside an object, one a line, with Zstandard. One repository's deployments come
from
GraphQL. Beside them lie an older export of the same pull requests, a file under two names, and webhook
bodies.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestration.company.catalogue import Catalogue
from orchestration.company.deployments import Delivery, Deployment
from orchestration.company.github_records import (
    commit_record,
    deployment_node,
    deployment_record,
    issue_number,
    issue_record,
    job_record,
    pull_as_issue,
    pull_record,
    review_record,
    run_record,
    status_record,
)
from orchestration.company.issues import Issue, plan_issues
from orchestration.company.mainline import PullRequest
from orchestration.company.people import People
from orchestration.company.pipelines import Run
from orchestration.company.plan import DAY, Plan, iso
from orchestration.company.writing import pages, to_json, write_json, write_lines

PAGE = 100
WRAPPERS = {
    "workflow_runs": "workflow_runs",
    "workflow_jobs": "jobs",
    "pull_requests": "items",
    "issues": "items",
}
TORN_LINES = 2
JOB_DAYS = 60

Records = Iterable[tuple[str, int, dict[str, Any]]]  # repository, instant, record


def write_github(
    root: Path,
    plan: Plan,
    catalogue: Catalogue,
    people: People,
    delivery: Delivery,
    by_repository: dict[str, list[PullRequest]],
    runs: list[Run],
) -> int:
    """Everything under ``root``. Returns how many rows are bad on purpose."""
    exporter = _Exporter(root, sorted(delivery.lines))
    pulls = [pull for members in by_repository.values() for pull in members]
    lines = delivery.lines
    exporter.export(
        "pull_requests", ((p.repository, p.opened, pull_record(p, lines[p.repository])) for p in pulls)
    )
    _export_pull_commits(root, pulls)
    exporter.export(
        "pull_request_reviews",
        ((p.repository, p.opened, review_record(p, n)) for p in pulls for n in range(len(p.reviews))),
    )
    monorepos = {s.repository for s in catalogue.services if s.in_monorepo}
    exporter.export(
        "commits",
        ((line.repository, c.committed, commit_record(c, line.repository, line.repository in monorepos))
         for line in lines.values() for c in line.commits),
    )  # fmt: skip
    _export_deployments(exporter, root, delivery, people)
    # The list tells of the latest attempt alone; earlier ones come from the attempts endpoint.
    exporter.export(
        "workflow_runs", ((r.line.repository, r.created, run_record(r, len(r.attempts))) for r in runs)
    )
    earlier = [run_record(run, n) for run in runs for n in range(1, len(run.attempts))]
    write_lines(root / "workflow_runs" / "earlier-attempts.jsonl.gz", earlier)
    recent = [r for r in runs if r.created >= plan.end - JOB_DAYS * DAY and r.attempts[-1][2]]
    exporter.export(
        "workflow_jobs",
        ((r.line.repository, r.created, job_record(r, n, i, name))
         for r in recent for n in range(1, len(r.attempts) + 1) for i, name in enumerate(("build", "test"))),
    )  # fmt: skip
    _export_issues(exporter, plan, by_repository)
    _export_again(root, plan, delivery, by_repository)
    write_json(root / "deployments" / "webhooks" / "last.json", _webhook(delivery, people.bots[3]))
    return TORN_LINES


class _Exporter:
    def __init__(self, root: Path, repositories: list[str]) -> None:
        self.root = root
        self.form = {
            name: "pages" if index % 12 == 0 else "wrapped" if index % 3 == 0 else "lines"
            for index, name in enumerate(repositories)
        }

    def export(self, table: str, records: Records) -> None:
        """Write the records of one table, each repository in its form."""
        paged: dict[str, list[dict[str, Any]]] = {}
        quarters: dict[str, list[dict[str, Any]]] = {}
        wrapped: list[dict[str, Any]] = []
        for repository, instant, record in records:
            form = self.form[repository]
            if form == "pages":
                paged.setdefault(repository, []).append(record)
            elif form == "lines" or table not in WRAPPERS:
                quarters.setdefault(_quarter(instant), []).append(record)
            else:
                wrapped.append(record)
        for repository, members in paged.items():
            for number, page in enumerate(pages(members, PAGE), start=1):
                document: Any = page
                if table in ("workflow_runs", "workflow_jobs"):
                    document = {"total_count": len(members), WRAPPERS[table]: page}
                write_json(self.root / table / repository / f"page-{number:03d}.json", document)
        for quarter, members in quarters.items():
            write_lines(self.root / table / f"{quarter}.jsonl.gz", members)
        if wrapped:
            key = WRAPPERS[table]
            lines = [{"total_count": len(wrapped), key: page} for page in pages(wrapped, PAGE)]
            write_lines(self.root / table / "pages.jsonl.zst", lines)


def _quarter(instant: int) -> str:
    text = iso(instant)
    return f"{text[:4]}-q{(int(text[5:7]) + 2) // 3}"


def _export_pull_commits(root: Path, pulls: list[PullRequest]) -> None:
    """Commits of branches, by a script that notes the pull request beside each; a few as the API's own
    answers.
    """
    quarters: dict[str, list[Any]] = {}
    for pull in pulls:
        records: list[Any] = [commit_record(commit, pull.repository, False) for commit in pull.commits]
        if pull.ordinal % 500 == 7:
            folder = root / "pull_request_commits" / pull.repository / str(pull.number)
            write_json(folder / "commits.json", records)
            continue
        for record in records:
            record.update(pull_number=pull.number, repository={"full_name": pull.repository})
        quarters.setdefault(_quarter(pull.opened), []).extend(records)
    for index, (quarter, records) in enumerate(quarters.items()):
        if index == 0:
            # An export that ran out of disk: its last line is torn behind the author's address, and what the
            # script said about it is no JSON at all.
            records = [*records, to_json(records[0])[:200], "Traceback (most recent call last):"]
        write_lines(root / "pull_request_commits" / f"{quarter}.jsonl.gz", records)


def _export_deployments(exporter: _Exporter, root: Path, delivery: Delivery, people: People) -> None:
    by_graphql = max(delivery.lines)
    rest = [d for d in delivery.deployments if d.line.repository != by_graphql]
    creator = people.bots[3]
    exporter.export(
        "deployments", ((d.line.repository, d.created, deployment_record(d, creator)) for d in rest)
    )
    exporter.export(
        "deployment_statuses",
        (
            (d.line.repository, d.created, status_record(d, n, creator))
            for d in rest
            for n in range(len(d.statuses))
        ),
    )
    nodes = [deployment_node(d, creator) for d in delivery.deployments if d.line.repository == by_graphql]
    answers = [
        {"data": {"repository": {"deployments": {"pageInfo": {"hasNextPage": False}, "nodes": page}}}}
        for page in pages(nodes, PAGE)
    ]
    write_lines(root / "deployments" / "graphql.jsonl", answers)


def _export_issues(exporter: _Exporter, plan: Plan, by_repository: dict[str, list[PullRequest]]) -> None:
    issues: dict[str, list[Issue]] = {}
    for issue in plan_issues(plan, by_repository):
        issues.setdefault(issue.repository, []).append(issue)

    def told() -> Records:
        for index, (repository, pulls) in enumerate(by_repository.items()):
            for issue in issues.get(repository, []):
                number = issue_number(issue.position)
                record = issue_record(
                    repository, number, issue.author, issue.opened, issue.closed, issue.kind
                )
                yield repository, issue.opened, record
            if index % 5 == 0:
                yield from ((repository, pull.opened, pull_as_issue(pull)) for pull in pulls)

    exporter.export("issues", told())


def _export_again(
    root: Path, plan: Plan, delivery: Delivery, by_repository: dict[str, list[PullRequest]]
) -> None:
    """Twelve days before the end somebody exported pull requests by hand; newer files know better."""
    cut = plan.end - 12 * DAY
    stale = [
        pull_record(pull, delivery.lines[pull.repository], until=cut)
        for pulls in by_repository.values()
        for pull in pulls
        if cut - 20 * DAY <= pull.opened < cut
    ]
    write_lines(root / "pull_requests" / "export-by-hand.jsonl", stale)
    write_lines(root / "pull_requests" / "copy of export-by-hand (2).jsonl", stale)
    newest = sorted(
        (p for pulls in by_repository.values() for p in pulls if p.merged), key=lambda p: (p.merged, p.branch)
    )[-3:]
    for pull in newest:
        body = {
            "action": "closed",
            "number": pull.number,
            "pull_request": pull_record(pull, delivery.lines[pull.repository]),
        }
        write_json(root / "pull_requests" / "webhooks" / f"{pull.ordinal}.json", body, indent=2)


def _webhook(delivery: Delivery, creator: Any) -> dict[str, Any]:
    last: Deployment = delivery.deployments[-1]
    return {
        "action": "created",
        "deployment": deployment_record(last, creator),
        "repository": {"full_name": last.line.repository},
    }
