"""What GitLab's REST API answers for one object. Members that no figure needs are left out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from orchestration.company.deployments import Deployment
from orchestration.company.mainline import Commit, Mainline, PullRequest
from orchestration.company.people import Person
from orchestration.company.pipelines import Run
from orchestration.company.plan import iso

WEB = "https://git.harbourly.example"
BOT_MAIL = "noreply.git.harbourly.example"
# What GitLab makes of an environment's name where nobody sets its tier.
TIERS = {"prod": "production", "stage": "staging", "stag": "staging"}


def stamp(instant: int) -> str:
    """``2026-06-30T12:00:00.000Z``."""
    return iso(instant).replace("Z", ".000Z")


def offset_stamp(instant: int) -> str:
    """``2026-06-30T12:00:00.000+00:00``: how commits are dated."""
    return iso(instant).replace("Z", ".000+00:00")


def username(person: Person) -> str:
    """Name of an account; bots are access tokens of the group, which act as users of such a name."""
    if person.is_bot:
        return f"group_41_bot_{hashlib.md5(person.login.encode(), usedforsecurity=False).hexdigest()}"
    return person.login


def address(person: Person) -> str:
    """Address in that person's commits."""
    return f"{username(person)}@{BOT_MAIL}" if person.is_bot else person.email


def user(person: Person) -> dict[str, Any]:
    """An account."""
    name = username(person)
    return {"id": 3_000_000 + person.number, "username": name, "name": person.name, "state": "active",
            "locked": False, "avatar_url": None, "web_url": f"{WEB}/{name}"}  # fmt: skip


def project_record(project_id: int, line: Mainline, last_activity: int) -> dict[str, Any]:
    """A project."""
    return {
        "id": project_id, "name": line.repository.split("/")[1], "path_with_namespace": line.repository,
        "default_branch": line.branch, "visibility": "private", "archived": False, "merge_method": "merge",
        "created_at": stamp(line.times[0]), "last_activity_at": stamp(last_activity),
        "web_url": f"{WEB}/{line.repository}",
    }  # fmt: skip


def branch_of(pull: PullRequest) -> str:
    """Its branch; the one that the revert button makes is called after the commit."""
    return f"revert-{pull.reverted.merge_sha[:8]}" if pull.reverted else pull.branch


def commit_title(commit: Commit, line: Mainline) -> str:
    """First line of the message, as GitLab words it for commits that it makes itself."""
    if commit.pull is None:
        return commit.title
    if commit.landing == "merge":
        return f"Merge branch '{branch_of(commit.pull)}' into '{line.branch}'"
    return commit.pull.title


def commit_record(
    commit: Commit, line: Mainline, iid: int | None, told_parents: bool = True
) -> dict[str, Any]:
    """A commit; in the list of a merge request's commits their parents are left out."""
    title = commit_title(commit, line)
    message = title
    if commit.landing == "merge" and commit.pull is not None:
        message += f"\n\n{commit.pull.title}\n\nSee merge request {line.repository}!{iid}"
    if commit.reverts:
        message += f"\n\nThis reverts commit {commit.reverts}"
    return {
        "id": commit.sha, "short_id": commit.sha[:8], "created_at": offset_stamp(commit.committed),
        "parent_ids": list(commit.parents) if told_parents else [], "title": title, "message": message,
        "author_name": commit.author.name, "author_email": address(commit.author),
        "authored_date": offset_stamp(commit.authored), "committer_name": commit.author.name,
        "committer_email": address(commit.author), "committed_date": offset_stamp(commit.committed),
        "trailers": {}, "web_url": f"{WEB}/{line.repository}/-/commit/{commit.sha}",
    }  # fmt: skip


def diff_record(path: str) -> dict[str, Any]:
    """One file of a commit."""
    return {"old_path": path, "new_path": path, "a_mode": "100644", "b_mode": "100644", "new_file": False,
            "renamed_file": False, "deleted_file": False,
            "diff": "@@ -1 +1 @@\n-before\n+after\n"}  # fmt: skip


