"""Pulling Jenkins: folders and branches, ranges of builds, builds that run still, stages, refusals."""

from __future__ import annotations

import base64
import json
import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, unquote

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.connectors.jenkins import JenkinsSource
from orchestration.connectors.refusals import PermanentError
from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.load import ensure_tables, load_system
from orchestration.loading.warehouse import open_warehouse
from tests.dbt.project import PROJECT

from .conftest import NOW, landed, pull_source

RANGE = re.compile(r"\{(\d+),(\d+)\}$")


class JenkinsServer:
    """A tree of jobs, of which only folders lack ``lastBuild``; ranges count from the newest build."""

    def __init__(self, server: HTTPServer) -> None:
        self.jobs: dict[str, list[dict[str, Any]]] = {}
        self.folders: set[str] = {""}
        self.asked: list[str] = []
        self.fail_at: int | None = None
        self.fail_status = 401
        self.busy = 0
        self.has_stage_view = True
        self.url = server.url_for("/ci").rstrip("/")
        server.expect_request(re.compile("/ci/.*")).respond_with_handler(self._handle)

    def job(self, name: str) -> None:
        """A job of that full name; the names of its folders are those that the API shows, encoded once."""
        self.jobs[name] = []
        parts = name.split("/")
        self.folders |= {"/".join(parts[:n]) for n in range(1, len(parts))}

    def build(self, job: str, number: int, hours: float, **more: Any) -> None:
        at = int((NOW - timedelta(hours=hours)).timestamp() * 1000)
        path = "".join(f"/job/{quote(part, safe='')}" for part in job.split("/"))
        build = {
            "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun",
            "number": number,
            "url": f"https://ci.example{path}/{number}/",
            "fullDisplayName": f"{unquote(job).replace('/', ' » ')} #{number}",
            "timestamp": at,
            "duration": 60000,
            "building": False,
            "result": "SUCCESS",
            "actions": [{}, {"_class": "hudson.model.CauseAction", "causes": [{"userId": "ann"}]}],
            **more,
        }
        self.jobs[job] = sorted(
            [b for b in self.jobs[job] if b["number"] != number] + [build],
            key=lambda b: -b["number"],
        )

    def _handle(self, request: Request) -> Response:
        path = request.environ["RAW_URI"].split("?")[0].removeprefix("/ci")
        self.asked.append(path)
        if self.busy:
            self.busy -= 1
            return Response("<html>busy</html>", status=503, content_type="text/html")
        credentials = base64.b64encode(b"metrics:s3cret").decode()
        if self.fail_at == len(self.asked):
            return Response("<html>no</html>", status=self.fail_status, content_type="text/html")
        if request.headers.get("Authorization") != f"Basic {credentials}":
            return Response("<html>no</html>", status=401, content_type="text/html")
        if path.endswith("/wfapi/describe"):
            return self._stages(path)
        place = "/".join(unquote(part) for part in path.removesuffix("/api/json").split("/job/") if part)
        tree = request.args["tree"]
        if tree.startswith("jobs["):
            if place not in self.folders:
                return Response("<html>none</html>", status=404, content_type="text/html")
            return self._json({"_class": "Folder", "jobs": self._children(place)})
        match = RANGE.search(tree)
        assert match is not None
        first, last = int(match[1]), int(match[2])
        asked = set(re.findall(r"\w+", tree))
        builds = [{k: v for k, v in build.items() if k in asked} for build in self.jobs[place][first:last]]
        return self._json({"_class": "WorkflowJob", "allBuilds": builds})

    def _children(self, place: str) -> list[dict[str, Any]]:
        prefix = f"{place}/" if place else ""
        children: list[dict[str, Any]] = []
        for folder in sorted(self.folders - {""}):
            if folder.startswith(prefix) and "/" not in folder.removeprefix(prefix) and folder != place:
                children.append(self._child(folder, prefix, "Folder"))
        for job, builds in self.jobs.items():
            if job.startswith(prefix) and "/" not in job.removeprefix(prefix):
                last = {"timestamp": builds[0]["timestamp"]} if builds else None
                told = {"color": "blue", "buildable": True, "actions": [{}], "lastBuild": last}
                children.append({**self._child(job, prefix, "WorkflowJob"), **told})
        return children

    def _child(self, job: str, prefix: str, kind: str) -> dict[str, Any]:
        path = "".join(f"/job/{quote(part, safe='')}" for part in job.split("/"))
        return {"_class": kind, "name": job.removeprefix(prefix), "url": f"https://ci.example{path}/"}

    def _stages(self, path: str) -> Response:
        if not self.has_stage_view:
            return Response("<html>none</html>", status=404, content_type="text/html")
        href = f"{path.removesuffix('/wfapi/describe')}/execution/node/6/wfapi/describe"
        stage = {"_links": {"self": {"href": href}}, "id": "6", "name": "Deploy to prod", "status": "SUCCESS"}
        stage |= {"startTimeMillis": 1781000000000, "durationMillis": 1000, "pauseDurationMillis": 0}
        return self._json({"id": "1", "stages": [stage]})

    def _json(self, body: object, status: int = 200) -> Response:
        return Response(json.dumps(body), status=status, content_type="application/json")


