"""Azure Pipelines: a project's builds with their timelines, its deployments, its test runs with results.

Endpoints: ``/build/builds`` and their ``/timeline``, ``/distributedtask/environments`` and their deployment
records, ``/test/runs`` and their ``/results``; on the host of releases ``/release/deployments``.

Limits: test runs are asked for in windows of at most seven days.

Gotchas: ``minTime`` of builds means the time that ``queryOrder`` names: here the end, so that a build comes
when it is over, and again when a stage of it was run anew. An environment's records do not name it: the
folder that they land in does. They have no instant of their last change: reading goes back to one that had
not ended until it has, or for a month.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from .azure_devops_project import PAGE_SIZE, VERSION, Project
from .instants import utc_text
from .paging import read_until, reads_back_to
from .puller import Entry
from .windows import split_window

LONGEST_TEST_WINDOW = timedelta(days=7)
GIVEN_UP_AFTER = timedelta(days=30)


def pull_builds(project: Project[Entry]) -> None:
    """Land the builds that ended since the last pull, and the records of their timelines."""
    path = f"{project.base}/build/builds"
    params = {"queryOrder": "finishTimeAscending", "minTime": utc_text(project.since("builds"))}
    for page in project.walk("builds", path, params):
        project.land("builds", page, records="value")
        for build in page.json["value"] if project.wants("timeline_records") else []:
            timeline = project.client.find(f"{path}/{build['id']}/timeline", VERSION)
            # None: purged. A build that ended before it had a plan has no timeline: 204, or null.
            if timeline is not None and timeline.json:
                project.land("timeline_records", timeline, str(build["id"]), records="records")


def pull_releases(project: Project[Entry], release_url: str) -> None:
    """Land the deployments of classic releases that changed since the last pull."""
    name = "release_deployments"
    params = {"queryOrder": "ascending", "minModifiedTime": utc_text(project.since(name))}
    path = f"{release_url.rstrip('/')}/{project.base}/release/deployments"
    project.land_all(name, project.walk(name, path, params), records="value")


def pull_environments(project: Project[Entry]) -> None:
    """Land the deployments to each environment, newest first, back to the last pull or to one that had not
    ended then.
    """
    name, path = "environment_deployments", f"{project.base}/distributedtask/environments"
    given_up = project.now - GIVEN_UP_AFTER
    unfinished = {
        identity: queued_at
        for identity, queued_at in project.cursors.state(project.stream(name), "unfinished").items()
        if datetime.fromisoformat(queued_at) > given_up
    }
    waiting = [datetime.fromisoformat(queued_at) for queued_at in unfinished.values()]
    is_last = reads_back_to(min([project.since(name), *waiting]), "queueTime", "value")
    for environments in project.tokens(path, {"$top": PAGE_SIZE}):
        for environment in environments.json["value"]:
            records = f"{path}/{environment['id']}/environmentdeploymentrecords"
            for page in read_until(project.tokens(records, {"top": PAGE_SIZE}), is_last):
                project.land(name, page, environment["name"], records="value")
                for record in page.json["value"]:
                    identity = f"{environment['id']}/{record['id']}"
                    unfinished.pop(identity, None)
                    if not record.get("finishTime"):
                        unfinished[identity] = record["queueTime"]
    project.cursors.remember(project.stream(name), "unfinished", unfinished)
    project.move(name)


def pull_test_runs(project: Project[Entry]) -> None:
    """Land the test runs that changed since the last pull, and their results."""
    path = f"{project.base}/test/runs"
    for first, last in split_window(project.since("test_runs"), project.now, LONGEST_TEST_WINDOW):
        window = {"minLastUpdatedDate": utc_text(first), "maxLastUpdatedDate": utc_text(last)}
        for page in project.tokens(path, {**window, "$top": PAGE_SIZE}):
            project.land("test_runs", page, records="value")
            for run in page.json["value"] if project.wants("test_results") else []:
                asked = {"detailsToInclude": "SubResults"}
                results = project.skipping(f"{path}/{run['id']}/results", asked, "id")
                project.land_all("test_results", results, str(run["id"]), records="value")
        project.cursors.move(project.stream("test_runs"), last)
