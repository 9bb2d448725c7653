"""What GitHub's REST and GraphQL APIs answer for one object. Members that no figure needs are left out."""

from __future__ import annotations

import hashlib
from typing import Any

from orchestration.company.deployments import Deployment
from orchestration.company.mainline import Commit, Mainline, PullRequest
from orchestration.company.people import Person
from orchestration.company.pipelines import Run
from orchestration.company.plan import iso

API = "https://api.github.com"
WEB = "https://github.com"
WEB_FLOW = {"login": "web-flow", "id": 19864447, "type": "User", "site_admin": False}


def user(person: Person) -> dict[str, Any]:
    """An account."""
    return {
        "login": person.login, "id": 5_000_000 + person.number, "type": person.account_type, "site_admin":
        False,
        "html_url": f"{WEB}/{person.login.removesuffix('[bot]')}",
    }  # fmt: skip


def issue_number(position: int) -> int:
    """Number of the issue at a position from 0: the numbers that pull requests leave free (1, 5, 9 …)."""
    return 4 * position + 1


def issue_record(
    repository: str, number: int, author: Person, opened: int, closed: int | None, kind: str
) -> dict[str, Any]:
    """An issue."""
    return {
        "url": f"{API}/repos/{repository}/issues/{number}",
        "repository_url": f"{API}/repos/{repository}",
        "id": 2_200_000_000 + opened % 100_000_000,
        "number": number,
        "title": f"{kind.capitalize()}: something about {repository.split('/')[1]}",
        "user": user(author),
        "labels": [{"id": 40 + len(kind), "name": kind, "color": "d73a4a"}],
        "state": "closed" if closed else "open",
        "state_reason": "completed" if closed else None,
        "comments": 0,
        "created_at": iso(opened),
        "updated_at": iso(closed or opened),
        "closed_at": iso(closed) if closed else None,
    }


def pull_as_issue(pull: PullRequest) -> dict[str, Any]:
    """A pull request as the issues endpoint tells it: with an id and a member of its own."""
    record = issue_record(pull.repository, pull.number, pull.author, pull.opened, pull.closed, "change")
    record.update(title=pull.title, labels=[], state_reason=None, draft=pull.is_draft)
    record["pull_request"] = {"url": f"{API}/repos/{pull.repository}/pulls/{pull.number}"}
    return record


def deployment_id(number: int) -> int:
    """GitHub's id of our deployment of that number."""
    return 2_100_000_000 + 3 * number


def commit_title(commit: Commit) -> str:
    """First line of the message, as GitHub words it for commits that it makes itself."""
    pull = commit.pull
    if pull is None:
        return commit.title
    if commit.landing == "merge":
        return f"Merge pull request #{pull.number} from {pull.repository.split('/')[0]}/{pull.branch}"
    return f"{pull.title} (#{pull.number})"


def commit_record(commit: Commit, repository: str, with_files: bool) -> dict[str, Any]:
    """A commit; ``with_files`` as the answer for a single one has it."""
    message = commit_title(commit)
    if commit.reverts:
        message += f"\n\nThis reverts commit {commit.reverts}."
    written = {"name": commit.author.name, "email": commit.author.email, "date": iso(commit.authored)}
    by_github = bool(commit.landing)
    unlinked = commit.sha.startswith("00")  # an address that belongs to no account
    record: dict[str, Any] = {
        "sha": commit.sha,
        "commit": {
            "author": written,
            "committer": {"name": "GitHub", "email": "noreply@github.com", "date": iso(commit.committed)}
            if by_github
            else {**written, "date": iso(commit.committed)},
            "message": message,
            "comment_count": 0,
        },
        "url": f"{API}/repos/{repository}/commits/{commit.sha}",
        "html_url": f"{WEB}/{repository}/commit/{commit.sha}",
        "author": None if unlinked else user(commit.author),
        "committer": WEB_FLOW if by_github else None if unlinked else user(commit.author),
        "parents": [{"sha": sha, "url": f"{API}/repos/{repository}/commits/{sha}"} for sha in commit.parents],
    }
    if with_files:
        size = int(commit.sha[:2], 16)
        record["stats"] = {
            "total": size + len(commit.files),
            "additions": size,
            "deletions": len(commit.files),
        }
        record["files"] = [{"filename": name, "status": "modified", "changes": 1} for name in commit.files]
    return record


