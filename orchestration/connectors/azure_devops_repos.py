"""Azure Repos: a project's pull requests, each with its commits and threads.

Endpoints: ``/git/pullrequests``, and of each ``/commits`` and ``/threads``.

Gotchas: pull requests have no instant of their last change: those that are open are read each time, the
others by when they were closed. Their lists know only ``$skip``, so pages overlap.
"""

from __future__ import annotations

from typing import Any

from .azure_devops_project import PAGE_SIZE, VERSION, Project
from .instants import utc_text
from .puller import Entry


def pull_pull_requests(project: Project[Entry]) -> None:
    """Land the pull requests that were closed since the last pull and those that are open."""
    stream = project.stream("pull_requests")
    closed = {
        "searchCriteria.status": "all",
        "searchCriteria.queryTimeRangeType": "closed",
        "searchCriteria.minTime": utc_text(project.since("pull_requests")),
    }
    heads = project.cursors.state(stream, "heads")  # open ones: number → commit that was last read
    for criteria in (closed, {"searchCriteria.status": "active"}):
        for page in project.skipping(f"{project.base}/git/pullrequests", criteria, "pullRequestId"):
            project.land("pull_requests", page, records="value")
            for change in page.json["value"]:
                _land_details(project, change, heads)
            project.cursors.remember(stream, "heads", heads)
    project.move("pull_requests")


def _land_details(project: Project[Entry], change: dict[str, Any], heads: dict[str, Any]) -> None:
    repository, number = change["repository"]["id"], str(change["pullRequestId"])
    path = f"{project.base}/git/repositories/{repository}/pullRequests/{number}"
    head = (change.get("lastMergeSourceCommit") or {}).get("commitId")
    if project.wants("pull_request_commits") and (head is None or heads.get(number) != head):
        commits = project.tokens(f"{path}/commits", {"$top": PAGE_SIZE})
        project.land_all("pull_request_commits", commits, repository, number, records="value")
    if project.wants("pull_request_threads"):
        threads = project.client.get(f"{path}/threads", VERSION)
        project.land("pull_request_threads", threads, repository, number, records="value")
    heads[number] = head
    if change["status"] != "active":
        heads.pop(number)
