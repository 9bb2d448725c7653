"""Exports of Opsgenie, ServiceNow and Datadog, by hand and real, all the way into the shared concepts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome
from tests.dbt.project import load_everything, run_dbt

PROJECT = Path(__file__).resolve().parents[2]
FIXTURES = PROJECT / "tests" / "fixtures"
SAMPLES = PROJECT.parent / "shared" / "samples" / "opsgenie"
SYSTEMS = ("opsgenie", "servicenow", "datadog")

samples = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout"),
]

# Where each real payload is dropped, and how many records it holds.
DROPS = {
    "devlake_incidents.jsonl": ("incidents", 2),
    "port_ocean/incident__a.json": ("incidents", 1),
    "port_ocean/alert__a.json": ("alerts", 1),
    "port_ocean/alert__b.json": ("alerts", 1),
    "port_ocean/service__a.json": ("services", 1),
}
CATALOGUE = {
    "teams": "team_id,team_name,group_id,group_name\norders,Orders,shop,Shop\n",
    "services": "service_id,service_name,tier,lifecycle\n"
    + "".join(f"{service},{service},1,live\n" for service in ("cart", "pay", "search")),
    "service_owners": "service_id,team_id,valid_from,valid_to\n"
    + "".join(f"{service},orders,2015-01-01,\n" for service in ("cart", "pay", "search")),
    "service_identifiers": "tool,identifier,service_id\n"
    "opsgenie,9a4c0f0e-service-cart,cart\nopsgenie,9a4c0f0e-service-pay,pay\nopsgenie,search-index,search\n"
    "servicenow,27d32778c0a8000b00db970eeaa60f16,cart\nservicenow,zahlungen,pay\nservicenow,pay,pay\n"
    "datadog,cart-web,cart\n",
}
MODELS = (
    "int_incident_services", "fct_alert_quality", "int_on_call_weeks", "int_change_requests", "int_slo_units",
    "int_unmapped",
)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = DataHome(tmp_path_factory.mktemp("incidents") / "data")
    for system in SYSTEMS:
        for source in (path for path in (FIXTURES / system).rglob("*") if path.is_file()):
            case, *place = source.relative_to(FIXTURES / system).parts
            target = home.landing.joinpath(system, *place[:-1], f"{case}-{place[-1]}")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    for table, text in CATALOGUE.items():
        folder = home.landing / "catalogue" / table / "2026-01-01"
        folder.mkdir(parents=True)
        (folder / f"{table}.csv").write_text(text, encoding="utf-8")
    if SAMPLES.is_dir():
        for name, (table, _) in DROPS.items():
            shutil.copyfile(SAMPLES / name, home.landing / "opsgenie" / table / Path(name).name)
    load_everything(home)
    selected = [part for model in MODELS for part in ("--select", f"+{model}")]
    variables = json.dumps({"as_of_date": "2026-06-30"})
    run_dbt(home, "build", *selected, "--exclude-resource-types", "unit_test", "test", "--vars", variables)
    return home


@pytest.fixture
def warehouse(built: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.warehouse), read_only=True) as con:
        yield con


def rows(warehouse: duckdb.DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return warehouse.execute(sql).fetchall()


def test_every_record_is_loaded_or_refused_for_a_reason(warehouse: duckdb.DuckDBPyConnection) -> None:
    files = rows(
        warehouse,
        "select system, parse_filename(path), status, rows_read "
        "- (rows_loaded + rows_duplicate + rows_superseded + rows_quarantined) from ops.ingest_files "
        "where system <> 'catalogue'",
    )
    assert {system for system, *_ in files} == set(SYSTEMS)
    assert {(status, missing) for _, _, status, missing in files} == {("loaded", 0)}
    refused = rows(warehouse, "select parse_filename(path), column_name, reason from ops.ingest_rejects")
    assert refused == [
        ("labels_in_the_place_of_values-page.json", "state", r"is not a text of the form ^(-?\d+)$")
    ]


@pytest.mark.parametrize("name", [pytest.param(name, marks=samples) for name in DROPS])
def test_every_real_payload_is_loaded(warehouse: duckdb.DuckDBPyConnection, name: str) -> None:
    found = warehouse.execute(
        "select table_name, rows_loaded + rows_superseded from ops.ingest_files "
        "where system = 'opsgenie' and parse_filename(path) = ?",
        [Path(name).name],
    ).fetchall()
    assert found == [DROPS[name]]


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout")
def test_the_real_incidents_and_alerts_reach_the_shared_concepts(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """One of them says when its impact ended while it is still open; one alert was taken back after 158 s."""
    incidents = rows(
        warehouse,
        "select title, severity, status, cast(restored_at as varchar) from intermediate.int_incidents "
        "where source_system = 'opsgenie' and created_at < '2026-01-01' order by title",
    )
    assert incidents == [
        ("Example Token Incident", "sev3", "open", "2023-09-26 17:45:25.719"),
        ("Incident#1", "sev3", "open", None),
        ("Incident#2", "sev4", "resolved", "2023-09-05 18:21:21.49"),
    ]
    alerts = rows(
        warehouse,
        "select title, urgency, cast(acknowledged_at as varchar) from intermediate.int_alerts "
        "where source_system = 'opsgenie' and created_at < '2026-01-01' order by title",
    )
    assert alerts == [
        ("Devops Research Incident", "high", "2023-09-27 16:05:51.129"),
        ("Example alert", "high", None),
    ]


def test_incidents_of_two_systems_are_one_table(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        warehouse,
        """
        select substring(incident_id, 12), service_id, severity, status, exclusion_reason,
            strftime(began_at, '%Y-%m-%d %H:%M'), strftime(acknowledged_at, '%d %H:%M'),
            strftime(restored_at, '%d %H:%M')
        from intermediate.int_incidents where source_system = 'servicenow' order by incident_id
        """,
    )
    assert found == [
        ("INC0000045", "unmapped", "sev3", "resolved", None, "2016-02-29 01:16", "29 08:53", "29 11:29"),
        ("INC0010001", "cart", "sev1", "resolved", None, "2026-03-02 10:00", "02 10:06", "02 11:30"),
        ("INC0010002", "unmapped", "sev3", "resolved", "merged", "2026-03-02 10:10", None, "02 11:30"),
        ("INC0010003", "unmapped", "sev4", "resolved", "cancelled", "2026-03-02 10:10", None, "02 10:20"),
        ("INC0010004", "pay", "sev2", "open", None, "2026-03-03 08:00", None, None),
        ("INC0010010", "unmapped", "sev3", "resolved", None, "2026-03-02 11:00", None, "02 12:00"),
        ("INC0010020", "pay", "sev2", "resolved", None, "2026-03-04 09:15", "04 09:40", "04 10:45"),
    ]
    titles = dict(rows(warehouse, "select incident_id, title from intermediate.int_incidents"))
    assert titles["servicenow:INC0010020"] == "Zahlung hängt – schon wieder"
    assert titles["servicenow:INC0010001"] == "Cart loses items"
    (outage,) = rows(
        warehouse,
        """
        select severity, cast(began_at as varchar), cast(detected_at as varchar),
            cast(acknowledged_at as varchar), cast(restored_at as varchar), caused_by_deployment_id
        from intermediate.int_incidents where title = 'Checkout answers with errors'
        """,
    )
    assert outage == (
        "sev1", "2026-03-02 09:45:00.346", "2026-03-02 09:52:00", "2026-03-02 10:02:39.5",
        "2026-03-02 10:45:00", "github:42",
    )  # fmt: skip
    affected = rows(
        warehouse,
        "select services.service_id from intermediate.int_incident_services as services "
        "join intermediate.int_incidents using (incident_id) "
        "where title = 'Checkout answers with errors' order by all",
    )
    assert affected == [("cart",), ("pay",)]


def test_pages_are_what_people_were_really_sent(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Not the text message that quiet hours held back, not the look at the alert."""
    pages = rows(
        warehouse,
        "select service_id, user_time_zone, cast(paged_at as varchar), notification_count, urgency "
        "from intermediate.int_pages order by paged_at",
    )
    assert pages == [
        ("cart", "Europe/Berlin", "2026-03-02 10:01:00", 2, "high"),
        ("cart", "America/New_York", "2026-03-02 10:01:10", 1, "high"),
    ]
    quality = rows(
        warehouse,
        "select alert, service_id, alerts, pages, acted_pages, auto_resolved_pages "
        "from marts.fct_alert_quality where month_start_date = '2026-03-01' order by noise_rank",
    )
    assert quality == [
        ("checkout answers with errors", "cart", 1, 2, 2, 0),
        ("errors of cart", "cart", 2, 0, 0, 0),
        ("certificate expires", "pay", 1, 0, 0, 0),
        ("queue # grows", "search", 1, 0, 0, 0),
    ]