def merge_request_id(pull: PullRequest) -> int:
    """GitLab's id of a merge request over all projects."""
    return 150_000_000 + 3 * pull.ordinal


def merge_request_record(
    pull: PullRequest,
    line: Mainline,
    project_id: int,
    iids: dict[int, int],
    branch: Sequence[Commit],
    until: int | None = None,
) -> dict[str, Any]:
    """A merge request in a list. ``branch``: its commits; ``until``: as it stood at that instant."""
    merged, closed = pull.merged, pull.closed
    changed = [at for _, at, _ in pull.reviews]
    if until is not None:
        merged = merged if merged and merged < until else None
        closed = closed if closed and closed < until else None
        changed = [at for at in changed if at < until]
    iid = iids[pull.ordinal]
    text: str | None = f"What and why of {pull.title.lower()}."
    if pull.reverted:
        text = f"This reverts merge request !{iids[pull.reverted.ordinal]}"
    made = pull.merge_sha if merged else None
    return {
        "id": merge_request_id(pull), "iid": iid, "project_id": project_id,
        "title": f"Draft: {pull.title}" if pull.is_draft else pull.title, "description": text,
        "state": "merged" if merged else "closed" if closed else "opened",
        "created_at": stamp(pull.opened), "updated_at": stamp(max([pull.opened, closed or 0, *changed])),
        "merged_at": stamp(merged) if merged else None,
        "closed_at": stamp(closed) if closed and not merged else None,
        "target_branch": line.branch, "source_branch": branch_of(pull), "author": user(pull.author),
        "assignees": [], "reviewers": [], "source_project_id": project_id, "target_project_id": project_id,
        "labels": list(pull.labels), "draft": pull.is_draft, "work_in_progress": pull.is_draft,
        "sha": branch[-1].sha, "merge_commit_sha": made if pull.method == "merge" else None,
        "squash_commit_sha": made if pull.method == "squash" else None, "squash": pull.method == "squash",
        "references": {"short": f"!{iid}", "relative": f"!{iid}", "full": f"{pull.repository}!{iid}"},
        "web_url": f"{WEB}/{pull.repository}/-/merge_requests/{iid}",
    }  # fmt: skip


def note_record(pull: PullRequest, iid: int, index: int) -> dict[str, Any]:
    """What GitLab keeps of a review: its own note of an approval or a request for changes, or the remark."""
    reviewer, at, state = pull.reviews[index]
    body = {"APPROVED": "approved this merge request", "CHANGES_REQUESTED": "requested changes"}
    return {
        "id": 900_000_000 + 10 * pull.ordinal + index, "type": None,
        "body": body.get(state, "Good point, see the next commit."), "author": user(reviewer),
        "created_at": stamp(at), "updated_at": stamp(at), "system": state in body,
        "noteable_id": merge_request_id(pull), "noteable_type": "MergeRequest", "noteable_iid": iid,
    }  # fmt: skip


def issue_record(
    repository: str, project_id: int, iid: int, author: Person, opened: int, closed: int | None, kind: str
) -> dict[str, Any]:
    """An issue."""
    return {
        "id": 22_000_000 + opened % 10_000_000, "iid": iid, "project_id": project_id,
        "title": f"{kind.capitalize()}: something about {repository.split('/')[1]}",
        "state": "closed" if closed else "opened", "created_at": stamp(opened),
        "updated_at": stamp(closed or opened), "closed_at": stamp(closed) if closed else None,
        "labels": [kind], "author": user(author), "type": "ISSUE", "issue_type": "issue",
        "severity": "UNKNOWN", "web_url": f"{WEB}/{repository}/-/issues/{iid}",
        "references": {"short": f"#{iid}", "relative": f"#{iid}", "full": f"{repository}#{iid}"},
    }  # fmt: skip


