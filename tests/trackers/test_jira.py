"""Jira's answers and exports, from the landing folder to work items, their histories and sprints."""

from __future__ import annotations

import json
from datetime import date, datetime

import duckdb

from orchestration.home import DataHome


def one(warehouse: duckdb.DuckDBPyConnection, columns: str, key: str) -> tuple[object, ...] | None:
    return warehouse.execute(
        f"select {columns} from marts.fct_work_items where work_item_id = ?",
        [f"jira:{key}"],
    ).fetchone()


def test_translated_types_and_statuses_are_told_by_their_ids(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert one(warehouse, "type_raw, work_type, status_name, state", "SHOP-1") == (
        "Story", "story", "已完成", "done",
    )  # fmt: skip
    assert one(warehouse, "work_type, state, found_in", "SHOP-2") == ("bug", "in_progress", "production")


def test_work_began_and_ended_when_the_history_says_so(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert one(warehouse, "started_at, done_at, cycle_seconds", "SHOP-1") == (
        datetime(2026, 3, 4, 8, 0),
        datetime(2026, 3, 10, 10, 0),
        6 * 86400 + 2 * 3600,
    )


def test_a_moved_due_date_keeps_the_first_beside_the_one_now(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert one(warehouse, "due_date, due_date_now", "SHOP-1") == (date(2026, 3, 9), date(2026, 3, 20))


def test_points_are_the_field_that_the_site_calls_so_and_written_text_is_nowhere(
    warehouse: duckdb.DuckDBPyConnection, built: DataHome
) -> None:
    assert one(warehouse, "points, investment_category", "SHOP-1") == (5.0, "debt")
    kept = [path for path in built.root.rglob("*") if path.is_file() and built.landing not in path.parents]
    for path in kept:
        content = path.read_bytes()
        assert not [w for w in (b"Rita Example", b"5b10-", b"rexample", b"@acme.example") if w in content], (
            path
        )


def test_sprint_membership_is_rebuilt_from_the_history(warehouse: duckdb.DuckDBPyConnection) -> None:
    """SHOP-2 left before the end, SHOP-3 was created in it; the Data Center of OPS-1 tells it as text."""
    rows = warehouse.execute(
        "select work_item_id, joined_at, left_at, state_at_end from intermediate.int_sprint_items"
        " where sprint_id = 'jira:34' order by work_item_id"
    ).fetchall()
    assert rows == [
        ("jira:OPS-1", datetime(2026, 3, 1, 10), None, "in_progress"),
        ("jira:PAY-1", None, None, "unmapped"),
        ("jira:SHOP-1", datetime(2026, 3, 1, 8), None, "done"),
        ("jira:SHOP-2", datetime(2026, 3, 1, 8), datetime(2026, 3, 12, 11), "in_progress"),
        ("jira:SHOP-3", datetime(2026, 3, 3, 9), None, "todo"),
    ]


def test_a_csv_export_keeps_every_value_of_a_repeated_header(warehouse: duckdb.DuckDBPyConnection) -> None:
    row = warehouse.execute(
        "select labels, components, sprints, original_estimate_seconds from raw_jira.issues"
        " where issue_key = 'PAY-1'"
    ).fetchone()
    assert row is not None
    assert [json.loads(text) for text in row[:3]] == [
        ["urgent", "customer-reported"], ["checkout"], ["SHOP Sprint 34", "PAY Sprint 2"],
    ]  # fmt: skip
    assert row[3] == 7200
    empty = warehouse.execute("select labels, resolution from raw_jira.issues where issue_key = 'PAY-2'")
    assert empty.fetchone() == (None, None)


def test_a_csv_export_without_a_history_uses_the_dates_that_it_has(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Twelve o'clock in the morning is midnight, in the afternoon noon."""
    assert one(warehouse, "created_at, started_at, done_at, due_date, points, found_in", "PAY-1") == (
        datetime(2026, 2, 15, 16, 37), datetime(2026, 2, 16, 8), datetime(2026, 2, 19, 17),
        date(2026, 2, 18), 3.0, "production",
    )  # fmt: skip
    assert one(warehouse, "created_at, started_at, done_at, state", "PAY-2") == (
        datetime(2026, 2, 16, 0, 5), datetime(2026, 2, 18, 12, 30), None, "in_progress",
    )  # fmt: skip


def test_hours_come_from_entries_or_from_an_export_s_sum_and_a_request_was_late_once(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """The first entry of SHOP-1 was corrected later; PAY-1 is only known by a CSV export."""
    columns = "logged_seconds, logged_by_count, is_sla_breached"
    assert one(warehouse, columns, "SHOP-1") == (7200, 2, None)
    assert one(warehouse, columns, "OPS-1") == (900, 1, None)
    assert one(warehouse, columns, "PAY-1") == (5400, None, None)
    assert one(warehouse, columns, "SHOP-2") == (None, None, True)


def test_a_sprint_is_of_its_boards_project_and_a_board_of_several_projects_of_none(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    boards = "select board_id, board_type, project_key from staging.stg_jira__boards order by all"
    assert warehouse.execute(boards).fetchall() == [
        ("21", "scrum", "OPS"), ("22", "scrum", None), ("8", "scrum", "SHOP"), ("9", "kanban", "SHOP"),
    ]  # fmt: skip
    sprints = "select sprint_id, board_name, project_key from intermediate.int_sprints"
    assert warehouse.execute(sprints).fetchall() == [("jira:34", "Shop", "SHOP")]


def test_what_is_no_status_and_no_whole_issue_is_quarantined_with_its_reason(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    rejects = warehouse.execute(
        "select table_name, column_name from ops.ingest_rejects where system = 'jira' order by 1, 2"
    ).fetchall()
    assert rejects == [("issues", "created_at"), ("statuses", "status_category"), ("worklogs", "issue_id")]