@pytest.fixture
def jenkins(httpserver: HTTPServer) -> JenkinsServer:
    return JenkinsServer(httpserver)


def pull(server: JenkinsServer, home: DataHome, now: Any = NOW, **options: Any) -> None:
    source = JenkinsSource(
        base_url=server.url,
        user="metrics",
        token_env="JENKINS_TOKEN",
        since=date(2026, 1, 1),
        **{"tables": ["builds"], "retries": 3, "retry_backoff_seconds": 0, **options},
    )
    pull_source("jenkins", source, home, now, "s3cret")


def numbers(home: DataHome) -> list[int]:
    return [build["number"] for body in landed(home, "jenkins", "builds") for build in body["allBuilds"]]


def loaded(home: DataHome, select: str) -> list[tuple[Any, ...]]:
    contracts = read_contracts(PROJECT)
    with open_warehouse(home, holder="test") as con:
        ensure_tables(con, contracts)
        load_system(con, home, contracts["jenkins"])
        return con.execute(select).fetchall()


def test_jobs_are_found_below_folders_and_branches_and_their_names_survive_both_encodings(
    jenkins: JenkinsServer, home: DataHome
) -> None:
    jenkins.job("tools")
    jenkins.job("team a/shop/main")
    jenkins.job("team a/shop/feature%2Fcart")
    jenkins.job("team a/never")
    for job in ("tools", "team a/shop/main", "team a/shop/feature%2Fcart"):
        jenkins.build(job, 1, hours=1)
    pull(jenkins, home)
    assert "/job/team%20a/job/shop/job/feature%252Fcart/api/json" in jenkins.asked
    assert landed(home, "jenkins", "jobs") == []  # which were not asked for
    found = loaded(home, "select job from raw_jenkins.builds order by job")
    assert found == [
        ("team%20a/job/shop/job/feature%252Fcart",),
        ("team%20a/job/shop/job/main",),
        ("tools",),
    ]


def test_every_job_and_folder_is_listed_whether_it_was_ever_built_or_not(
    jenkins: JenkinsServer, home: DataHome
) -> None:
    jenkins.job("shop/feature%2Fcart")
    jenkins.build("shop/feature%2Fcart", 1, hours=1)
    jenkins.job("never")
    pull(jenkins, home, tables=["jobs"])
    assert not [path for path in jenkins.asked if path.endswith("cart/api/json")]  # no builds were asked for
    found = loaded(home, "select job, job_name, is_buildable from raw_jenkins.jobs order by all")
    assert found == [
        ("never", "never", True),
        ("shop", "shop", None),
        ("shop/job/feature%252Fcart", "feature%2Fcart", True),
    ]


def test_a_first_pull_reads_ranges_newest_first_until_it_is_before_since(
    jenkins: JenkinsServer, home: DataHome
) -> None:
    jenkins.job("shop")
    for number in range(1, 351):
        jenkins.build("shop", number, hours=24 * (351 - number))
    pull(jenkins, home)
    # 165 days since the first of January: the second range reaches it, the third is not asked for.
    assert numbers(home) == list(range(350, 150, -1))


def test_a_second_pull_passes_over_jobs_that_rest_and_reads_back_to_a_build_that_ran_still(
    jenkins: JenkinsServer, home: DataHome
) -> None:
    jenkins.job("rests")
    jenkins.build("rests", 1, hours=24 * 10)
    jenkins.job("shop")
    jenkins.build("shop", 1, hours=24 * 3, building=True, result=None, duration=0)
    jenkins.build("shop", 2, hours=1)
    pull(jenkins, home)
    jenkins.asked.clear()
    jenkins.build("shop", 1, hours=24 * 3, result="FAILURE", duration=7200000)
    pull(jenkins, home, now=NOW + timedelta(days=3))
    assert jenkins.asked == ["/api/json", "/job/shop/api/json"]
    found = loaded(
        home, "select build_number, result from raw_jenkins.builds where job = 'shop' order by all"
    )
    assert found == [(1, "failure"), (2, "success")]
    jenkins.asked.clear()
    pull(jenkins, home, now=NOW + timedelta(days=6))
    assert jenkins.asked == ["/api/json"]


