"""How numbers are written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from orchestration.report.numbers import show, show_change, show_difference, show_money, show_target

WRITTEN = [
    (0.9622, "share", "96.2 %"),
    (0.99884, "share", "99.88 %"),
    (0.00932, "share", "0.93 %"),
    (1.0, "share", "100 %"),
    (0.0, "share", "0 %"),
    (0.0484, "share per year", "4.8 % a year"),
    (140.95, "hours", "5.9 d"),
    (22.97, "hours", "23.0 h"),
    (0.5, "hours", "30 min"),
    (75.05, "minutes", "75 min"),
    (131.0, "minutes", "2.2 h"),
    (38549.1, "minutes", "26.8 d"),
    (28.0, "days", "28.0 d"),
    (400.2, "days", "400 d"),
    (11.714, "deployments per day", "11.7 a day"),
    (5.0, "incidents", "5 incidents"),
    (1.0, "vulnerabilities", "1 vulnerability"),
    (1234567.0, "items", "1,234,567 items"),
    (0.3611, "pages per engineer and week", "0.36 pages per engineer a week"),
    (-10.92, "points", "−11 points"),
    (-0.04, "points", "0.0 points"),
    (4.126, "score from 1 to 5", "4.13 of 5"),
    (264.4996, "currency per customer", "USD 264.50 per customer"),
    (0.004018, "currency per transaction", "USD 0.0040 per transaction"),
    (None, "share", "–"),
]


def plain(text: object) -> str:
    return str(text).replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(("value", "unit", "text"), WRITTEN)
def test_a_value_is_written_in_its_unit_with_the_digits_that_matter(
    value: float | None, unit: str, text: str
) -> None:
    assert plain(show(value, unit, "USD")) == text


@pytest.mark.parametrize(
    ("new", "old", "unit", "text"),
    [
        (0.962, 0.95, "share", "+1.2 pp"),
        (0.9988, 0.9989, "share", "−0.01 pp"),
        (9.0, 10.0, "hours", "−10 %"),
        (120.0, 10.0, "items", "× 12"),
        (3.0, 0.0, "incidents", "+3.0"),
        (-10.9, -2.6, "points", "−8.3"),
        (5.0, 5.0, "hours", "±0"),
        (5.0, None, "hours", "–"),
        (None, 5.0, "hours", "–"),
    ],
)
def test_a_difference_of_shares_is_in_points_and_of_all_else_in_per_cent(
    new: float | None, old: float | None, unit: str, text: str
) -> None:
    assert plain(show_difference(new, old, unit)) == text


def test_targets_say_which_side_is_good() -> None:
    assert plain(show_target(0.95, None, "up", "share", "")) == "≥ 95.0 %"
    assert plain(show_target(168.0, None, "down", "hours", "")) == "≤ 7.0 d"
    assert plain(show_target(0.2, 0.4, "band", "share", "")) == "20.0 % – 40.0 %"
    assert show_target(None, None, "up", "share", "") == ""


def test_money_keeps_its_sign_and_loses_no_cent_that_can_be_read() -> None:
    assert plain(show_money(Decimal("-1234567.891"), "EUR")) == "EUR −1,234,568"
    assert plain(show_money(Decimal("99.995"), "EUR")) == "EUR 100.00"
    assert plain(show_money(0, "")) == "0"
    assert plain(show_change(None)) == "–"
