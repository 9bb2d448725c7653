"""Deployments, failures, pipelines, tests and SLOs of the generated company are those that were planted."""

from __future__ import annotations

import duckdb

from tests.company.conftest import Company
from tests.company.planted import Key, assert_counts, assert_medians, planted


def test_deployments_are_counted_as_planted(company: Company, monthly: dict):
    truth = planted(company, "deployment_frequency")
    assert_counts({key: row["deployments"] for key, row in truth.items()}, monthly["deployment_frequency"])


def test_failed_deployments_are_counted_as_planted(company: Company, monthly: dict):
    truth = planted(company, "change_failure_rate")
    found = monthly["change_failure_rate"]
    assert sum(row["failed"] for key, row in truth.items() if key[0] == "org") > 100
    assert_counts({key: row["deployments"] for key, row in truth.items()}, found, "denominator")
    assert_counts({key: row["failed"] for key, row in truth.items()}, found)


def test_each_failure_is_found_by_the_evidence_that_was_planted(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    evidence = {
        "named_by_incident": "incident_named", "rollback": "rollback", "revert": "repair", "hotfix": "repair",
        "time_window": "incident", "time_window_dependency": "incident",
    }  # fmt: skip
    found = dict.fromkeys(evidence.values(), 0)
    for method, count in warehouse.sql(
        "select method, count(*) from intermediate.int_failed_changes where is_failed_change group by all"
    ).fetchall():
        found[evidence[method]] += count
    rows = [row for key, row in planted(company, "change_failure_rate").items() if key[0] == "org"]
    assert found == {name: sum(row[name] for row in rows) for name in found}


def test_repairs_are_counted_as_planted(company: Company, monthly: dict):
    truth = planted(company, "change_failure_rate")
    assert_counts({key: row["rework"] for key, row in truth.items()}, monthly["rework_rate"])


def test_lead_times_are_as_planted(company: Company, monthly: dict):
    truth = planted(company, "lead_time_for_changes")
    found = monthly["lead_time_for_changes"]
    assert_counts({key: row["changes"] for key, row in truth.items()}, found, "sample_size")
    assert_medians({key: row["median_hours"] for key, row in truth.items()}, found)


def test_times_to_restore_are_as_planted(company: Company, monthly: dict):
    truth = planted(company, "time_to_restore")
    found = monthly["time_to_restore"]
    assert_counts({key: row["incidents"] for key, row in truth.items()}, found, "sample_size")
    assert_medians({key: row["median_minutes"] for key, row in truth.items()}, found)


def test_major_incidents_are_counted_as_planted(company: Company, monthly: dict):
    truth = planted(company, "major_incidents")
    assert_counts({key: row["incidents"] for key, row in truth.items()}, monthly["major_incidents"])


def test_pipelines_succeed_as_planted_at_first_and_in_the_end(company: Company, monthly: dict):
    truth = planted(company, "pipeline_success_rate")
    final, first = monthly["pipeline_success_rate"], monthly["pipeline_first_attempt_success_rate"]
    assert_counts({key: row["final_success"] for key, row in truth.items()}, final)
    assert_counts({key: row["final_total"] for key, row in truth.items()}, final, "denominator")
    assert_counts({key: row["first_success"] for key, row in truth.items()}, first)
    assert_counts({key: row["first_total"] for key, row in truth.items()}, first, "denominator")


def test_tests_are_flaky_as_planted(company: Company, monthly: dict):
    truth, found = planted(company, "test_flakiness"), monthly["test_flakiness"]
    assert sum(row["flaky"] for key, row in truth.items() if key[0] == "org") > 50
    assert sum(row["left_out"] for key, row in truth.items() if key[0] == "org") > 50
    assert_counts({key: row["test_runs"] for key, row in truth.items()}, found, "denominator")
    assert_counts({key: row["flaky"] for key, row in truth.items()}, found)
    assert_counts({key: row["left_out"] for key, row in truth.items()}, found, "excluded")


def test_the_flaky_suite_leads_the_ranking_with_what_it_cost(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    told = sorted(company.truth.tables["flaky_tests"], key=lambda row: (-row["lost_runs"], -row["wasted_ms"]))
    found = warehouse.sql(
        "select repository, class_name, test_name, flaky_test_runs, lost_runs, "
        "round(wasted_ci_minutes * 60000)::bigint from marts.fct_flaky_tests order by lost_runs_rank"
    ).fetchall()
    assert found == [tuple(row.values()) for row in told]
    assert {row[1] for row in found} == {"it.SessionExpiryIT", "tests.test_ordering"}
    assert sum(row[3] for row in found) > 50
    assert sum(row[4] for row in found) > 2


def test_slos_are_attained_as_planted(company: Company, warehouse: duckdb.DuckDBPyConnection, monthly: dict):
    told = {
        (row["slo_id"], row["month"]): (row["good"], row["total"])
        for row in company.truth.tables["slo_attainment"]
    }
    found = warehouse.sql(
        "select slo_id, strftime(slo_date, '%Y-%m'), sum(good), sum(total) from marts.fct_slo_daily "
        "where exclusion_reason is null group by all"
    ).fetchall()
    assert {(slo, month): (good, total) for slo, month, good, total in found} == told
    services: dict[Key, int] = {}
    for row in company.truth.tables["slo_attainment"]:
        key = ("service", row["service_id"], row["month"])
        services[key] = services.get(key, 0) + row["good"]
    values = {key: row for key, row in monthly["slo_attainment"].items() if key[0] == "service"}
    assert_counts(services, values)
