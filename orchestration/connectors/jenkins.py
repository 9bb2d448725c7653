"""Jenkins, as asked over its remote API and the Pipeline Stage View plugin.

Endpoints: ``/api/json?tree=jobs[…]`` of the root and of each folder and multibranch project below it; per
job ``/api/json?tree=allBuilds[…]{from,to}``, newest first; per build of a pipeline
``/{number}/wfapi/describe``.

Limits: none are told. ``tree`` asks for the members that are read and no others, because a whole build
costs the controller its memory. Of a build's change sets only the ids of commits are asked for.

Gotchas: ``builds`` would be the newest 100 only, ``allBuilds`` is all that the retention policy left, so
builds that are missing are not deleted ones. Builds that begin while a job is read shift its ranges towards
repetition, never towards a gap. A build that ran when the watermark passed it is read again until it ends.
The name of a branch's job is encoded, and its address encodes that again. Without the plugin there are no
stages: 404.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from pydantic import Field

from .cursors import Cursors
from .http import Answer, Client
from .landing import LandingFolder
from .pulled import PulledSystem
from .scopes import one_by_one

PAGE_SIZE = 100
JOBS = "jobs[_class,name,url,color,buildable,actions[_class],lastBuild[timestamp]]"
BUILDS = (
    "_class,number,url,fullDisplayName,timestamp,duration,building,result,"
    "actions[_class,lastBuiltRevision[SHA1,branch[name]],remoteUrls,queuingDurationMillis,"
    "causes[_class,shortDescription,userId,upstreamUrl,upstreamBuild]],"
    "changeSet[items[commitId]],changeSets[items[commitId]]"
)
JenkinsTable = Literal["jobs", "builds", "build_changes", "stages"]


class JenkinsSource(PulledSystem):
    """A controller: all jobs that the user may see, or those below some folders (``team-a/shop``)."""

    user: str = Field(min_length=1)
    token_env: str
    folders: list[str] = Field(default=[""])
    tables: list[JenkinsTable] = Field(default=["jobs", "builds", "build_changes", "stages"])
    overlap_days: int = Field(default=1, ge=0, le=30)


def headers(source: JenkinsSource) -> dict[str, str]:
    """Request headers: the user and an API token of theirs."""
    return {**source.basic_as(source.user), "Accept": "application/json"}


def pull(
    client: Client, source: JenkinsSource, landing: LandingFolder, cursors: Cursors, now: datetime
) -> None:
    """Land the jobs there are, the builds of each since the last pull, and their stages.

    Raises PermanentError, TransientError.
    """
    for folder, reading in one_by_one(source.folders):
        with reading:
            place = "".join(f"/job/{quote(part, safe='')}" for part in folder.split("/") if part)
            for job, last_build_at in _jobs(client, source, landing, place):
                stream = f"builds:{job}"
                unfinished = cursors.state(stream, "unfinished")
                since = cursors.reach_back(stream, source.started_at, source.overlap_days)
                if unfinished:
                    since = min(since, *(datetime.fromisoformat(begun) for begun in unfinished.values()))
                if source.tables == ["jobs"] or (last_build_at < since and not unfinished):
                    continue
                _pull_builds(client, source, landing, cursors, job, since)
                cursors.move(stream, now)


def _jobs(
    client: Client, source: JenkinsSource, landing: LandingFolder, place: str
) -> Iterator[tuple[str, datetime]]:
    """Addresses of the jobs below ``place`` that ever ran, and when their last build began.

    Lands the lists in which they are told.
    """
    answer = client.get(f"{place}/api/json", {"tree": JOBS})
    if "jobs" in source.tables and answer.json.get("jobs"):
        landing.land("jobs", (), answer.body)
    for entry in answer.json.get("jobs") or []:
        # What has jobs of its own is a folder, whatever its plugin calls it; only jobs have builds.
        address = f"{place}/job/{quote(entry['name'], safe='')}"
        if entry.get("lastBuild"):
            yield address, _instant(entry["lastBuild"]["timestamp"])
        elif "lastBuild" not in entry:
            yield from _jobs(client, source, landing, address)


def _pull_builds(
    client: Client, source: JenkinsSource, landing: LandingFolder, cursors: Cursors, job: str, since: datetime
) -> None:
    stream = f"builds:{job}"
    # Builds whose stages are landed for good, and those that run still: number → begun.
    described, unfinished = cursors.state(stream, "described"), {}
    for page in _pages(client, job, since):
        if "builds" in source.tables:
            landing.land("builds", (), page.body)
        if "build_changes" in source.tables and any(_has_changes(build) for build in page.json["allBuilds"]):
            landing.land("build_changes", (), page.body)
        for build in page.json["allBuilds"]:
            number, begun = str(build["number"]), _instant(build["timestamp"])
            if build.get("building"):
                unfinished[number] = begun.isoformat()
            is_pipeline = str(build.get("_class", "")).endswith("WorkflowRun")
            if "stages" not in source.tables or not is_pipeline or begun < since or number in described:
                continue
            _pull_stages(client, landing, f"{job}/{number}/wfapi/describe")
            if not build.get("building"):
                described[number] = begun.isoformat()
        cursors.remember(stream, "described", described)
    kept = {number: begun for number, begun in described.items() if datetime.fromisoformat(begun) >= since}
    cursors.remember(stream, "described", kept)
    cursors.remember(stream, "unfinished", unfinished)


def _has_changes(build: dict[str, Any]) -> bool:
    # A job without a pipeline has one change set, a pipeline one for each repository.
    told = [build.get("changeSet") or {}, *(build.get("changeSets") or [])]
    return any(changes.get("items") for changes in told)


def _pull_stages(client: Client, landing: LandingFolder, path: str) -> None:
    answer = client.find(path)
    if answer is not None and answer.json.get("stages"):
        landing.land("stages", (), answer.body)


def _pages(client: Client, job: str, since: datetime) -> Iterator[Answer]:
    first = 0
    while True:
        tree = f"allBuilds[{BUILDS}]{{{first},{first + PAGE_SIZE}}}"
        page = client.get(f"{job}/api/json", {"tree": tree})
        builds = page.json.get("allBuilds") or []
        if builds:
            yield page
        if len(builds) < PAGE_SIZE or _instant(builds[-1]["timestamp"]) < since:
            return
        first += PAGE_SIZE


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
