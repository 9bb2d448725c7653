"""The checks of raw tables: what passes, what warns, what stops a publication."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import dagster as dg
import pytest

from orchestration.checks import FRESH, TableLedger, check_quarantine, check_rows, evaluate_tables

KEY = dg.AssetKey(["raw_github", "issues"])
OTHER = dg.AssetKey(["raw_github", "commits"])
GOOD = TableLedger(
    files=2,
    files_failed=0,
    rows_read=10_000,
    rows_loaded=9_980,
    rows_duplicate=10,
    rows_superseded=5,
    rows_quarantined=5,
    files_that_do_not_add_up=(),
    rows_by_ledger=9_980,
    rows_in_table=9_980,
    data_through=datetime(2026, 6, 30, 12),
)
AS_OF = date(2026, 6, 30)


def test_rows_that_add_up_pass() -> None:
    assert check_rows(KEY, GOOD).passed


@pytest.mark.parametrize(
    "wrong", [{"rows_in_table": 9_979}, {"files_that_do_not_add_up": ("github/issues/a.json",)}]
)
def test_rows_that_do_not_add_up_are_an_error(wrong: dict[str, object]) -> None:
    result = check_rows(KEY, replace(GOOD, **wrong))
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.ERROR


@pytest.mark.parametrize(
    ("rows_read", "rows_quarantined", "passed", "severity"),
    [
        (10_000, 100, True, dg.AssetCheckSeverity.WARN),
        (10_000, 101, False, dg.AssetCheckSeverity.WARN),
        (10_000, 5_000, False, dg.AssetCheckSeverity.WARN),
        (10_000, 5_001, False, dg.AssetCheckSeverity.ERROR),
        # Few rows: a handful of bad ones says little about the format.
        (999, 999, False, dg.AssetCheckSeverity.WARN),
        (0, 0, True, dg.AssetCheckSeverity.WARN),
    ],
)
def test_a_little_quarantine_warns_and_a_changed_format_blocks(
    rows_read: int, rows_quarantined: int, passed: bool, severity: dg.AssetCheckSeverity
) -> None:
    result = check_quarantine(KEY, replace(GOOD, rows_read=rows_read, rows_quarantined=rows_quarantined))
    assert (result.passed, result.severity) == (passed, severity)


def test_a_file_that_could_not_be_read_warns() -> None:
    result = check_quarantine(KEY, replace(GOOD, files_failed=1))
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)


def judge_freshness(*through: datetime | None, system: str = "github") -> list[bool]:
    ledgers = {
        key: replace(GOOD, data_through=instant) for key, instant in zip((KEY, OTHER), through, strict=False)
    }
    return [r.passed for r in evaluate_tables(system, ledgers, AS_OF) if r.check_name == FRESH]


def test_a_quiet_table_of_a_busy_system_is_fresh() -> None:
    assert judge_freshness(datetime(2026, 1, 1), datetime(2026, 6, 30)) == [True, True]


def test_a_system_with_nothing_new_anywhere_is_not() -> None:
    end = datetime(2026, 7, 1)
    assert judge_freshness(end - timedelta(days=7), None) == [True, True]
    assert judge_freshness(end - timedelta(days=7, seconds=1), None) == [False, False]


def test_surveys_are_asked_by_the_quarter() -> None:
    end = datetime(2026, 7, 1)
    assert judge_freshness(end - timedelta(days=120), system="surveys") == [True]
    assert judge_freshness(end - timedelta(days=121), system="surveys") == [False]


def test_a_system_that_nobody_feeds_is_not_late() -> None:
    assert judge_freshness(None, None) == [True, True]