def test_stages_are_asked_for_once_per_finished_build_of_a_pipeline(
    jenkins: JenkinsServer, home: DataHome
) -> None:
    jenkins.job("shop")
    jenkins.build("shop", 1, hours=3)
    jenkins.build("shop", 2, hours=2, building=True, result=None, duration=0)
    jenkins.build("shop", 3, hours=1, _class="hudson.model.FreeStyleBuild")
    pull(jenkins, home, tables=["builds", "stages"])
    pull(jenkins, home, tables=["builds", "stages"], now=NOW + timedelta(hours=1))
    described = [path for path in jenkins.asked if path.endswith("describe")]
    assert described == [f"/job/shop/{number}/wfapi/describe" for number in (2, 1, 2)]
    found = loaded(home, "select job, build_number, stage_name from raw_jenkins.stages order by all")
    assert found == [("shop", 1, "Deploy to prod"), ("shop", 2, "Deploy to prod")]


def test_a_controller_without_the_plugin_has_no_stages(jenkins: JenkinsServer, home: DataHome) -> None:
    jenkins.has_stage_view = False
    jenkins.job("shop")
    jenkins.build("shop", 1, hours=3)
    pull(jenkins, home, tables=["builds", "stages"])
    assert numbers(home) == [1]
    assert landed(home, "jenkins", "stages") == []


def test_a_pull_that_dies_in_the_middle_goes_on_with_the_job_it_had_not_finished(
    jenkins: JenkinsServer, home: DataHome
) -> None:
    """Finished jobs are passed over; what the other one had landed comes again and folds into one row."""
    for job in ("a", "b"):
        jenkins.job(job)
        for number in range(1, 251):
            jenkins.build(job, number, hours=500 - number)
    jenkins.fail_at = 6  # the list, three ranges of a, one of b
    with pytest.raises(PermanentError, match="jenkins: HTTP 401: the token is missing, wrong or expired"):
        pull(jenkins, home)
    assert len(numbers(home)) == 350
    jenkins.fail_at = None
    jenkins.asked.clear()
    pull(jenkins, home, now=NOW + timedelta(hours=1))
    assert [path for path in jenkins.asked if "/job/a/" in path] == []
    found = loaded(
        home,
        "select job, count(*), min(build_number), max(build_number) from raw_jenkins.builds group by all",
    )
    assert sorted(found) == [("a", 250, 1, 250), ("b", 250, 1, 250)]


def test_a_controller_that_is_busy_is_asked_again(jenkins: JenkinsServer, home: DataHome) -> None:
    jenkins.job("shop")
    jenkins.build("shop", 1, hours=3)
    jenkins.busy = 2
    pull(jenkins, home)
    assert numbers(home) == [1]


@pytest.mark.parametrize(("status", "said"), [(401, "wrong or expired"), (403, "may not read this")])
def test_a_refusal_is_named_and_not_tried_again(
    jenkins: JenkinsServer, home: DataHome, status: int, said: str
) -> None:
    jenkins.fail_at, jenkins.fail_status = 1, status
    with pytest.raises(PermanentError, match=f"jenkins: HTTP {status}: .*{said}"):
        pull(jenkins, home)
    assert len(jenkins.asked) == 1


def test_a_folder_that_is_not_there_is_named(jenkins: JenkinsServer, home: DataHome) -> None:
    with pytest.raises(PermanentError, match="HTTP 404"):
        pull(jenkins, home, folders=["nowhere"])


def test_change_sets_are_asked_for_with_the_builds_and_landed_where_there_are_any(
    jenkins: JenkinsServer, home: DataHome
) -> None:
    """A page without a change says nothing of changes; the builds' own table has it all the same."""
    jenkins.job("shop/main")
    jenkins.build("shop/main", 1, hours=5)
    pull(jenkins, home, tables=["builds", "build_changes"])
    assert not landed(home, "jenkins", "build_changes")
    changes = {"items": [{"commitId": "a" * 40}]}
    jenkins.build("shop/main", 2, hours=1, changeSets=[changes])
    pull(jenkins, home, tables=["builds", "build_changes"], now=NOW + timedelta(hours=1))
    (body,) = landed(home, "jenkins", "build_changes")
    assert [build.get("changeSets") for build in body["allBuilds"]] == [[changes], None]
    assert body == landed(home, "jenkins", "builds")[-1]
