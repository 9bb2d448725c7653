"""Exports of clouds: runs in folders, nested columns, other languages, odd numbers."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pytest

from tests.loading.conftest import Shop

HEADER = "Month,Date,Billed,Cost\n"


def test_parts_of_one_run_are_one_delivery_whenever_they_come(shop: Shop) -> None:
    shop.land("invoices/2026-05/run-a/part-1.csv", HEADER + "2026-05,,,1\n", modified=1_000)
    shop.load()
    shop.land("invoices/2026-05/run-a/part-2.csv", HEADER + "2026-05,,,2\n", modified=5_000)
    shop.load()
    assert shop.rows("invoices", "cost::int") == [(1,), (2,)]


def test_a_later_run_replaces_all_parts_of_the_one_before(shop: Shop) -> None:
    shop.land("invoices/2026-05/run-a/part-1.csv", HEADER + "2026-05,,,1\n", modified=1_000)
    shop.land("invoices/2026-05/run-a/part-2.csv", HEADER + "2026-05,,,2\n", modified=1_500)
    shop.load()
    shop.land("invoices/2026-05/run-b/part-1.csv", HEADER + "2026-05,,,4\n", modified=9_000)
    shop.load()
    assert shop.rows("invoices", "cost::int") == [(4,)]


def test_an_older_run_that_comes_late_changes_nothing(shop: Shop) -> None:
    shop.land("invoices/2026-05/run-b/part-1.csv", HEADER + "2026-05,,,4\n", modified=9_000)
    shop.load()
    shop.land("invoices/2026-05/run-a/part-1.csv", HEADER + "2026-05,,,1\n", modified=1_000)
    shop.load()
    assert shop.rows("invoices", "cost::int") == [(4,)]


def test_a_manifest_among_the_parts_is_left_alone(shop: Shop) -> None:
    shop.land("invoices/2026-05/run-a/Report-Manifest.json", '{"reportKeys": ["part-1.csv"]}', modified=9_000)
    shop.land("invoices/2026-05/run-a/part-1.csv", HEADER + "2026-05,,,1\n", modified=1_000)
    outcomes = shop.load()
    assert [(o.path, o.status) for o in outcomes] == [("shop/invoices/2026-05/run-a/part-1.csv", "loaded")]
    assert shop.load() == []


def test_the_first_pattern_that_fits_says_what_a_folder_means(shop: Shop) -> None:
    shop.land("invoices/2026-06-01/all.csv", HEADER + "2026-05,,,1\n", modified=9_000_000_000)
    shop.load()
    with shop.open() as con:
        assert con.execute("select delivered_at from ops.ingest_files").fetchall() == [
            (datetime(2026, 6, 1),)
        ]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["03/09/2026,09/30/2026", "04/09/2026,09/30/2026"], [date(2026, 3, 9), date(2026, 4, 9)]),
        (["03/09/2026,30/09/2026", "04/09/2026,30/09/2026"], [date(2026, 9, 3), date(2026, 9, 4)]),
        (["03/09/2026,04/09/2026", "05/09/2026,"], [date(2026, 3, 9), date(2026, 5, 9)]),
    ],
    ids=["month first", "day first", "no day tells: the first format"],
)
def test_the_order_of_days_and_months_is_that_of_the_whole_file(
    shop: Shop, days: list[str], expected: list[date]
) -> None:
    rows = "".join(f"2026-09,{day},1\n" for day in days)
    shop.land("invoices/2026-10-01/days.csv", HEADER + rows)
    shop.load()
    assert shop.rows("invoices", "used_on") == [(day,) for day in expected]


def test_a_date_that_breaks_the_order_of_its_file_is_quarantined(shop: Shop) -> None:
    rows = "2026-09,25/09/2026,30/09/2026,1\n2026-09,09/25/2026,30/09/2026,2\n"
    shop.land("invoices/2026-10-01/days.csv", HEADER + rows)
    (outcome,) = shop.load()
    assert (outcome.rows_loaded, outcome.rows_quarantined) == (1, 1)


def test_rows_keep_their_places_where_the_whole_file_tells_the_order_of_days(shop: Shop) -> None:
    for month in (8, 9):
        rows = "".join(f"2026-{month:02},,09/30/2026,{cost}\n" for cost in range(1, 101))
        shop.land(f"invoices/2026-10-01/{month}.csv", HEADER + rows)
    shop.load()
    assert shop.rows("invoices", "_row, cost::int") == sorted(2 * [(row, row) for row in range(1, 101)])


def test_headers_in_another_language_are_known_by_the_english_in_parentheses(shop: Shop) -> None:
    shop.land("invoices/2026-10-01/de.csv", "Monat (Month),Kosten (Cost)\n2026-09,1.5\n")
    shop.load()
    assert shop.rows("invoices", "month, cost") == [("2026-09", Decimal("1.5"))]


@pytest.mark.parametrize(
    ("content", "cost"),
    [
        ("Month;Cost\n2026-09;1234,56\n", Decimal("1234.56")),
        ("Month;Cost\n2026-09;1234.56\n", Decimal("1234.56")),
        ("Month;Cost\n2026-09;1.234,56\n", None),
        ('Month,Cost\n2026-09,"1,234"\n', None),
    ],
    ids=["comma", "point", "both are refused", "commas between commas are refused"],
)
def test_a_decimal_comma_is_read_between_semicolons_only(
    shop: Shop, content: str, cost: Decimal | None
) -> None:
    shop.land("invoices/2026-10-01/number.csv", content)
    (outcome,) = shop.load()
    assert shop.rows("invoices", "cost") == ([] if cost is None else [(cost,)])
    assert outcome.rows_quarantined == (cost is None)


def test_digits_beyond_the_scale_are_rounded_where_the_contract_says_so(shop: Shop) -> None:
    shop.land("invoices/2026-10-01/x.csv", HEADER + "2026-09,,,1.2345678901234567e-05\n2026-09,,,0.1\n")
    shop.load()
    assert shop.rows("invoices", "cost") == [(Decimal("0.000012345678901235"),), (Decimal("0.1"),)]


def test_members_of_objects_become_rows(shop: Shop) -> None:
    months = [
        {"a": {"invoice": {"month": "2026-05"}, "cost": 1}},
        {},
        {"b": {"invoice": {"month": "2026-06"}, "cost": 2}},
    ]
    shop.land("invoices/2026-10-01/list.json", json.dumps({"months": months}))
    shop.land(
        "invoices/2026-10-02/object.json",
        json.dumps({"months": {"c": {"invoice": {"month": "2026-07"}, "cost": 3}}}),
    )
    outcomes = shop.load()
    assert shop.rows("invoices", "month, cost::int") == [("2026-05", 1), ("2026-06", 2), ("2026-07", 3)]
    assert sorted(o.rows_read for o in outcomes) == [1, 2]


def test_nested_columns_of_parquet_are_read_by_their_paths(shop: Shop) -> None:
    target = shop.land("nested/export.parquet", b"")
    duckdb.execute(
        f"""
        copy (
            select
                {{'month': '202605', 'kind': 'x'}} as invoice,
                timestamptz '2026-05-31 23:30:00+00' as used_at,
                0.0000123456789012345678::double as cost, [{{'key': 'team', 'value': 'checkout'}}] as labels
            union all
            select {{'month': '202605', 'kind': 'x'}}, null, 1234567.125, []
        ) to '{target}' (format parquet)
        """
    )
    shop.load()
    assert shop.rows("nested", "month, used_at, cost, labels") == [
        (
            "202605",
            datetime(2026, 5, 31, 23, 30),
            Decimal("0.000012345678901235"),
            '[{"key":"team","value":"checkout"}]',
        ),
        ("202605", None, Decimal("1234567.125"), "[]"),
    ]


def test_nested_parquet_without_a_required_member_fails_by_name(shop: Shop) -> None:
    target = shop.land("nested/export.parquet", b"")
    duckdb.execute(f"copy (select {{'a': 1}} as service, 1.0 as cost) to '{target}' (format parquet)")
    (outcome,) = shop.load()
    assert (outcome.status, outcome.reason) == ("failed", "lacks month")
