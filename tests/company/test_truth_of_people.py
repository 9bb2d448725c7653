"""People, exits, hiring, teams and surveys of the generated company are as they were planted."""

from __future__ import annotations

from datetime import timedelta

import duckdb
import pytest

from tests.company.conftest import Company
from tests.company.planted import assert_counts, assert_medians, planted


def test_people_and_exits_are_counted_as_planted(company: Company, warehouse: duckdb.DuckDBPyConnection):
    told = {
        (row["segment_type"], row["segment_id"], row["quarter"]): row
        for row in company.truth.tables["attrition"]
    }
    records = warehouse.sql(
        """
        select
            kpi_id,
            strftime(event_date, '%Y-Q') || quarter(event_date) as quarter,
            team_id,
            sum(numerator)::bigint as leavers,
            sum(denominator)::bigint as person_days
        from marts_people.kpi_regrettable_attrition_records
        where event_date between ? and ?
        group by all
        """,
        params=[company.truth.plan.first_day, company.truth.plan.last_day],
    ).fetchall()
    measures = {
        "regrettable_attrition": "regretted",
        "voluntary_attrition": "voluntary",
        "involuntary_attrition": "involuntary",
    }
    for kpi_id, column in measures.items():
        teams = {
            ("team", team, quarter): leavers for kpi, quarter, team, leavers, _ in records if kpi == kpi_id
        }
        assert teams == {key: row[column] for key, row in told.items() if key[0] == "team"}, kpi_id
    days = {
        ("team", team, quarter): days
        for kpi, quarter, team, _, days in records
        if kpi == "regrettable_attrition"
    }
    assert days == {key: row["person_days"] for key, row in told.items() if key[0] == "team"}