def test_on_call_is_the_final_timeline_of_a_teams_schedule(warehouse: duckdb.DuckDBPyConnection) -> None:
    shifts = rows(
        warehouse,
        "select schedule_id, user_time_zone, team_id, cast(started_at as varchar), cast(ended_at as varchar) "
        "from intermediate.int_on_call_shifts order by started_at",
    )
    assert shifts == [
        ("sch-orders", "Europe/Berlin", "orders", "2026-03-01 00:00:00", "2026-03-08 00:00:00"),
        ("sch-orders", "America/New_York", "orders", "2026-03-09 00:00:00", "2026-03-12 00:00:00"),
    ]
    people = rows(warehouse, "select count(distinct user_id), sum(pages) from intermediate.int_on_call_weeks")
    assert people == [(2, 2)]


def test_a_change_request_says_how_its_deployment_went(warehouse: duckdb.DuckDBPyConnection) -> None:
    changes = rows(
        warehouse,
        "select change_request_id, state, outcome, deployment_id "
        "from intermediate.int_change_requests order by 1",
    )
    assert changes == [
        ("servicenow:CHG0030001", "closed", "failure", "github:42"),
        ("servicenow:CHG0030002", "planned", None, None),
        ("servicenow:CHG0030007", "closed", "failure", "jenkins:pay/main#17"),
    ]
    caused = rows(
        warehouse,
        "select incident_id from intermediate.int_incidents "
        "where caused_by_deployment_id = 'github:42' order by 1",
    )
    assert [identity.split(":")[0] for (identity,) in caused] == ["opsgenie", "servicenow"]