def deployment_id(number: int, is_first_try: bool = False) -> int:
    """GitLab's id of our deployment of that number; or of the try that failed before it."""
    return 510_000_000 + 2 * number - is_first_try


def deployment_records(deployment: Deployment, project_id: int, deployer: Person) -> list[dict[str, Any]]:
    """A deployment; one whose job was retried is two. The service of a shared repository is a folder of
    environments.
    """
    tries: list[tuple[int, int, int | None, str]] = []
    asked = started = deployment.created
    for at, state in deployment.statuses:
        if state == "in_progress":
            started = at
        elif state in ("success", "failure"):
            tries.append((asked, started, at, "failed" if state == "failure" else state))
            asked = at
    if not tries:
        tries.append((asked, started, None, "running"))
    name = deployment.environment
    tier = next((tier for part, tier in TIERS.items() if part in name), "other")
    if deployment.service.in_monorepo:
        name = f"{deployment.service.service_id}/{name}"
    line = deployment.line
    records = []
    for index, (created, began, ended, status) in enumerate(tries):
        identifier = deployment_id(deployment.number, index < len(tries) - 1)
        job = {
            "id": 8_000_000_000 + identifier, "status": status, "stage": "deploy", "name": "deploy",
            "ref": line.branch, "created_at": stamp(created), "started_at": stamp(began),
            "finished_at": stamp(ended) if ended else None, "user": user(deployer),
            "web_url": f"{WEB}/{line.repository}/-/jobs/{8_000_000_000 + identifier}",
        }  # fmt: skip
        records.append({
            "id": identifier, "iid": identifier % 1_000_000, "ref": line.branch, "sha": deployment.sha,
            "created_at": stamp(created), "updated_at": stamp(ended or began), "user": user(deployer),
            "environment": {"id": 585_000 + project_id, "name": name, "slug": name.replace("/", "-"),
                            "tier": tier},
            "deployable": job, "status": status, "project_id": project_id,
        })  # fmt: skip
    return records


def pipeline_records(
    run: Run, project_id: int, iid: int | None
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A pipeline as the endpoint for a single one tells it, and its jobs with those that were retried.

    ``iid``: the merge request for which it ran.
    """
    base = f"{WEB}/{run.line.repository}"
    _, ended, outcome = run.attempts[-1]
    words = {"failure": "failed", "timed_out": "failed", "cancelled": "canceled", None: "running"}
    kinds = {"pull_request": "merge_request_event", "push": "push", "schedule": "schedule"}
    spent = sum(end - start for start, end, _ in run.attempts)
    pipeline = {
        "id": run.run_id, "iid": run.run_id % 1_000_000, "project_id": project_id, "sha": run.sha,
        "ref": f"refs/merge-requests/{iid}/head" if iid else run.line.branch, "name": run.workflow,
        "status": words.get(outcome, outcome), "source": kinds.get(run.event, "web"),
        "created_at": stamp(run.created), "updated_at": stamp(ended),
        "started_at": stamp(run.attempts[0][0]), "finished_at": stamp(ended) if outcome else None,
        "duration": spent if outcome else None, "queued_duration": run.attempts[0][0] - run.created,
        "user": user(run.actor), "web_url": f"{base}/-/pipelines/{run.run_id}",
    }  # fmt: skip
    reasons = {"failure": "script_failure", "timed_out": "job_execution_timeout"}
    jobs = []
    for index, (start, end, result) in enumerate(run.attempts):
        created = start if index else run.created
        jobs.append({
            "id": run.run_id * 10 + index, "name": "test", "stage": "test", "allow_failure": False,
            "status": words.get(result, result), "created_at": stamp(created), "started_at": stamp(start),
            "finished_at": stamp(end) if result else None,
            "failure_reason": reasons.get(result or ""),
            "user": user(run.actor), "pipeline": {"id": run.run_id, "project_id": project_id, "sha": run.sha},
            "web_url": f"{base}/-/jobs/{run.run_id * 10 + index}",
        })  # fmt: skip
    return pipeline, jobs