def test_attrition_of_the_trailing_year_is_as_planted_or_suppressed(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    rows = warehouse.sql(
        "select kpi_id, segment_type, segment_id, strftime(period_start, '%Y-Q') || quarter(period_start), "
        "status, numerator, denominator, value from marts.fct_kpi_values "
        "where period_grain = 'quarter' and kpi_id in "
        "('regrettable_attrition', 'voluntary_attrition', 'involuntary_attrition')"
    ).fetchall()
    found = {row[:4]: row[4:] for row in rows}
    columns = {
        "regrettable_attrition": "regretted",
        "voluntary_attrition": "voluntary",
        "involuntary_attrition": "involuntary",
    }
    shown = 0
    for row in company.truth.tables["attrition_year"]:
        for kpi_id, column in columns.items():
            status, leavers, headcount, value = found[
                kpi_id, row["segment_type"], row["segment_id"], row["quarter"]
            ]
            average = row["person_days"] / row["days"]
            if status == "suppressed":
                assert (leavers, headcount, value) == (None, None, None)
                continue
            assert average >= 5
            assert leavers == row[column], (kpi_id, row)
            assert float(headcount) == pytest.approx(average, abs=1e-6)
            assert value == pytest.approx(row[column] / average, abs=1e-9)
            shown += row["segment_type"] == "org"
    assert shown >= 9


def test_seats_are_filled_as_fast_as_planted(company: Company, monthly: dict):
    truth = planted(company, "hiring_time_to_fill")
    found = monthly["hiring_time_to_fill"]
    assert sum(row["filled"] for key, row in truth.items() if key[0] == "org") >= 5
    assert_counts({key: row["filled"] for key, row in truth.items()}, found, "sample_size")
    assert_medians({key: row["median_days"] for key, row in truth.items()}, found)


def test_offers_are_accepted_as_planted(company: Company, monthly: dict):
    truth = planted(company, "offer_acceptance")
    found = monthly["offer_acceptance_rate"]
    assert any(row["accepted"] < row["settled"] for row in truth.values())
    assert_counts({key: row["accepted"] for key, row in truth.items()}, found)
    assert_counts({key: row["settled"] for key, row in truth.items()}, found, "denominator")


def test_seats_that_were_open_at_the_end_of_a_month_are_counted_as_planted(company: Company, monthly: dict):
    truth = planted(company, "open_openings")
    first = f"{company.truth.plan.first_day:%Y-%m}"
    found = {key: row for key, row in monthly["open_openings"].items() if key[2] >= first}
    assert_counts({key: row["openings"] for key, row in truth.items()}, found)
    ages = monthly["open_opening_age"]
    assert {key for key, row in found.items() if row["value"]} == {
        key for key, row in ages.items() if row["sample_size"] and key[2] >= first
    }


def test_applications_go_as_far_as_planted(company: Company, warehouse: duckdb.DuckDBPyConnection):
    told = {
        (row["month"], row["stage"]): (row["applications"], row["reached"])
        for row in company.truth.tables["hiring_funnel"]
    }
    rows = warehouse.sql(
        "select strftime(cohort_month, '%Y-%m'), canonical_stage, applications, reached "
        "from marts.fct_hiring_funnel where segment_type = 'org' and canonical_stage <> 'unmapped'"
    ).fetchall()
    assert {row[:2]: row[2:] for row in rows} == told
    unmapped = warehouse.sql(
        "select distinct stage_name from intermediate.int_application_stages "
        "where canonical_stage = 'unmapped'"
    ).fetchall()
    assert unmapped == [("Chemistry",)]


def test_hires_turn_out_as_planted(company: Company, warehouse: duckdb.DuckDBPyConnection):
    told = {
        (row["segment_id"], row["quarter"]): (row["hires"], row["good"])
        for row in company.truth.tables["quality_of_hire"]
    }
    assert told
    rows = warehouse.sql(
        "select team_id, strftime(event_date, '%Y-Q') || quarter(event_date), sum(denominator)::bigint, "
        "sum(numerator)::bigint from marts_people.kpi_quality_of_hire_records "
        "group by all having sum(denominator) > 0"
    ).fetchall()
    assert {row[:2]: row[2:] for row in rows} == told


def test_leads_have_the_reports_and_successors_that_were_planted(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    """Contractors are in the roster and their lead in Workday; who is named and has left follows nobody."""
    told = {tuple(row.values()) for row in company.truth.tables["manager_span"]}
    found = warehouse.sql(
        "select team_id, direct_reports, other_reports, named_successors "
        "from marts_people.fct_manager_span where manager_id <> 'unmapped'"
    ).fetchall()
    assert set(found) == told
    assert {row[3] for row in told} >= {0, 1}


def test_the_freeze_cancels_seats_and_lets_nothing_in(company: Company, warehouse: duckdb.DuckDBPyConnection):
    stories = company.truth.stories
    span = [stories.freeze_from, stories.freeze_until - timedelta(days=1)]
    cancelled = warehouse.execute(
        "select count(*) from marts.fct_openings "
        "where opening_status = 'cancelled' and close_kind = 'cancelled' "
        "and close_reason = 'Hiring freeze' and closed_date between ? and ?",
        span,
    ).fetchone()
    let_in = warehouse.execute(
        "select count(*) from marts.fct_openings "
        "where opened_date between $1 and $2 or accepted_date between $1 and $2",
        span,
    ).fetchone()
    assert cancelled is not None
    assert cancelled[0] >= 1
    assert let_in == (0,)


def test_employees_recommend_as_planted_whoever_counted_and_few_stay_hidden(
    company: Company, quarterly: dict
):
    """One wave was counted by the survey tool, one came from Qualtrics, and each has answers to leave out."""
    shown = {"org": 0, "group": 0, "team": 0}
    for row in company.truth.tables["enps"]:
        segment = (row["segment_type"], row["segment_id"], row["quarter"])
        score, rate = quarterly["enps", *segment], quarterly["enps_response_rate", *segment]
        if score["status"] == "suppressed":
            assert (score["value"], score["sample_size"], rate["value"]) == (None, None, None)
            continue
        assert row["respondents"] >= 5 or row["respondents"] == 0, segment
        assert score["numerator"] == 100 * (row["promoters"] - row["detractors"]), segment
        assert score["denominator"] == row["respondents"], segment
        assert (rate["numerator"], rate["denominator"]) == (row["rate_responded"], row["rate_invited"]), (
            segment
        )
        shown[row["segment_type"]] += 1
    assert shown["org"] == 3
    assert shown["team"] >= 6


def test_stakeholders_are_as_satisfied_as_planted_and_the_few_executives_stay_hidden(
    company: Company, quarterly: dict
):
    shown = 0
    for row in company.truth.tables["stakeholder_satisfaction"]:
        segment = (row["segment_type"], row["segment_id"], row["quarter"])
        mean = quarterly["stakeholder_satisfaction", *segment]
        top, rate = (
            quarterly["stakeholder_top_two_box", *segment],
            quarterly["stakeholder_response_rate", *segment],
        )
        if mean["status"] == "suppressed":
            assert row["segment_type"] == "function"
            assert (mean["value"], top["value"], rate["value"]) == (None, None, None)
            continue
        assert row["respondents"] >= 5
        assert mean["value"] == pytest.approx(float(row["score_sum"]) / row["respondents"], abs=1e-6)
        assert (top["numerator"], top["denominator"]) == (row["favourable"], row["respondents"])
        assert (rate["numerator"], rate["denominator"]) == (row["respondents"], row["invited"])
        shown += 1
    assert shown >= 4
    assert (
        quarterly["stakeholder_satisfaction", "function", "executives", "2026-Q2"]["status"] == "suppressed"
    )


def test_no_mart_knows_who_answered_a_survey(warehouse: duckdb.DuckDBPyConnection):
    """Neither the respondents' pseudonyms nor the keys made of them are in anything that is published."""
    warehouse_keys = (
        "select respondent_id from raw_surveys.answers "
        "union select response_id from raw_surveys.qualtrics_responses "
        "union select respondent_key from staging.stg_surveys__answers"
    )
    columns = warehouse.sql(
        "select table_schema, table_name, column_name from information_schema.columns "
        "where data_type = 'VARCHAR' and (table_schema like 'marts%' or table_name like 'int_survey%')"
    ).fetchall()
    assert len(columns) > 100
    assert warehouse.sql(f"select count(*) from ({warehouse_keys})").fetchall()[0][0] > 50
    for schema, table, column in columns:
        found = f'select 1 from "{schema}"."{table}" where "{column}" in ({warehouse_keys}) limit 1'
        assert warehouse.sql(found).fetchall() == [], f"{schema}.{table}.{column}"