def pull_record(pull: PullRequest, line: Mainline, until: int | None = None) -> dict[str, Any]:
    """A pull request in a list; ``until``: as it stood at that instant."""
    merged, closed = pull.merged, pull.closed
    reviews = [at for _, at, _ in pull.reviews]
    if until is not None:
        merged = merged if merged and merged < until else None
        closed = closed if closed and closed < until else None
        reviews = [at for at in reviews if at < until]
    body: str | None = f"What and why of {pull.title.lower()}."
    if pull.reverted:
        body = f"Reverts {pull.repository}#{pull.reverted.number}"
    trial = hashlib.sha1(pull.commits[-1].sha.encode(), usedforsecurity=False).hexdigest()
    repository = {"full_name": pull.repository, "default_branch": line.branch}
    return {
        "url": f"{API}/repos/{pull.repository}/pulls/{pull.number}",
        "id": 1_500_000_000 + 7 * pull.ordinal,
        "html_url": f"{WEB}/{pull.repository}/pull/{pull.number}",
        "number": pull.number,
        "state": "closed" if closed else "open",
        "locked": False,
        "title": pull.title,
        "user": user(pull.author),
        "body": body,
        "created_at": iso(pull.opened),
        "updated_at": iso(max([pull.opened, closed or 0, *reviews])),
        "closed_at": iso(closed) if closed else None,
        "merged_at": iso(merged) if merged else None,
        "merge_commit_sha": pull.merge_sha if merged else trial,
        "assignees": [],
        "labels": [
            {"id": 900 + len(name), "name": name, "color": "ededed", "default": False} for name in pull.labels
        ],
        "draft": pull.is_draft,
        "head": {
            "label": f"harbourly:{pull.branch}",
            "ref": pull.branch,
            "sha": pull.commits[-1].sha,
            "repo": repository,
        },
        "base": {
            "label": f"harbourly:{line.branch}",
            "ref": line.branch,
            "sha": line.heads[0],
            "repo": repository,
        },
        "author_association": "MEMBER",
    }


def review_record(pull: PullRequest, index: int) -> dict[str, Any]:
    """One review of a pull request."""
    reviewer, at, state = pull.reviews[index]
    identifier = 800_000_000 + 10 * pull.ordinal + index
    return {
        "id": identifier,
        "user": user(reviewer),
        "body": "",
        "state": state,
        "html_url": f"{WEB}/{pull.repository}/pull/{pull.number}#pullrequestreview-{identifier}",
        "pull_request_url": f"{API}/repos/{pull.repository}/pulls/{pull.number}",
        "submitted_at": iso(at),
        "commit_id": pull.commits[-1].sha,
    }


def deployment_record(deployment: Deployment, creator: Person) -> dict[str, Any]:
    """A deployment; in a monorepo the payload says of which service."""
    repository, identifier = deployment.line.repository, deployment_id(deployment.number)
    rolled_back = deployment.purpose == "rollback"
    return {
        "url": f"{API}/repos/{repository}/deployments/{identifier}",
        "id": identifier,
        "sha": deployment.sha,
        "ref": deployment.line.branch,
        "task": "deploy",
        "payload": {"service": deployment.service.service_id} if deployment.service.in_monorepo else {},
        "original_environment": deployment.environment,
        "environment": deployment.environment,
        "description": f"Roll back to {deployment.sha[:7]}" if rolled_back else None,
        "creator": user(creator),
        "created_at": iso(deployment.created),
        "updated_at": iso(deployment.statuses[-1][0]),
        "statuses_url": f"{API}/repos/{repository}/deployments/{identifier}/statuses",
        "repository_url": f"{API}/repos/{repository}",
        "transient_environment": False,
        "production_environment": deployment.is_production,
    }


