"""Feature flags and code quality of the generated company: the marts against what was planted."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import duckdb
import pytest

from orchestration.home import DataHome


@pytest.fixture
def warehouse(built_company: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built_company.warehouse), read_only=True) as con:
        yield con


def planted(home: DataHome, table: str) -> list[dict[str, str]]:
    with (home.company / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_changes_of_flags_are_counted_by_service_and_month(
    built_company: DataHome, warehouse: duckdb.DuckDBPyConnection
) -> None:
    told = {
        (row["service"], row["month"]): (int(row["changes"]), int(row["production"]))
        for row in planted(built_company, "flag_changes")
    }
    found = warehouse.execute(
        "select service_id, strftime(change_date, '%Y-%m'), count(*), count(*) filter (is_production) "
        "from marts.fct_flag_changes group by all"
    ).fetchall()
    assert {(service, month): (everything, noticed) for service, month, everything, noticed in found} == told
    assert len(told) > 50


def test_a_change_that_brought_an_incident_with_nothing_deployed_near_is_a_suspect(
    built_company: DataHome, warehouse: duckdb.DuckDBPyConnection
) -> None:
    told = {(row["entry_id"], row["service"]) for row in planted(built_company, "flag_suspects")}
    found = warehouse.execute(
        "select entry_id, service_id from marts.fct_flag_changes where is_suspect"
    ).fetchall()
    assert len(told) > 5
    assert told <= set(found)


def test_code_quality_ends_as_the_last_analysis_found_it(
    built_company: DataHome, warehouse: duckdb.DuckDBPyConnection
) -> None:
    told = {
        row["service"]: (
            round(float(row["coverage_percent"]) / 100, 6), int(row["debt_minutes"]), int(row["found"]),
            int(row["open"]),
        )
        for row in planted(built_company, "code_quality")
    }  # fmt: skip
    found = warehouse.execute(
        """
        select
            service_id, round(arg_max(coverage_share, quality_date), 6), arg_max(debt_minutes, quality_date),
            sum(new_issue_count)::bigint, arg_max(open_issue_count, quality_date)
        from marts.fct_code_quality_daily group by service_id
        """
    ).fetchall()
    assert {service: tuple(rest) for service, *rest in found} == told
    assert len(told) >= 10


def test_every_action_environment_and_project_of_the_company_is_mapped(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    unmapped = warehouse.execute(
        "select concept, raw_value from intermediate.int_unmapped "
        "where system in ('launchdarkly', 'sonarqube')"
    ).fetchall()
    assert unmapped == []
