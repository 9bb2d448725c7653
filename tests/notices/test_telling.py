"""What is wrong is told once to each channel, until it changes or is over; after a kill once more at most."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from orchestration.home import DataHome
from orchestration.notices.__main__ import main
from orchestration.notices.channels import Patience
from orchestration.notices.findings import DEAD_MAN_AFTER, Check, RunOutcome
from orchestration.notices.telling import tell_of_run, tell_of_state
from orchestration.publishing.published import snapshot_path

TELLER = Path(__file__).with_name("teller.py")
NOW = datetime(2026, 7, 2, 6, tzinfo=UTC)
QUICK = Patience(retries=0, longest_wait=1)
PATHS = {
    "METRICS_SLACK_WEBHOOK": "/slack",
    "METRICS_WEBHOOK": "/hook",
    "METRICS_KPI_SLACK_WEBHOOK": "/kpi-slack",
    "METRICS_KPI_WEBHOOK": "/kpi-hook",
}
PUBLISHED = """
    create or replace table meta_source_freshness (
        system varchar, table_name varchar, freshness varchar, lag_days bigint, stale_after_days bigint
    );
    create or replace table kpi_scorecard (
        kpi_id varchar, segment_type varchar, segment_id varchar, kpi_name varchar, segment_name varchar,
        is_headline boolean, period_grain varchar, period_start date, value double, unit varchar,
        direction varchar, target double, target_upper double, status varchar, signal varchar,
        is_improvement boolean
    );
    create or replace table fct_risk_register (
        kpi_id varchar, segment_type varchar, segment_id varchar, risk_rank bigint
    );
"""
CARD = "'team', 'web', 'Rework', 'Web', true, 'month', date '2026-06-01', 0.214, 'share', 'down', 0.15, null"


@dataclass
class Tower:
    """A data home, a clock that goes on an hour with each telling, and servers that hear what is told."""

    home: DataHome
    server: HTTPServer
    environ: dict[str, str]
    now: datetime = NOW
    heard: int = 0
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("tower"))

    def tell(self, *, job: str = "daily", failed: tuple[str, ...] = (), **checks: tuple[Check, ...]) -> None:
        self.now += timedelta(hours=1)
        outcome = RunOutcome(
            f"run at {self.now:%H}", job, self.now, success=not failed, failed_steps=failed, **checks
        )
        tell_of_run(self.home, outcome, self.environ, self.log, self.now, patience=QUICK)

    def watch(self) -> datetime:
        return tell_of_state(self.home, self.environ, self.log, self.now, patience=QUICK)

    def publish(self, statements: str) -> None:
        path = snapshot_path(self.home)
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(path) as con:
            con.execute(PUBLISHED + statements)

    def hear(self) -> list[tuple[str, str, list[str], list[str]]]:
        """What generic webhooks have got since: path, subject, what is new, what is over."""
        requests = [request for request, _ in self.server.log[self.heard :]]
        self.heard = len(self.server.log)
        bodies = [(request.path, request.get_json()) for request in requests if "hook" in request.path]
        return [
            (path, body["subject"], [e["text"] for e in body["new"]], [e["text"] for e in body["over"]])
            for path, body in bodies
        ]


@pytest.fixture
def tower(tmp_path: Path, httpserver: HTTPServer) -> Tower:
    for path in PATHS.values():
        httpserver.expect_request(path, method="POST").respond_with_data("ok")
    environ = {variable: httpserver.url_for(path) for variable, path in PATHS.items()}
    return Tower(DataHome(tmp_path / "home"), httpserver, environ)


def quarantined(table: str, rows: int, *, passed: bool = False, blocks: bool = False) -> Check:
    numbers = {"rows_quarantined": rows, "rows_read": 400, "quarantined_share": rows / 400}
    return Check(("raw_github", table), "little_is_quarantined", passed, blocks, numbers)


def test_a_failure_is_told_once_until_it_is_another_or_over(tower: Tower) -> None:
    tower.tell(failed=("models", "published__postgres"))
    (told,) = tower.hear()
    assert told == (
        "/hook",
        "runs",
        [
            "Run run at 07 of job daily failed in models, published__postgres: the last good publication "
            "stands."
        ],
        [],
    )
    tower.tell(failed=("published__postgres", "models"))
    assert tower.hear() == []
    tower.tell(failed=("landing",))
    assert [(new, over) for _, _, new, over in tower.hear()] == [
        (["Run run at 09 of job daily failed in landing: the last good publication stands."], [])
    ]
    tower.tell(job="dropped_files")  # asks no system, so it is not what ends it
    assert tower.hear() == []
    tower.tell()
    tower.tell()
    assert [(new, over) for _, _, new, over in tower.hear()] == [
        ([], ["Job daily has failed, and no longer does."])
    ]


def test_a_whole_run_ends_the_failures_of_a_lesser_one(tower: Tower) -> None:
    tower.tell(job="dropped_files", failed=("models",))
    tower.tell()
    assert [(len(new), over) for _, _, new, over in tower.hear()] == [
        (1, []),
        (0, ["Job dropped_files has failed, and no longer does."]),
    ]


def test_who_comes_late_tells_nothing_that_is_told_or_overtaken(tower: Tower) -> None:
    """The command line tells of its run at once; the daemon's sensor sees it half a minute later."""
    failure = RunOutcome("a", "daily", NOW, success=False, failed_steps=("models",))
    success = RunOutcome("b", "daily", NOW + timedelta(minutes=1), success=True)
    for outcome in (failure, failure, success, failure, success):
        tell_of_run(tower.home, outcome, tower.environ, tower.log, NOW, patience=QUICK)
    assert [(len(new), len(over)) for _, _, new, over in tower.hear()] == [(1, 0), (0, 1)]


