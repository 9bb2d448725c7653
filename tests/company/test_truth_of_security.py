"""Vulnerabilities of the generated company are found, dated and remedied as they were planted."""

from __future__ import annotations

import duckdb

from tests.company.conftest import Company
from tests.company.planted import assert_counts, assert_medians, planted


def test_vulnerabilities_are_remedied_in_time_as_planted(company: Company, monthly: dict):
    truth = planted(company, "vulnerability_sla")
    found = monthly["vulnerability_sla"]
    assert_counts({key: row["due"] for key, row in truth.items()}, found, "denominator")
    assert_counts({key: row["in_time"] for key, row in truth.items()}, found)
    medians = planted(company, "vulnerability_time_to_remediate")
    assert_medians(
        {key: row["median_days"] for key, row in medians.items()}, monthly["vulnerability_time_to_remediate"]
    )


def test_open_vulnerabilities_at_the_end_of_each_month_are_as_planted(company: Company, monthly: dict):
    truth = planted(company, "vulnerabilities_open")
    for kpi_id, column in {
        "vulnerabilities_open": "open",
        "vulnerabilities_open_overdue": "overdue",
        "vulnerabilities_open_under_30_days": "young",
    }.items():
        assert_counts({key: row[column] for key, row in truth.items()}, monthly[kpi_id])


def test_each_vulnerability_is_one_and_is_left_out_for_the_planted_reason(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    """Findings under new ids after an import are no vulnerabilities of their own."""
    told = {
        row["exclusion_reason"]: row["vulnerabilities"]
        for row in company.truth.tables["vulnerabilities_excluded"]
    }
    found = warehouse.sql(
        "select coalesce(exclusion_reason, ''), count(*) from marts.fct_vulnerabilities group by all"
    ).fetchall()
    assert dict(found) == told
    assert warehouse.sql("from marts.fct_vulnerabilities where finding_count > 1").fetchall()


def test_the_stories_of_vulnerabilities_stand_in_the_mart(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    service = company.truth.stories.burning_service
    critical = warehouse.execute(
        "select due_date from marts.fct_vulnerabilities where service_id = ? and severity = 'critical' "
        "and is_open_overdue and exclusion_reason is null and source_system = 'snyk'",
        [service],
    ).fetchall()
    assert critical
    exploited = warehouse.execute(
        "select days_allowed from marts.fct_vulnerabilities where service_id = ? and severity = 'medium' "
        "and is_due_as_exploited and is_open_overdue",
        [service],
    ).fetchall()
    assert (14,) in exploited
    reopened = warehouse.execute(
        "select reopening_count from marts.fct_vulnerabilities where service_id = ? and severity = 'high' "
        "and is_open_overdue and reopening_count > 0",
        [service],
    ).fetchall()
    assert reopened
