"""Runs of the jobs, from dropped files to published marts, on the small project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import dagster as dg
import duckdb

from orchestration.definitions import build_definitions
from orchestration.deployment import read_deployment
from orchestration.publishing.published import read_published, snapshot_path
from orchestration.publishing.status import CURRENT, STALE, read_status
from tests.dagster.conftest import AGENTS, TICKETS, Line

UNHEARD_OF = {**TICKETS[0], "ticket_id": 3, "severity": "unheard of"}


def failed_steps(result: dg.ExecuteInProcessResult) -> set[str | None]:
    return {event.step_key for event in result.all_events if event.is_step_failure}


def test_an_empty_home_publishes_empty_marts(line: Line) -> None:
    assert line.run().success
    assert line.published("from marts.fct_tickets") == []
    assert line.published("from marts.fct_ticket_counts order by all") == [("high", 0), ("low", 0)]
    assert read_status(line.home).state == CURRENT


def test_what_is_dropped_is_published(line: Line) -> None:
    line.drop("tickets", "a.json", TICKETS)
    line.drop("agents", "a.json", AGENTS)
    assert line.run().success
    assert line.published("select ticket_id, severity from marts.fct_tickets") == [(1, "high"), (2, "low")]
    assert line.published("from marts_people.people_agents", "marts_people.duckdb") == [(1, "p_1")]
    assert line.published(
        "select as_of_date, data_through, row_count from meta_publication where table_name = 'fct_tickets'"
    ) == [(date(2026, 7, 1), datetime(2026, 6, 30, 10), 2)]


def test_a_run_with_nothing_new_starts_no_dbt_and_touches_no_published_file(line: Line) -> None:
    line.drop("tickets", "a.json", TICKETS)
    assert line.run().success
    results = line.deployment.project.target_path / "run_results.json"
    before = (results.stat().st_mtime_ns, snapshot_path(line.home).stat().st_ino, read_published(line.home))
    result = line.run()
    assert result.success
    after = (results.stat().st_mtime_ns, snapshot_path(line.home).stat().st_ino, read_published(line.home))
    assert after == before
    (event,) = result.get_asset_materialization_events()[-1:]
    assert event.materialization.metadata["status"].value == "unchanged"


def test_the_same_file_again_under_another_name_builds_nothing(line: Line) -> None:
    line.drop("tickets", "a.json", TICKETS)
    assert line.run().success
    build = read_published(line.home)
    line.drop("tickets", "b.json", TICKETS)
    assert line.run().success
    assert read_published(line.home) == build


def test_a_changed_table_builds_only_what_lies_downstream_of_it(line: Line) -> None:
    line.drop("tickets", "a.json", TICKETS)
    assert line.run().success
    line.drop("agents", "a.json", AGENTS)
    result = line.run()
    assert result.success
    assert line.built() == {"people_agents"}
    unchanged = {
        event.asset_key.path[-1]
        for event in result.get_asset_materialization_events()
        if event.materialization.metadata.get("status") == dg.MetadataValue.text("unchanged")
    }
    assert {"fct_tickets", "fct_ticket_counts", "severities"} <= unchanged
    assert line.published("from marts_people.people_agents", "marts_people.duckdb") == [(1, "p_1")]


def test_another_as_of_date_builds_only_what_reads_it(line: Line) -> None:
    line.drop("tickets", "a.json", TICKETS)
    assert line.run().success
    assert line.run(as_of_date="2026-06-29").success
    assert line.built() == {"fct_tickets"}
    assert line.published("select ticket_id from marts.fct_tickets") == [(1,)]
    assert line.published("select distinct as_of_date from marts.meta_publication") == [(date(2026, 6, 29),)]


def test_a_full_refresh_builds_everything_though_nothing_changed(line: Line) -> None:
    assert line.run().success
    assert line.run(full_refresh=True).success
    assert line.built() == {
        "stg_tickets__tickets",
        "fct_tickets",
        "fct_ticket_counts",
        "people_agents",
        "severities",
    }


def test_a_seed_may_get_another_column(line: Line, tmp_path: Path) -> None:
    """dbt only empties the table of a seed: the next version of the project failed on every older home."""
    assert line.run().success
    copy = tmp_path / "copy"
    shutil.copytree(line.deployment.project.directory, copy)
    (copy / "seeds" / "severities.csv").write_text("rank,meaning,severity\n1,now,high\n2,later,low\n")
    deployment = read_deployment(os.environ, line.deployment.clock, copy, line.home)
    assert Line(deployment).run().success
    assert line.warehouse("select severity, meaning from seeds.severities order by rank") == [
        ("high", "now"),
        ("low", "later"),
    ]


def test_the_day_is_complete_in_the_business_time_zone(deploy: Callable[..., Line]) -> None:
    # 06:00 UTC on 2 July is still 1 July in Honolulu: its last complete day is 30 June.
    line = deploy({"METRICS_BUSINESS_TIMEZONE": "Pacific/Honolulu"})
    assert line.run().success
    assert line.published("select distinct as_of_date from marts.meta_publication") == [(date(2026, 6, 30),)]


def test_a_failing_dbt_test_leaves_the_last_good_publication_and_says_so(line: Line) -> None:
    line.drop("tickets", "a.json", TICKETS)
    assert line.run().success
    good = read_published(line.home)
    line.drop("tickets", "b.json", [UNHEARD_OF])
    result = line.run()
    assert failed_steps(result) == {"models"}
    failure = next(event for event in result.all_events if event.is_step_failure).step_failure_data
    assert "accepted_values_fct_tickets_severity" in failure.user_failure_data.description
    check = next(
        event.asset_check_evaluation_data
        for event in result.all_events
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
        and not event.asset_check_evaluation_data.passed
    )
    assert check.asset_key == dg.AssetKey(["marts", "fct_tickets"])
    assert read_published(line.home) == good
    status = read_status(line.home)
    assert (status.state, status.stale_reason, status.run_id) == (STALE, "step models failed", good.run_id)

    line.drop("tickets", "c.json", [{**TICKETS[0], "ticket_id": 3, "updated_at": "2026-07-01T00:00:00Z"}])
    assert line.run().success
    assert read_status(line.home).state == CURRENT
    assert line.published("select ticket_id from marts.fct_tickets") == [(1,), (2,), (3,)]


def test_after_a_build_that_did_not_finish_everything_is_built(line: Line) -> None:
    line.drop("tickets", "a.json", TICKETS)
    assert line.run().success
    # What a run that was killed in the middle of dbt leaves behind: half-built models and an open build.
    line.warehouse("insert into marts.fct_ticket_counts values ('half built', 7)")
    line.warehouse(
        "insert into ops.builds by name select '00000002-killed' as build_id, as_of_date, code_version, "
        "started_at + interval 1 second as started_at, table_versions from ops.builds"
    )
    assert line.run().success
    assert "fct_ticket_counts" in line.built()
    assert line.published("select severity from marts.fct_ticket_counts order by all") == [
        ("high",),
        ("low",),
    ]


def test_models_built_by_hand_are_not_published_until_all_are(line: Line) -> None:
    assert line.run().success
    good = read_published(line.home)
    assert build_one_mart(line).success
    published = dg.AssetSelection.groups("published")
    assert run_assets(line, published).success
    assert read_published(line.home) == good
    snapshot_path(line.home).unlink()
    assert failed_steps(run_assets(line, published)) == {"publication"}
    assert line.run().success
    assert read_published(line.home) != good


def build_one_mart(line: Line) -> dg.ExecuteInProcessResult:
    return run_assets(line, dg.AssetSelection.assets(dg.AssetKey(["marts", "fct_tickets"])))


def run_assets(line: Line, selection: dg.AssetSelection) -> dg.ExecuteInProcessResult:
    definitions = dg.Definitions.merge(
        build_definitions(line.deployment),
        dg.Definitions(jobs=[dg.define_asset_job("by_hand", selection=selection)]),
    )
    return definitions.resolve_job_def("by_hand").execute_in_process(
        instance=dg.DagsterInstance.ephemeral(), raise_on_error=False
    )


def test_rows_that_do_not_add_up_stop_the_run_before_anything_is_built(line: Line) -> None:
    line.drop("tickets", "a.json", TICKETS)
    assert line.run().success
    good = read_published(line.home)
    line.warehouse("delete from raw_tickets.tickets where ticket_id = 1")
    result = line.run()
    assert failed_steps(result) == {"raw_tickets"}
    assert read_published(line.home) == good
    assert read_status(line.home).stale_reason == "step raw_tickets failed"


def test_a_file_that_cannot_be_read_is_told_of_and_the_rest_goes_on(line: Line) -> None:
    line.drop("tickets", "a.json", TICKETS)
    (line.home.landing / "tickets" / "tickets" / "broken.json").write_text('[{"ticket_id": 1')
    result = line.run()
    assert result.success
    checks = result.get_asset_check_evaluations()
    quarantine = next(
        c for c in checks if c.check_name == "little_is_quarantined" and c.asset_key.path[-1] == "tickets"
    )
    assert not quarantine.passed
    assert quarantine.severity is dg.AssetCheckSeverity.WARN
    assert line.published("select count(*) from marts.fct_tickets") == [(2,)]


def test_a_second_process_is_told_who_holds_the_warehouse(line: Line) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            textwrap.dedent(
                """
                import sys
                from pathlib import Path
                from orchestration.home import DataHome
                from orchestration.loading.warehouse import warehouse_lock
                with warehouse_lock(DataHome(Path(sys.argv[1])), "the nightly repair"):
                    print("held", flush=True)
                    sys.stdin.read()
                """
            ),
            str(line.home.root),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        result = Line(replace(line.deployment, lock_wait_seconds=0.2)).run()
    finally:
        holder.communicate()
    error = next(event for event in result.all_events if event.is_step_failure).step_failure_data.error
    while error.cause is not None:
        error = error.cause
    assert "the nightly repair" in error.message
    assert str(holder.pid) in error.message


def test_the_sensors_job_asks_no_source_system(line: Line) -> None:
    line.home.sources_file.parent.mkdir(parents=True, exist_ok=True)
    line.home.sources_file.write_text("this is no sources.yaml: [")
    assert failed_steps(line.run("daily")) == {"landing"}
    line.drop("tickets", "a.json", TICKETS)
    assert line.run("dropped_files").success
    assert line.published("select count(*) from marts.fct_tickets") == [(2,)]


def test_an_as_of_date_that_is_none_is_refused(line: Line) -> None:
    assert not line.run(as_of_date="yesterday").success
    assert read_published(line.home) is None


def test_a_build_record_is_written_only_once_everything_succeeded(line: Line) -> None:
    line.drop("tickets", "a.json", [{**TICKETS[0], "severity": "unheard of"}])
    assert not line.run().success
    with duckdb.connect(line.home.warehouse) as con:
        assert con.execute("select count(*), count(finished_at) from ops.builds").fetchone() == (1, 0)