def test_quarantine_is_told_by_table_and_again_when_it_blocks(tower: Tower) -> None:
    tower.tell(quarantine=(quarantined("pushes", 12), quarantined("commits", 1, passed=True)))
    tower.tell(quarantine=(quarantined("pushes", 40), quarantined("commits", 1, passed=True)))
    assert [new for _, _, new, _ in tower.hear()] == [["github.pushes: 12 of 400 rows in quarantine (3.0%)."]]
    tower.tell(failed=("raw_github",), quarantine=(quarantined("pushes", 300, blocks=True),))
    assert tower.hear()[1][2] == [
        "github.pushes: 300 of 400 rows in quarantine (75.0%); nothing is published before that is mended."
    ]
    tower.tell()  # a run that did not look at this table says nothing of it
    assert [subject for _, subject, _, _ in tower.hear()] == ["runs"]
    tower.tell(quarantine=(quarantined("pushes", 2, passed=True),))
    assert [over for _, _, _, over in tower.hear()] == [
        ["github.pushes is below its threshold of quarantine again."]
    ]


def test_a_pull_that_fails_is_told_without_what_the_server_said(tower: Tower) -> None:
    check = Check(("landing", "jira"), "pull_succeeded", False, False, {})
    tower.tell(pulls=(check,))
    tower.tell(pulls=(Check(("landing", "jira"), "pull_succeeded", True, False, {}),))
    assert [(new, over) for _, _, new, over in tower.hear()] == [
        (["jira could not be pulled: see the check pull_succeeded of landing/jira."], []),
        ([], ["jira is pulled again."]),
    ]


def test_kpis_have_channels_of_their_own_and_no_customer_is_named(tower: Tower) -> None:
    tower.publish(
        f"""
        insert into meta_source_freshness values
            ('jira', 'issues', 'stale', 12, 7), ('wiz', 'issues', 'fresh', 1, 7);
        insert into kpi_scorecard values ('rework_rate', {CARD}, 'missed', 'run', false);
        insert into kpi_scorecard
        select * replace ('calm' as segment_id, 'met' as status, true as is_improvement) from kpi_scorecard;
        insert into kpi_scorecard select * replace ('customer' as segment_type) from kpi_scorecard;
        insert into fct_risk_register values ('rework_rate', 'team', 'web', 1);
        """
    )
    tower.tell()
    assert tower.hear() == [
        ("/hook", "sources", ["jira.issues: its newest is 12 days old, and stale after 7."], []),
        ("/kpi-hook", "targets", ["Rework, Web: 21.4 % in the month from 1 Jun 2026, target ≤ 15.0 %."], []),
        (
            "/kpi-hook",
            "signals",
            ["Rework, Web: 21.4 % in the month from 1 Jun 2026, a run on one side."],
            [],
        ),
    ]
    assert [request.path for request, _ in tower.server.log if "slack" in request.path] == [
        "/slack",
        "/kpi-slack",
        "/kpi-slack",
    ]


def test_a_target_is_over_when_it_is_met_and_not_when_its_value_is_hidden(tower: Tower) -> None:
    def publish(status: str) -> list[tuple[int, list[str]]]:
        tower.publish(f"insert into kpi_scorecard values ('rework_rate', {CARD}, '{status}', null, null)")
        tower.tell()
        return [(len(new), over) for _, _, new, over in tower.hear()]

    assert publish("missed") == [(1, [])]
    assert publish("suppressed") == []
    assert publish("no_data") == []
    assert publish("missed") == []
    assert publish("met") == [(0, ["Rework, Web: its target is missed no longer."])]
    assert publish("missed") == [(1, [])]
    tower.publish("")  # the team is gone
    tower.tell()
    assert len(tower.hear()) == 1


