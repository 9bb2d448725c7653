"""Work items, sprints and actions of the built company against what was planned for each."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest

from tests.company.conftest import Company, Key
from tests.company.planted import SEGMENTS, assert_counts, assert_medians, planted

PLAN_KPIS = {
    "committed": ("plan_vs_actual", "denominator"),
    "delivered": ("plan_vs_actual", "numerator"),
    "added": ("sprint_scope_added", "numerator"),
    "removed": ("sprint_scope_removed", "numerator"),
    "carried_over": ("sprint_carried_over", "numerator"),
}

QUARTER_KPIS = {
    "committed": ("quarter_plan_vs_actual", "denominator"),
    "delivered": ("quarter_plan_vs_actual", "numerator"),
    "added": ("quarter_scope_added", "numerator"),
    "removed": ("quarter_scope_removed", "numerator"),
    "carried_over": ("quarter_carried_over", "numerator"),
}


def hold(
    told: dict[Key, dict[str, Any]], monthly: dict[str, Any], figures: dict[str, tuple[str, str]]
) -> None:
    """Every planted column is a column of the KPI that stands for it, and not nothing everywhere."""
    for planted_column, (kpi_id, column) in figures.items():
        counts = {key: row[planted_column] for key, row in told.items()}
        assert any(counts.values()), planted_column
        assert_counts(counts, monthly[kpi_id], column)


def test_items_are_left_out_for_the_planted_reasons(company: Company, warehouse: duckdb.DuckDBPyConnection):
    told = {row["exclusion_reason"]: row["items"] for row in company.truth.tables["work_excluded"]}
    found = warehouse.sql(
        "select coalesce(exclusion_reason, ''), count(*) from marts.fct_work_items "
        "where source_system = 'jira' group by all"
    ).fetchall()
    assert set(told) == {"", "duplicate", "not_planned", "not_a_bug"}
    assert dict(found) == told


def test_each_item_is_what_was_planned_and_began_and_ended_when_it_was(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    """Types, services, dates, origin and purpose, however the item says them."""
    told = company.truth.tables["work_items"]
    columns = list(told[0])
    relation = warehouse.sql(
        f"select {', '.join(columns)} from marts.fct_work_items where source_system = 'jira'"
    )
    found = {row[0]: dict(zip(columns, row, strict=True)) for row in relation.fetchall()}
    assert found.keys() == {row["item_key"] for row in told}
    for row in told:
        item = found[row["item_key"]]
        if row["found_in"] is None:
            item["found_in"] = None
        for name in ("created_at", "started_at", "done_at"):
            item[name] = item[name] and f"{item[name].isoformat()}Z"
        assert item == row


def test_each_sprint_promised_and_kept_what_was_planned(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    told = {row["sprint"]: tuple(row.values())[2:] for row in company.truth.tables["sprints"]}
    found = warehouse.sql(
        "select sprint_name, committed_items, delivered_items, added_items, added_delivered_items, "
        "removed_items, carried_over_items from marts.fct_sprints where closed_at is not null"
    ).fetchall()
    assert {row[0]: row[1:] for row in found} == told
    assert len(told) > 80


def test_sprints_that_run_or_are_to_come_are_not_held_against_anybody(
    warehouse: duckdb.DuckDBPyConnection, company: Company
):
    states = dict(
        warehouse.sql("select state, count(*) from intermediate.int_sprints group by all").fetchall()
    )
    assert states["future"] == company.truth.plan.team_count
    assert states["active"] > 0
    counted = warehouse.sql(
        "select count(*) from marts.fct_sprint_items "
        "where sprint_closed_at is null and exclusion_reason is null"
    ).fetchone()
    assert counted == (0,)


def test_commitments_are_kept_as_planted(company: Company, monthly: dict):
    hold(planted(company, "plan_vs_actual"), monthly, PLAN_KPIS)


def test_the_lists_of_what_a_quarter_was_promised_are_kept_as_planted(
    company: Company, quarterly: dict, warehouse: duckdb.DuckDBPyConnection
):
    """Named by key, by title or in no tracker; a quarter that is not over is held against nobody."""
    told = company.truth.tables["quarter_plan_vs_actual"]
    assert len({row["quarter"] for row in told}) > 1
    for planted_column, (kpi_id, column) in QUARTER_KPIS.items():
        assert any(row[planted_column] for row in told), planted_column
        for row in told:
            found = quarterly[kpi_id, row["segment_type"], row["segment_id"], row["quarter"]]
            assert found[column] == row[planted_column], (planted_column, row)
    coming = warehouse.sql(
        "select distinct exclusion_reason from marts.fct_quarter_commitments "
        f"where quarter_end_date > date '{company.truth.plan.last_day}'"
    ).fetchall()
    assert coming == [("open",)]


def test_work_takes_as_long_as_planted(company: Company, monthly: dict):
    """A reopened item extends, a release is no second end, a parked item is being worked on."""
    truth = planted(company, "cycle_time")
    assert_counts({k: row["items"] for k, row in truth.items()}, monthly["cycle_time"], "sample_size")
    assert_medians({k: row["median_hours"] for k, row in truth.items()}, monthly["cycle_time"])


def test_work_in_progress_at_the_end_of_each_month_is_as_planted(company: Company, monthly: dict):
    truth = planted(company, "work_in_progress")
    hold(truth, monthly, {"items": ("work_in_progress", "numerator")})
    assert_medians({k: row["median_days"] for k, row in truth.items()}, monthly["work_in_progress_age"])


def test_what_was_done_is_counted_by_type_as_planted(company: Company, monthly: dict):
    figures = {
        name: (f"throughput_{name}", "numerator") for name in ("stories", "bugs", "tasks", "epics", "points")
    }
    hold(planted(company, "work_done"), monthly, {"items": ("throughput", "numerator"), **figures})


def test_effort_goes_where_it_was_planned_to_go(company: Company, monthly: dict):
    """Told by labels, components, titles of epics or the type alone; what nothing tells is unclassified."""
    truth = planted(company, "work_done")
    categories = ("new_value", "debt", "reliability", "security", "keep_the_lights_on", "unclassified")
    hold(truth, monthly, {name: (f"investment_{name}", "numerator") for name in categories})
    everything = {key: sum(row[name] for name in categories) for key, row in truth.items()}
    invested = {key: row["debt"] + row["reliability"] + row["security"] for key, row in truth.items()}
    assert_counts(everything, monthly["investment_ratio"], "denominator")
    assert_counts(invested, monthly["investment_ratio"])


def test_defects_escape_as_planted(company: Company, monthly: dict):
    truth = planted(company, "escaped_defect_rate")
    hold(
        truth,
        monthly,
        {
            "known": ("escaped_defect_rate", "denominator"),
            "escaped": ("escaped_defect_rate", "numerator"),
            "unknown": ("unmapped_origin_defects", "numerator"),
        },
    )
    released = planted(company, "deployment_frequency")
    per_100 = monthly["escaped_defects_per_100_deployments"]
    for key, row in truth.items():
        if key in released and released[key]["deployments"] and key[0] in SEGMENTS:
            expected = 100 * row["escaped"] / released[key]["deployments"]
            assert per_100[key]["value"] == pytest.approx(expected), key


def test_actions_after_incidents_are_done_moved_and_missed_as_planted(company: Company, monthly: dict):
    """By the date that was agreed on first, in the tracker and in one team's list."""
    hold(
        planted(company, "postmortem_actions"),
        monthly,
        {
            "due": ("postmortem_action_completion", "denominator"),
            "in_time": ("postmortem_action_completion", "numerator"),
            "redated": ("postmortem_actions_redated", "numerator"),
        },
    )
    overdue = planted(company, "postmortem_actions_overdue")
    hold(overdue, monthly, {"overdue": ("postmortem_actions_overdue", "numerator")})