def status_record(deployment: Deployment, index: int, creator: Person) -> dict[str, Any]:
    """One status of a deployment."""
    at, state = deployment.statuses[index]
    base = f"{API}/repos/{deployment.line.repository}"
    identifier = 6_000_000_000 + 8 * deployment.number + index
    return {
        "url": f"{base}/deployments/{deployment_id(deployment.number)}/statuses/{identifier}",
        "id": identifier,
        "state": state,
        "creator": user(creator),
        "description": "",
        "environment": deployment.environment,
        "created_at": iso(at),
        "updated_at": iso(at),
        "deployment_url": f"{base}/deployments/{deployment_id(deployment.number)}",
        "repository_url": base,
    }


def deployment_node(deployment: Deployment, creator: Person) -> dict[str, Any]:
    """The same deployment as GraphQL tells it, with its statuses inside."""
    latest = deployment.statuses[-1]
    statuses = [
        {"state": state.upper(), "createdAt": iso(at), "updatedAt": iso(at)}
        for at, state in reversed(deployment.statuses)
    ]
    return {
        "databaseId": deployment_id(deployment.number),
        "commitOid": deployment.sha,
        "environment": deployment.environment,
        "state": "ACTIVE" if latest[1] == "success" else latest[1].upper(),
        "task": "deploy",
        "payload": None,
        "ref": {"name": deployment.line.branch},
        "creator": {"login": creator.login},
        "createdAt": iso(deployment.created),
        "updatedAt": iso(latest[0]),
        "repository": {"nameWithOwner": deployment.line.repository},
        "statuses": {"nodes": statuses},
        "latestStatus": statuses[0],
    }


def run_record(run: Run, attempt: int) -> dict[str, Any]:
    """One attempt of a workflow run, counted from 1."""
    started, ended, conclusion = run.attempts[attempt - 1]
    repository = run.line.repository
    base = f"{API}/repos/{repository}/actions/runs/{run.run_id}"
    return {
        "id": run.run_id,
        "name": run.workflow,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "path": f".github/workflows/{run.workflow.lower()}.yml",
        "run_number": run.run_id % 1_000_000 // 17,
        "event": run.event,
        "status": "completed" if conclusion else "in_progress",
        "conclusion": conclusion,
        "workflow_id": 4_000_000 + len(run.workflow),
        "url": base,
        "html_url": f"{WEB}/{repository}/actions/runs/{run.run_id}",
        "pull_requests": [],
        "created_at": iso(run.created),
        "updated_at": iso(ended),
        "actor": user(run.actor),
        "run_attempt": attempt,
        "run_started_at": iso(started if attempt > 1 else run.created),
        "triggering_actor": user(run.actor),
        "previous_attempt_url": f"{base}/attempts/{attempt - 1}" if attempt > 1 else None,
        "head_commit": {"id": run.sha, "author": {"name": run.actor.name, "email": run.actor.email}},
        "repository": {"full_name": repository},
        "head_repository": {"full_name": repository},
    }


def job_record(run: Run, attempt: int, index: int, name: str) -> dict[str, Any]:
    """One job of an attempt; the jobs of an attempt follow one another."""
    started, ended, conclusion = run.attempts[attempt - 1]
    middle = started + (ended - started) * 2 // 5
    begin, end = (started, middle) if index == 0 else (middle, ended)
    return {
        "id": run.run_id * 10 + attempt * 3 + index,
        "run_id": run.run_id,
        "run_url": f"{API}/repos/{run.line.repository}/actions/runs/{run.run_id}",
        "run_attempt": attempt,
        "workflow_name": run.workflow,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "status": "completed",
        "conclusion": "success" if index == 0 and conclusion == "failure" else conclusion,
        "created_at": iso(run.created),
        "started_at": iso(begin),
        "completed_at": iso(end),
        "name": name,
        "labels": ["ubuntu-latest"],
        "runner_name": f"runner-{run.run_id % 9}",
        "runner_group_name": "default",
    }