def test_each_channel_is_told_what_it_has_not_got(tower: Tower) -> None:
    """One that was dead hears it when it lives again; one that never heard of it hears nothing of its end."""
    dead = {**tower.environ, "METRICS_WEBHOOK": "http://127.0.0.1:9/hook"}
    alive, tower.environ = tower.environ, dead
    tower.tell(failed=("models",))
    assert [request.path for request, _ in tower.server.log] == ["/slack"]
    tower.environ = alive
    tower.watch()
    tower.watch()
    assert [request.path for request, _ in tower.server.log] == ["/slack", "/hook"]
    tower.environ = dead
    tower.tell(failed=("landing",))
    tower.environ = alive
    tower.hear()
    tower.tell()
    assert [(new, len(over)) for _, _, new, over in tower.hear()] == [([], 1)]
    del tower.environ["METRICS_WEBHOOK"]
    tower.tell(failed=("models",))
    tower.tell()
    tower.environ = alive
    tower.tell()
    assert tower.hear() == []


def test_a_silence_is_told_once_and_ends_with_a_daily_run(tower: Tower) -> None:
    assert tower.watch() == NOW
    tower.now += DEAD_MAN_AFTER - timedelta(minutes=1)
    tower.watch()
    assert tower.hear() == []
    tower.now += timedelta(minutes=1)
    assert [main([], tower.environ | {"METRICS_HOME": str(tower.home.root)}, tower.now) for _ in "ab"] == [
        0,
        0,
    ]
    ((_, subject, (text,), _),) = tower.hear()
    assert subject == "silence"
    assert text.startswith("No daily run has succeeded for 28 hours (since 2026-07-02 06:00 UTC)")
    tower.tell(job="dropped_files")
    tower.watch()
    assert tower.hear() == []
    tower.tell()
    tower.watch()
    assert [over for _, _, _, over in tower.hear()] == [["A daily run has succeeded again."]]


def test_a_name_that_is_no_address_stops_the_command_before_anything(tower: Tower, capsys: Any) -> None:
    environ = {"METRICS_HOME": str(tower.home.root), "METRICS_WEBHOOK": "nowhere"}
    assert main([], environ, NOW) == 2
    assert "METRICS_WEBHOOK is no address" in capsys.readouterr().err


def test_a_memory_that_cannot_be_read_is_begun_anew(tower: Tower) -> None:
    tower.tell(failed=("models",))
    tower.home.notices.write_text('{"open": ')
    tower.tell(failed=("models",))
    assert len(tower.hear()) == 2
    assert json.loads(tower.home.notices.read_text())["open"]["runs"]["daily"]["fingerprint"] == "models"


def start_teller(tower: Tower, number: int) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "METRICS_WEBHOOK": tower.environ["METRICS_WEBHOOK"]}
    return subprocess.Popen([sys.executable, str(TELLER), str(tower.home.root), str(number)], env=environ)


def answer_by(tower: Tower, answer: Callable[[Request], Response]) -> None:
    tower.server.clear()
    tower.server.expect_request("/hook").respond_with_handler(answer)


def test_killed_between_sending_and_noting_it_is_told_once_more(tower: Tower) -> None:
    tellers: list[subprocess.Popen[bytes]] = []

    def kill_the_first(_request: Request) -> Response:
        if len(tower.server.log) == 0:
            tellers[0].send_signal(signal.SIGKILL)
            tellers[0].wait()
        return Response("ok")

    answer_by(tower, kill_the_first)
    for number in range(4):
        tellers.append(start_teller(tower, number))
        tellers[-1].wait(60)
    assert [teller.returncode for teller in tellers] == [-signal.SIGKILL, 0, 0, 0]
    ids = [request.get_json()["notice_id"] for request, _ in tower.server.log]
    assert len(ids) == 2
    assert len(set(ids)) == 1  # by which a receiver can tell that it is the same


def test_two_who_tell_at_once_tell_it_once(tower: Tower) -> None:
    def answer_slowly(_request: Request) -> Response:
        time.sleep(1)
        return Response("ok")

    answer_by(tower, answer_slowly)
    tellers = [start_teller(tower, 1) for _ in range(3)]
    assert [teller.wait(60) for teller in tellers] == [0, 0, 0]
    assert len(tower.server.log) == 1