def test_actions_without_a_date_lower_the_coverage_alone(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    undated = sum(
        row["undated"] for key, row in planted(company, "postmortem_actions").items() if key[0] == "org"
    )
    found = warehouse.sql(
        "select count(*) from marts.kpi_postmortem_action_completion_records "
        "where kpi_id = 'postmortem_action_completion' and exclusion_reason = 'no_due_date'"
    ).fetchone()
    assert undated > 0
    assert found == (undated,)


def share(rows: list[dict[str, Any]], part: str, whole: str) -> float:
    return sum(row[part] for row in rows) / sum(row[whole] for row in rows)


def test_the_pressed_team_shows_in_the_quarter_of_hurry(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    """What a director would see: half of what was promised, and unplanned work in its place."""
    stories = company.truth.stories
    rows = warehouse.execute(
        "select strftime(period_start, '%Y-%m-%d'), kpi_id, value from marts.fct_kpi_values "
        "where period_grain = 'quarter' and segment_type = 'team' and segment_id = ? "
        "and kpi_id in ('plan_vs_actual', 'sprint_scope_added') and value is not null",
        [stories.pressed_team],
    ).fetchall()
    values = {(kpi_id, quarter): value for quarter, kpi_id, value in rows}
    hurried = stories.hurried_from.isoformat()
    plan = {quarter: value for (kpi_id, quarter), value in values.items() if kpi_id == "plan_vs_actual"}
    added = {quarter: value for (kpi_id, quarter), value in values.items() if kpi_id == "sprint_scope_added"}
    assert plan[hurried] == min(plan.values()) < 0.65
    assert added[hurried] == max(added.values()) > 2 * sorted(added.values())[-2]
