"""Jenkins' answers: builds of multibranch projects and of jobs beside them, and the stages of the newest.

A pipeline's build begins on the controller at once and waits for an agent inside itself. Somebody who runs it
again replays it: a build of its own, which says whose replay it is. One that ran out of time was aborted, and
says what interrupted it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.company.gitlab_records import username
from orchestration.company.mainline import PullRequest
from orchestration.company.pipelines import Run
from orchestration.company.plan import DAY, Plan, day_of, quarter_of
from orchestration.company.stack import Stack
from orchestration.company.writing import pages, write_lines

WEB = "https://ci.harbourly.example"
HOSTS = {"github": "github.com", "gitlab": "git.harbourly.example"}
PAGE = 100
STAGE_DAYS = 60
RESULTS = {"success": "SUCCESS", "failure": "FAILURE", "timed_out": "ABORTED", "cancelled": "ABORTED",
           "skipped": "NOT_BUILT", None: None}  # fmt: skip
CAUSES = {
    "pull_request": ("jenkins.branch.BranchEventCause", "Push event to branch {branch}"),
    "push": ("jenkins.branch.BranchEventCause", "Push event to branch {branch}"),
    "schedule": ("hudson.triggers.TimerTrigger$TimerTriggerCause", "Started by timer"),
    "workflow_dispatch": ("hudson.model.Cause$UserIdCause", "Started by user {user}"),
}
TIMEOUT = ("org.jenkinsci.plugins.workflow.steps.TimeoutStepExecution$ExceededTimeout",
           "Timeout has been exceeded")  # fmt: skip
ABORT = ("jenkins.model.CauseOfInterruption$UserInterruption", "Aborted by {user}")
JOB_SUFFIXES = {"Deploy": "-release", "Nightly": "-nightly"}


def write_jenkins(
    root: Path, plan: Plan, stack: Stack, by_repository: dict[str, list[PullRequest]], runs: list[Run]
) -> None:
    """Everything under ``root``: each attempt of a run is a build."""
    numbers = _branch_jobs(stack, by_repository)
    tries: dict[tuple[str, ...], list[tuple[int, Run, int]]] = {}
    for run in runs:
        for attempt in range(len(run.attempts)):
            began = run.attempts[attempt][0] if attempt else run.created
            tries.setdefault(_job(run, numbers), []).append((began, run, attempt))
    builds: dict[str, list[dict[str, Any]]] = {}
    stages: list[dict[str, Any]] = []
    for job, members in tries.items():
        given: dict[tuple[int, int], int] = {}
        for number, (began, run, attempt) in enumerate(
            sorted(members, key=lambda m: (m[0], m[1].run_id)), start=1
        ):
            given[run.run_id, attempt] = number
            replayed = given[run.run_id, attempt - 1] if attempt else None
            record = build_record(stack, job, number, run, attempt, began, replayed)
            builds.setdefault(quarter_of(day_of(began)).lower(), []).append(record)
            if began >= plan.end - STAGE_DAYS * DAY and run.attempts[attempt][2]:
                stages += stage_records(job, number, run, attempt)
    for quarter, records in builds.items():
        write_lines(
            root / "builds" / f"{quarter}.jsonl.gz", [{"allBuilds": page} for page in pages(records, PAGE)]
        )
    write_lines(root / "stages" / "newest.jsonl.gz", stages)


def _branch_jobs(stack: Stack, by_repository: dict[str, list[PullRequest]]) -> dict[str, str]:
    """Job of each commit's pull request within the multibranch project: ``PR-12``, of GitLab's ``MR-12``."""
    is_gitlab = stack.source_control == "gitlab"
    return {
        commit.sha: f"MR-{position}" if is_gitlab else f"PR-{pull.number}"
        for pulls in by_repository.values()
        for position, pull in enumerate(pulls, start=1)
        for commit in pull.commits
    }


def _job(run: Run, branch_jobs: dict[str, str]) -> tuple[str, ...]:
    """Folders and name of the job that ran it."""
    folder, name = run.line.repository.split("/")
    if run.workflow in JOB_SUFFIXES:
        return folder, name + JOB_SUFFIXES[run.workflow]
    return folder, name, branch_jobs[run.sha] if run.event == "pull_request" else run.line.branch


def _cause(kind: tuple[str, str], run: Run) -> dict[str, Any]:
    name, text = kind
    user = username(run.actor)
    cause = {"_class": name, "shortDescription": text.format(branch=run.branch, user=user)}
    if name.endswith("UserIdCause"):
        cause["userId"] = user
    return cause


def build_record(
    stack: Stack, job: tuple[str, ...], number: int, run: Run, attempt: int, began: int, replayed: int | None
) -> dict[str, Any]:
    """One build, with the members that ``tree`` asks for."""
    _, ended, conclusion = run.attempts[attempt]
    causes = [_cause(CAUSES[run.event], run)]
    if replayed is not None:
        replay = f"Replayed #{replayed}"
        causes.append(
            {"_class": "org.jenkinsci.plugins.workflow.cps.replay.ReplayCause", "shortDescription": replay}
        )
    remote = f"https://{HOSTS[stack.source_control]}/{run.line.repository}.git"
    actions: list[dict[str, Any]] = [
        {"_class": "hudson.model.CauseAction", "causes": causes},
        {},
        {
            "_class": "hudson.plugins.git.util.BuildData",
            "lastBuiltRevision": {"SHA1": run.sha, "branch": [{"SHA1": run.sha, "name": run.branch}]},
            "remoteUrls": [remote],
        },
    ]
    interruption = {"timed_out": TIMEOUT, "cancelled": ABORT}.get(conclusion or "")
    if interruption:
        stopped = {"_class": "jenkins.model.InterruptedBuildAction", "causes": [_cause(interruption, run)]}
        actions.append(stopped)
    path = "/".join(f"job/{part}" for part in job)
    return {
        "_class": "org.jenkinsci.plugins.workflow.job.WorkflowRun", "actions": actions,
        "building": conclusion is None, "duration": 1000 * (ended - began) if conclusion else 0,
        "fullDisplayName": f"{' » '.join(job)} #{number}", "number": number, "result": RESULTS[conclusion],
        "timestamp": 1000 * began, "url": f"{WEB}/{path}/{number}/",
    }  # fmt: skip


def stage_records(job: tuple[str, ...], number: int, run: Run, attempt: int) -> list[dict[str, Any]]:
    """Two stages that follow one another."""
    started, ended, conclusion = run.attempts[attempt]
    middle = started + (ended - started) * 2 // 5
    base = "/" + "/".join(f"job/{part}" for part in job) + f"/{number}/execution/node"
    status = {"success": "SUCCESS", "failure": "FAILED"}.get(conclusion or "", "ABORTED")
    parts = (("6", "Build", started, middle, "SUCCESS"), ("11", "Test", middle, ended, status))
    return [
        {
            "_links": {"self": {"href": f"{base}/{node}/wfapi/describe"}}, "id": node, "name": name,
            "status": result, "startTimeMillis": 1000 * begin, "durationMillis": 1000 * (end - begin),
            "pauseDurationMillis": 0,
        }
        for node, name, begin, end, result in parts
    ]  # fmt: skip
