"""The marts against what was planted: a small company, loaded and built, figure by figure.

The truth comes from the generator's own facts. Where it and a mart differ, one of the two misreads kpis.md.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome
from tests.company.conftest import Company
from tests.company.on_call import count_on_call, percentile


def test_every_row_is_loaded_or_accounted_for_and_only_planted_ones_are_refused(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    failed = warehouse.sql("select path, reason from ops.ingest_files where status <> 'loaded'").fetchall()
    assert failed == []
    lost = warehouse.sql(
        "select path from ops.ingest_files "
        "where rows_read <> rows_loaded + rows_duplicate + rows_superseded + rows_quarantined"
    ).fetchall()
    assert lost == []
    refused = warehouse.sql(
        "select system || '.' || table_name, sum(rows_quarantined)::bigint from ops.ingest_files "
        "where rows_quarantined > 0 group by all"
    ).fetchall()
    assert dict(refused) == company.truth.bad_rows


def test_no_personal_text_is_anywhere_behind_the_landing_folder(
    company: Company, home: DataHome, warehouse: duckdb.DuckDBPyConnection
):
    columns = warehouse.sql(
        "select table_schema, table_name, column_name "
        "from information_schema.columns where data_type = 'VARCHAR'"
    ).fetchall()
    assert len(columns) > 300
    by_table: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in columns:
        by_table.setdefault((schema, table), []).append(column)
    for (schema, table), names in by_table.items():
        tests = (f"contains(\"{name}\", '{text}')" for name in names for text in company.truth.canaries)
        found = warehouse.sql(f'select * from "{schema}"."{table}" where {" or ".join(tests)} limit 1')
        assert found.fetchall() == [], f"{schema}.{table}"


def test_nothing_has_happened_after_the_last_day(company: Company, warehouse: duckdb.DuckDBPyConnection):
    """Open pull requests had commits of the week to come: GitHub's data seemed to reach into it."""
    end = datetime.fromtimestamp(company.truth.plan.end, UTC).replace(tzinfo=None)
    newest = warehouse.sql(
        "select system || '.' || table_name, data_through from ops.table_state "
        "where system in ('github', 'pagerduty') and data_through is not null"
    ).fetchall()
    assert len(newest) > 8
    assert {table: instant for table, instant in newest if instant > end} == {}


def test_whoever_is_on_call_stands_for_a_team(company: Company, warehouse: duckdb.DuckDBPyConnection):
    """Schedules had escalation policies that no service had: nobody's shifts were any team's."""
    schedules = warehouse.sql(
        "select schedule_id, schedule_name from staging.stg_pagerduty__schedules"
    ).fetchall()
    names = dict(warehouse.sql("select team_name, team_id from marts.dim_team").fetchall())
    teams = {schedule: names[name.removesuffix(" on call")] for schedule, name in schedules}
    found = warehouse.sql(
        "select schedule_id, team_id, cast(started_at as date) from intermediate.int_on_call_shifts"
    ).fetchall()
    assert [row for row in found if row[1] not in (None, teams[row[0]])] == []
    # Before a service changed hands, its policy of today was not yet its team's: none is guessed.
    settled = [row for row in found if row[2] >= company.truth.stories.reorganisation + timedelta(days=7)]
    assert len(settled) > 100
    assert [row for row in settled if row[1] is None] == []


def test_on_call_load_is_a_plain_count_over_the_exports(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    told = count_on_call(company.landing, company.truth.plan.last_day)
    found: dict[str, dict[Any, tuple[Any, ...]]] = {}
    for kpi_id, monday, numerator, denominator, value, status in warehouse.sql(
        "select kpi_id, period_start, numerator, denominator, value, status from marts.fct_kpi_values "
        "where kpi_id like 'oncall%' and period_grain = 'week' and segment_id = 'org'"
    ).fetchall():
        if status != "suppressed":
            found.setdefault(kpi_id, {})[monday] = (numerator, denominator, value)
    weeks = {monday: week for monday, week in told.items() if monday in found["oncall_load"]}
    assert len(weeks) > 30
    assert sum(week.pages.total() for week in weeks.values()) > 200
    assert any(len(week.on_call) > len(week.pages) for week in weeks.values())
    for monday, week in weeks.items():
        pages, people = week.pages.total(), len(week.on_call)
        assert found["oncall_load"][monday] == (pages, people, pytest.approx(pages / people)), monday
        assert found["oncall_load_p90"][monday][2] == pytest.approx(percentile(week.loads, 0.9)), monday
        assert found["oncall_load_maximum"][monday][2] == week.loads[-1], monday
    shares = {"business": 0, "off": 0, "sleep": 0}
    for hours in shares:
        for monday, (numerator, denominator, _) in found[f"oncall_{hours}_hours_share"].items():
            if denominator:
                assert (numerator, denominator) == (told[monday].hours[hours], told[monday].pages.total())
                shares[hours] += int(numerator)
    assert all(count > 20 for count in shares.values()), shares


def test_each_page_counts_for_the_team_that_its_engineer_was_on_call_for(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    told = count_on_call(company.landing, company.truth.plan.last_day)
    found = warehouse.sql(
        "select count(distinct record_id), count(*), sum(numerator), sum(denominator), "
        "count(distinct team_id) from marts_people.kpi_oncall_load_records "
        "where kpi_id = 'oncall_load' and exclusion_reason is null"
    ).fetchall()
    pages = sum(week.pages.total() for week in told.values())
    people = sum(len(week.on_call) for week in told.values())
    assert found[0][:4] == (pages + people, pages + people, pages, people)
    assert found[0][4] >= company.truth.plan.team_count
