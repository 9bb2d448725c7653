"""What was planted in a company, and figures of the marts held against it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.company.conftest import Company, Key

SEGMENTS = {"org", "group", "team", "service", "tier"}


def planted(company: Company, table: str) -> dict[Key, dict[str, Any]]:
    """The truth of one table by segment and month."""
    return {
        (row["segment_type"], row["segment_id"], row["month"]): row for row in company.truth.tables[table]
    }


def assert_counts(told: dict[Key, int], found: dict[Key, dict[str, Any]], column: str = "numerator") -> None:
    """Every count is as planted, and what was not planted is nothing."""
    missing = {key for key, count in told.items() if count and key not in found}
    assert not missing, f"not in the mart: {sorted(missing)[:5]} of {len(missing)}"
    wrong = {
        key: (told.get(key, 0), row[column])
        for key, row in found.items()
        if key[0] in SEGMENTS and (row[column] or 0) != told.get(key, 0)
    }
    assert not wrong, f"planted, found: {dict(sorted(wrong.items())[:5])} and {len(wrong)} in all"


def assert_medians(told: dict[Key, float], found: dict[Key, dict[str, Any]]) -> None:
    """Every median is as planted; where nothing was measured it is null."""
    wrong = {}
    for key, row in found.items():
        if key[0] in SEGMENTS:
            expected, value = told.get(key), row["value"]
            if value != (expected if expected is None else pytest.approx(expected, abs=1e-6)):
                wrong[key] = (expected, value)
    assert not wrong, f"planted, found: {dict(sorted(wrong.items())[:5])} and {len(wrong)} in all"
    assert told.keys() <= found.keys()
