"""The command line, and what is left when processes are killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from orchestration.instance import describe_process, fail_dead_runs, open_instance
from orchestration.publishing.published import read_published, snapshot_path
from orchestration.runs import CANNOT_START, RUN_FAILED, run
from tests.dagster.conftest import AGENTS, NOW, PROJECT, TICKETS, Line

DAILY = Path(__file__).with_name("daily.py")
DBT_PROCESS = Path(__file__).resolve().parents[2] / "orchestration" / "dbt_process.py"


def run_command(line: Line, *arguments: str) -> int:
    return run(
        ["daily", "--home", str(line.home.root), *arguments],
        clock=lambda: NOW,
        environ=os.environ,
        project_dir=PROJECT,
    )


def test_a_run_says_a_line_per_stage_and_where_to_look(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    line.drop("tickets", "a.json", [*TICKETS, {"ticket_id": None, "severity": "high"}])
    assert run_command(line) == 0
    out = capsys.readouterr().out
    stages = {words[0]: text for text in out.splitlines() if (words := text.split()) and "…" not in text}
    assert {"landing", "raw_tickets", "models", "publication"} <= set(stages)
    assert "2 rows loaded, 1 rows quarantined, data through 2026-06-30 10:00" in stages["raw_tickets"]
    assert "WARN raw_tickets/tickets: little_is_quarantined" in out
    assert "Published as of 2026-07-01 (current): 2 marts, 4 rows" in out
    assert f"duckdb -readonly {snapshot_path(line.home)}" in out


def test_a_failed_run_says_what_failed_and_what_stands(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(line) == 0
    line.drop("tickets", "a.json", [{**TICKETS[0], "severity": "unheard of"}])
    capsys.readouterr()
    assert run_command(line) == RUN_FAILED
    out = capsys.readouterr().out
    assert "accepted_values_fct_tickets_severity" in out
    assert "Mend the data or the model, then run again" in out
    assert "Still published: as of 2026-07-01, stale" in out
    assert "publication" in out
    assert (line.home.dagster / "last_run.log").read_text()


def test_a_run_that_cannot_start_says_why(line: Line, capsys: pytest.CaptureFixture[str]) -> None:
    code = run(
        ["daily", "--home", str(line.home.root)],
        clock=lambda: NOW,
        environ={**os.environ, "METRICS_BUSINESS_TIMEZONE": "Mars/Olympus"},
        project_dir=PROJECT,
    )
    assert code == CANNOT_START
    assert "METRICS_BUSINESS_TIMEZONE" in capsys.readouterr().err


def test_runs_of_the_command_line_are_seen_by_the_server(line: Line) -> None:
    assert run_command(line) == 0
    with open_instance(line.home) as instance:
        (run,) = instance.get_runs()
        assert (run.job_name, run.status) == ("daily", dg.DagsterRunStatus.SUCCESS)
        event = instance.get_latest_materialization_event(dg.AssetKey(["published", "marts"]))
        assert event is not None
        assert instance.event_log_storage.get_pool_config().default_pool_limit == 1
        assert not instance.telemetry_enabled


def test_the_operators_changes_of_the_instance_stay(line: Line) -> None:
    with open_instance(line.home):
        pass
    path = line.home.dagster / "dagster.yaml"
    path.write_text(path.read_text().replace("max_runtime_seconds: 21600", "max_runtime_seconds: 43200"))
    with open_instance(line.home):
        assert "43200" in path.read_text()


def test_runs_of_dead_processes_do_not_run_for_ever(line: Line) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with open_instance(line.home) as instance:
        tags = {**describe_process(), "metrics/process": str(dead.pid)}
        killed = instance.create_run_for_job(_empty_job(), tags=tags)
        alive = instance.create_run_for_job(
            _empty_job(), tags={**describe_process(), "metrics/process": str(os.getppid())}
        )
        assert fail_dead_runs(instance) == [killed.run_id]
        statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses[killed.run_id] is dg.DagsterRunStatus.FAILURE
    assert statuses[alive.run_id] is dg.DagsterRunStatus.NOT_STARTED


def _empty_job() -> dg.JobDefinition:
    @dg.job
    def empty() -> None: ...

    return empty


def test_dbt_does_not_outlive_the_run_that_started_it(tmp_path: Path) -> None:
    """A killed run's dbt would go on writing into a warehouse that the next run holds."""
    script = (
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-P', sys.argv[1], 'debug'],"
        " env={**os.environ, 'METRICS_PARENT_PROCESS': str(os.getpid())}, cwd=sys.argv[2],"
        " stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(DBT_PROCESS), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 20
    while _runs(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _runs(child)


def _runs(process: int) -> bool:
    try:
        # A process that nobody has waited for yet is dead all the same.
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.slow
def test_runs_killed_at_any_instant_end_in_the_marts_of_an_undisturbed_one(line: Line) -> None:
    """Some runs of the whole line are killed anywhere, each is followed by a run that is not."""
    line.drop("tickets", "a.json", TICKETS)
    assert run_command(line) == 0
    instants = random.Random(7)
    killed = 0
    for round_number in range(4):
        line.drop("tickets", f"{round_number}.json", [{**TICKETS[0], "ticket_id": 10 + round_number}])
        line.drop("agents", f"{round_number}.json", [{**AGENTS[0], "agent_id": round_number}])
        process = subprocess.Popen(
            [sys.executable, str(DAILY), str(line.home.root)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + instants.uniform(3, 25)
        while process.poll() is None and time.monotonic() < until:
            assert line.published("select count(*) from fct_tickets")[0][0] >= 2 + round_number
            time.sleep(0.02)  # many readings a second, and the run has a core to itself
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        assert run_command(line) == 0
        assert line.published("select ticket_id from fct_tickets") == [
            (1,),
            (2,),
            *((10 + number,) for number in range(round_number + 1)),
        ]
    assert killed >= 1
    published = read_published(line.home)
    assert published is not None
    assert line.published("select count(*) from people_agents", "marts_people.duckdb") == [(4,)]
    assert list(line.home.published.glob(".marts-*")) == []
    assert datetime.now(UTC) > NOW


def run_demo(line: Line, stack: str) -> int:
    return run(
        ["demo", "--home", str(line.home.root), "--scale", "0.05", "--months", "8", "--stack", stack],
        clock=lambda: NOW,
        environ=os.environ,
        project_dir=PROJECT,
    )


def test_the_demo_company_is_told_by_the_stack_that_the_command_line_names(line: Line) -> None:
    assert run_demo(line, "gitlab-opsgenie") == 0
    told = {folder.name for folder in line.home.landing.iterdir()}
    assert {"gitlab", "opsgenie", "focus"} <= told
    assert not {"github", "pagerduty"} & told


def test_a_stack_with_an_unknown_system_is_refused_with_the_known_ones(
    line: Line, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run_demo(line, "gitlab-bamboo")
    assert "does not speak 'bamboo'; it knows gitlab" in capsys.readouterr().err
    assert not line.home.landing.exists()
