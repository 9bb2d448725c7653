"""What a run decides to build, and the arguments that it gives to dbt."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from orchestration.building import (
    BuildPlan,
    BuildState,
    PastBuilds,
    dbt_arguments,
    find_dated_nodes,
    last_complete_day,
    plan_build,
)

LAST = BuildState(date(2026, 6, 30), "code", {"raw_github.issues": "3", "raw_usage.customers": "1"})
DATED = ("fqn:p.marts.dim_date",)


def plan(present: BuildState = LAST, *, interrupted: bool = False, full_refresh: bool = False) -> BuildPlan:
    past = PastBuilds(LAST, "build-1", interrupted, frozenset({LAST.code_version}))
    return plan_build(past, present, DATED, full_refresh=full_refresh)


def test_nothing_changed_builds_nothing() -> None:
    assert plan() == BuildPlan((), "nothing has changed")
    assert plan().is_empty


def test_the_first_build_builds_everything() -> None:
    assert plan_build(PastBuilds(None, None, False), LAST, DATED).selection is None


def test_changed_tables_select_what_lies_downstream_of_them() -> None:
    present = BuildState(LAST.as_of_date, "code", {"raw_github.issues": "4", "raw_usage.customers": "1"})
    assert plan(present).selection == ("source:raw_github.issues+",)


def test_a_table_that_the_last_build_did_not_know_counts_as_changed() -> None:
    present = BuildState(LAST.as_of_date, "code", {**LAST.table_versions, "raw_jira.issues": "0"})
    assert plan(present).selection == ("source:raw_jira.issues+",)


def test_a_new_day_selects_what_reads_the_date() -> None:
    present = BuildState(date(2026, 7, 1), "code", {**LAST.table_versions, "raw_github.issues": "4"})
    assert plan(present).selection == ("source:raw_github.issues+", "fqn:p.marts.dim_date+")
    assert plan(present).reason == "1 changed tables and as of 2026-07-01"


@pytest.mark.parametrize(
    ("present", "options"),
    [
        (BuildState(LAST.as_of_date, "other code", LAST.table_versions), {}),
        (LAST, {"interrupted": True}),
        (LAST, {"full_refresh": True}),
    ],
)
def test_other_code_an_unfinished_build_and_a_wish_build_everything(
    present: BuildState, options: dict[str, bool]
) -> None:
    assert plan(present, **options).selection is None


def test_a_wish_and_other_code_drop_what_incremental_models_and_seeds_hold() -> None:
    other = BuildState(LAST.as_of_date, "other code", LAST.table_versions)
    for drops in (plan(full_refresh=True), plan(other)):
        assert "--full-refresh" in dbt_arguments(drops, LAST.as_of_date, {})
    assert "--full-refresh" not in dbt_arguments(plan(interrupted=True), LAST.as_of_date, {})


def test_what_killed_builds_of_other_code_left_is_dropped_too() -> None:
    for last in (LAST, None):
        past = PastBuilds(last, last and "build-1", True, frozenset({"code", "other code"}))
        assert plan_build(past, LAST, DATED).full_refresh


def test_dbt_gets_the_date_and_the_zone_and_leaves_unit_tests_to_the_tests() -> None:
    arguments = dbt_arguments(
        BuildPlan(("source:a.b+", "fqn:p.c+"), ""), date(2026, 7, 1), {"business_timezone": "Asia/Tokyo"}
    )
    assert arguments[:6] == [
        "build",
        "--exclude",
        "resource_type:unit_test",
        "--select",
        "source:a.b+",
        "fqn:p.c+",
    ]
    assert json.loads(arguments[arguments.index("--vars") + 1]) == {
        "as_of_date": "2026-07-01",
        "business_timezone": "Asia/Tokyo",
    }


def test_a_build_of_everything_selects_nothing_in_particular() -> None:
    assert "--select" not in dbt_arguments(BuildPlan(None, ""), LAST.as_of_date, {})


@pytest.mark.parametrize(
    ("now", "zone", "day"),
    [
        (datetime(2026, 7, 1, 0, 30, tzinfo=UTC), "UTC", date(2026, 6, 30)),
        (datetime(2026, 7, 1, 0, 30, tzinfo=UTC), "America/New_York", date(2026, 6, 29)),
        (datetime(2026, 6, 30, 15, 0, tzinfo=UTC), "Asia/Tokyo", date(2026, 6, 30)),
        # The night in which New York's clocks go back has 25 hours.
        (datetime(2026, 11, 2, 4, 30, tzinfo=UTC), "America/New_York", date(2026, 10, 31)),
    ],
)
def test_the_last_complete_day_is_yesterday_where_the_business_is(
    now: datetime, zone: str, day: date
) -> None:
    assert last_complete_day(now, zone) == day


def test_a_clock_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="with their zone"):
        last_complete_day(datetime(2026, 7, 1), "UTC")


def test_a_model_reads_the_date_itself_or_through_macros() -> None:
    def node(name: str, code: str = "select 1", macros: tuple[str, ...] = ()) -> dict[str, Any]:
        return {"fqn": ["p", name], "raw_code": code, "depends_on": {"macros": list(macros)}}

    manifest = {
        "macros": {
            "macro.p.until": {"macro_sql": "{{ var('as_of_date') }}", "depends_on": {"macros": []}},
            "macro.p.window": {"macro_sql": "{{ until() }}", "depends_on": {"macros": ["macro.p.until"]}},
            "macro.p.other": {"macro_sql": "1", "depends_on": {"macros": []}},
        },
        "nodes": {
            "a": node("itself", "where day <= '{{ var(\"as_of_date\") }}'"),
            "b": node("through_two_macros", macros=("macro.p.window",)),
            "c": node("not_at_all", macros=("macro.p.other",)),
            "d": {"fqn": ["p", "seed"], "raw_code": "", "depends_on": {"macros": []}},
        },
    }
    assert find_dated_nodes(manifest) == ("fqn:p.itself", "fqn:p.through_two_macros")