def test_incidents_and_tasks_name_the_problem_that_stands_behind_them(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    problem = ("servicenow:PRB0040001", "Queue without a limit")
    assert rows(
        warehouse,
        "select incident_id, problem_id, problem_title from intermediate.int_servicenow_incidents "
        "where problem_id is not null order by 1",
    ) == [(f"servicenow:INC001000{number}", *problem) for number in (1, 2, 4)]
    assert rows(
        warehouse, "select epic_key, epic_title from intermediate.int_servicenow_work_items order by 1"
    ) == [("PRB0040001", "Queue without a limit"), ("PRB0040002", "Druckpumpe, alt")]


def test_a_task_of_a_problem_is_an_action_after_an_incident(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        warehouse,
        "select work_item_id, service_id, state, work_type, is_postmortem_action "
        "from intermediate.int_work_items where source_system = 'servicenow' order by 1",
    )
    assert found == [
        ("servicenow:PTASK0010001", "cart", "done", "task", True),
        ("servicenow:PTASK0010002", "pay", "in_progress", "task", True),
    ]


def test_history_of_datadog_gives_good_and_valid_units(warehouse: duckdb.DuckDBPyConnection) -> None:
    """An hour without traffic counts nothing, one without values is missing; time is counted in seconds."""
    found = rows(
        warehouse,
        "select slo_id, exclusion_reason, count(*), cast(sum(good) as double), cast(sum(total) as double) "
        "from intermediate.int_sli_samples group by all order by all",
    )
    metric, time = "datadog:" + "1234" * 8, "datadog:" + "5678" * 8
    assert found == [
        (metric, "not_a_number", 1, None, None),
        (metric, None, 11, 993.0, 1000.0),
        (time, "not_a_number", 1, None, None),
        (time, None, 1, pytest.approx(86396.0), 86400.0),
    ]
    units = rows(
        warehouse, "select slo_id, count(*) from intermediate.int_slo_units group by all order by all"
    )
    assert units == [(f"{metric}:30d", 11), (f"{metric}:7d", 11)]
    assert rows(
        warehouse,
        "select service_id, exclusion_reason from intermediate.int_slo_definitions where slo_id = '"
        + time
        + "'",
    ) == [("pay", "unreadable_window")]


def test_what_nobody_maps_is_listed(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        warehouse,
        "select system, concept, raw_value from intermediate.int_unmapped where system in "
        "('servicenow', 'datadog') or concept = 'alert log entry' order by all",
    )
    assert found == [
        ("opsgenie", "alert log entry", "alertrecipient"),
        ("servicenow", "incident service", "287ee6fea9fe198100ada7950d0b1b73"),
        ("servicenow", "incident service", "Group 56"),
        ("servicenow", "incident service", "Service Desk"),
    ]


def test_no_person_of_the_exports_is_anywhere_in_the_home(built: DataHome) -> None:
    canaries = [
        b"ovelace",
        b"Hopper",
        b"Caller 2403",
        b"62826bf03710200044e0bfc8bcbe5df1",
        b"09f4623a@",
        b"+49 30",
    ]
    kept = [path for path in built.root.rglob("*") if path.is_file() and built.landing not in path.parents]
    assert kept
    for path in kept:
        content = path.read_bytes()
        assert not [canary for canary in canaries if canary in content], path
