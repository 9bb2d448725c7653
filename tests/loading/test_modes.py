"""Modes: the same raw rows whatever the order of files, however often they come, however they are divided."""

# ruff: noqa: E501  an example reads best in one line

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.loading.conftest import Shop, check_ledger

MakeShop = Callable[..., Shop]


def order(number: int, updated: str | None, status: str) -> dict[str, Any]:
    """An order as the API tells it."""
    return {"id": number, "updated_at": updated, "status": status}


def lines(records: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


ORDER_FILES = {
    "a.jsonl": lines([order(1, "2026-01-01", "old"), order(2, "2026-01-01", "same"), order(3, None, "undated")]),
    "b.jsonl": lines([order(1, "2026-01-02", "new"), order(2, "2026-01-01", "same"), order(3, "2026-01-01", "dated")]),
    "c.jsonl": lines([order(1, "2026-01-02", "new, told otherwise"), order(1, "2026-01-01", "older")]),
    "d.csv": "order id,updated_at,status\n2,2026-01-01,same\n4,2026-01-01,alone\n4,2026-01-01,alone\n",
}  # fmt: skip


def test_of_a_row_the_greatest_cursor_wins(shop: Shop) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        shop.land(f"orders/{name}", ORDER_FILES[name])
    shop.load()
    assert shop.rows("orders", "order_id, status") == [(1, "new"), (2, "same"), (3, "dated")]


@pytest.mark.parametrize("files", list(itertools.permutations(ORDER_FILES)), ids=" ".join)
def test_merge_does_not_depend_on_the_order_of_files(new_shop: MakeShop, files: tuple[str, ...]) -> None:
    at_once, one_by_one = new_shop("at once"), new_shop("one by one")
    for name in files:
        at_once.land(f"orders/{name}", ORDER_FILES[name])
        one_by_one.land(f"orders/{name}", ORDER_FILES[name])
        one_by_one.load()
    at_once.load()
    assert at_once.rows("orders") == one_by_one.rows("orders")
    assert [row[1:] for row in at_once.rows("orders", "shop, order_id, status")][1:] == [
        (2, "same"), (3, "dated"), (4, "alone"),
    ]  # fmt: skip
    check_ledger(at_once)
    check_ledger(one_by_one)


def test_what_is_equal_is_a_duplicate_and_what_is_older_is_superseded(shop: Shop) -> None:
    shop.land("orders/a.jsonl", ORDER_FILES["a.jsonl"])
    (first,) = shop.load()
    assert (first.rows_loaded, first.rows_duplicate, first.rows_superseded) == (3, 0, 0)
    shop.land("orders/b.jsonl", ORDER_FILES["b.jsonl"])
    (second,) = shop.load()
    assert (second.rows_loaded, second.rows_duplicate, second.rows_superseded) == (2, 1, 0)
    counters = (
        "select rows_loaded, rows_duplicate, rows_superseded from ops.ingest_files where path like '%a.jsonl'"
    )
    assert shop.query(counters) == [(1, 0, 2)]


def test_a_file_that_comes_again_changes_nothing(shop: Shop) -> None:
    for name, content in ORDER_FILES.items():
        shop.land(f"orders/{name}", content)
    shop.load()
    before = shop.rows("orders", "*"), shop.query("select version from ops.table_state order by table_name")
    for name, content in ORDER_FILES.items():
        shop.land(f"orders/again/{name}", content, modified=2_000_000_000)
        os.utime(shop.home.landing / "shop" / "orders" / name, (2_000_000_001, 2_000_000_001))
    assert shop.load() == []
    assert before == (
        shop.rows("orders", "*"),
        shop.query("select version from ops.table_state order by table_name"),
    )


def test_the_same_file_in_two_folders_that_say_something_is_two_files(shop: Shop) -> None:
    shop.land("orders/eu/rome/a.json", '{"id": 1}')
    shop.land("orders/eu/oslo/a.json", '{"id": 1}')
    shop.load()
    assert shop.rows("orders", "shop, order_id") == [("eu/oslo", 1), ("eu/rome", 1)]


@pytest.mark.parametrize("table", ["orders", "events"])
def test_a_file_divided_into_ten_loads_as_one(new_shop: MakeShop, table: str) -> None:
    chosen = random.Random(7)
    if table == "orders":
        records = [
            order(chosen.randrange(60), f"2026-01-{chosen.randrange(1, 9):02d}", f"s{chosen.randrange(4)}")
            for _ in range(400)
        ]
    else:
        records = [
            {
                "event_id": f"e{chosen.randrange(150)}",
                "happened_at": 1700000000 + chosen.randrange(3),
                "note": "x",
            }
            for _ in range(400)
        ]
    whole, divided, shuffled = new_shop("whole"), new_shop("divided"), new_shop("shuffled")
    whole.land(f"{table}/all.jsonl", lines(records))
    whole.load()
    for number in range(10):
        divided.land(f"{table}/{number}.jsonl", lines(records[number * 40 : (number + 1) * 40]))
    divided.load()
    for number in chosen.sample(range(10), 10):
        shuffled.land(f"{table}/{number}.jsonl", lines(records[number::10]))
        shuffled.load()
    assert whole.rows(table) == divided.rows(table) == shuffled.rows(table)
    for made in (whole, divided, shuffled):
        check_ledger(made)


def test_without_a_cursor_the_later_delivery_wins_even_if_it_is_loaded_first(new_shop: MakeShop) -> None:
    deliveries = {"2026-01-01": "1.1", "2026-02-01": "1.2", "2026-01-15": "1.3"}
    for days in itertools.permutations(deliveries):
        made = new_shop("-".join(days))
        for day in days:
            made.land(f"rates/{day}/r.csv", f"currency,rate\nEUR,{deliveries[day]}\n")
            made.load()
        assert made.rows("rates") == [("EUR", Decimal("1.2"))]
        check_ledger(made)


def charges(period: str, *costs: str, issuer: str = "aws") -> str:
    return "issuer,period,cost\n" + "".join(f"{issuer},{period},{cost}\n" for cost in costs)


CHARGE_FILES = {
    "2026-07-01/a.csv": charges("2026-06-01", "1", "1", "2"),
    "2026-07-02/a.csv": charges("2026-06-01", "1", "3"),
    "2026-07-02/b.csv": charges("2026-06-01", "4"),
    "2026-07-03T0400Z/a.csv": charges("2026-05-01", "9") + "gcp,2026-06-01,8\n",
    "20260701/c.csv": charges("2026-05-01", "5", "6"),
}


def test_equal_rows_of_a_bill_are_all_kept(shop: Shop) -> None:
    shop.land("charges/2026-07-01/a.csv", CHARGE_FILES["2026-07-01/a.csv"])
    shop.load()
    assert [cost for *_, cost in shop.rows("charges")] == [1, 1, 2]


def test_a_delivery_replaces_the_partitions_that_it_has_rows_for(shop: Shop) -> None:
    for name in CHARGE_FILES:
        shop.land(f"charges/{name}", CHARGE_FILES[name])
        shop.load()
    june, may = date(2026, 6, 1), date(2026, 5, 1)
    assert shop.rows("charges") == [
        ("aws", may, 9), ("aws", june, 1), ("aws", june, 3), ("aws", june, 4), ("gcp", june, 8),
    ]  # fmt: skip
    counters = "select path, rows_loaded, rows_superseded from ops.ingest_files order by path"
    assert shop.query(counters) == [
        ("shop/charges/2026-07-01/a.csv", 0, 3),
        ("shop/charges/2026-07-02/a.csv", 2, 0),
        ("shop/charges/2026-07-02/b.csv", 1, 0),
        ("shop/charges/2026-07-03T0400Z/a.csv", 2, 0),
        ("shop/charges/20260701/c.csv", 0, 2),
    ]


@pytest.mark.parametrize("seed", range(8))
def test_replacing_does_not_depend_on_the_order_of_files(new_shop: MakeShop, seed: int) -> None:
    names = random.Random(seed).sample(list(CHARGE_FILES), len(CHARGE_FILES))
    made = new_shop()
    for name in names:
        made.land(f"charges/{name}", CHARGE_FILES[name])
        if random.Random(f"{seed}{name}").random() < 0.6:
            made.load()
    made.load()
    june, may = date(2026, 6, 1), date(2026, 5, 1)
    assert made.rows("charges") == [
        ("aws", may, 9), ("aws", june, 1), ("aws", june, 3), ("aws", june, 4), ("gcp", june, 8),
    ]  # fmt: skip
    check_ledger(made)


def test_a_delivery_whose_rows_are_all_bad_leaves_the_partition_alone(shop: Shop) -> None:
    shop.land("charges/2026-07-01/a.csv", charges("2026-06-01", "1"))
    shop.land("charges/2026-07-02/a.csv", charges("2026-06-01", "one"))
    shop.load()
    assert [cost for *_, cost in shop.rows("charges")] == [1]


def test_a_folder_that_is_no_day_fails_its_file(shop: Shop) -> None:
    shop.land("charges/last week/a.csv", charges("2026-06-01", "1"))
    (outcome,) = shop.load()
    assert outcome.reason == "has no time of delivery: 'last week' is no ISO date or instant"


def test_without_a_day_in_the_path_the_time_of_the_file_counts(new_shop: MakeShop) -> None:
    for older_first in (True, False):
        made = new_shop(str(older_first))
        files = [("old.csv", "1", 1_700_000_000), ("new.csv", "2", 1_800_000_000)]
        for name, cost, modified in files if older_first else reversed(files):
            made.land(f"charges/{name}", charges("2026-06-01", cost), modified=modified)
            made.load()
        assert [cost for *_, cost in made.rows("charges")] == [2]


def test_parts_of_a_delivery_that_lie_loose_are_told_to_replace_each_other(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (1, 2):
        shop.land(f"charges/part-{number}.csv", f"issuer,period,cost\naws,2026-06-01,{number}\n", number)
        shop.land(f"charges/2026-07-0{number}/a.csv", f"issuer,period,cost\ngcp,2026-06-01,{number}\n")
    shop.load()
    assert [record.message for record in caplog.records] == [
        "shop/charges/part-1.csv: 1 rows are replaced by those of a file beside it; parts of one delivery"
        " belong in one folder that is named for its day, such as shop/charges/2026-06-30/"
    ]


def test_a_snapshot_is_the_whole_table(new_shop: MakeShop) -> None:
    deliveries = {
        "2026-01-01/r.csv": "worker_id,team\na,x\nb,x\n",
        "2026-02-01/r1.csv": "worker_id,team\nb,y\n",
        "2026-02-01/r2.csv": "worker_id,team\nc,y\n",
    }
    for names in itertools.permutations(deliveries):
        made = new_shop(" ".join(names).replace("/", "_"))
        for name in names:
            made.land(f"roster/{name}", deliveries[name])
            made.load()
        assert made.rows("roster") == [("b", "y"), ("c", "y")]
        check_ledger(made)


def test_an_empty_snapshot_is_refused_unless_its_contract_allows_it(shop: Shop) -> None:
    shop.land("roster/2026-01-01/r.csv", "worker_id,team\na,x\n")
    shop.load()
    shop.land("roster/2026-02-01/r.csv", "worker_id,team\n")
    (outcome,) = shop.load()
    assert outcome.status == "failed"
    assert "would empty the table" in (outcome.reason or "")
    assert shop.rows("roster") == [("a", "x")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("worker_id,team\n", "has no row"),
        ("worker_id,team\n,a\n,b\n", "has no good row (2 of 2: worker_id is null or absent)"),
        (
            "worker_id,team\n1\n2\n,b\n",
            "has no good row (2 of 3: cannot be split into fields: missing columns)",
        ),
        (
            "Worker ID,team,Worker ID\n,a,\n",
            "has no good row (1 of 1: worker_id is null or absent; 'Worker ID' heads several columns, "
            "of which the first that is not null is read)",
        ),
    ],
)
def test_a_snapshot_that_is_refused_says_what_its_rows_lack(shop: Shop, content: str, reason: str) -> None:
    shop.land("roster/2026-02-01/r.csv", content)
    (outcome,) = shop.load()
    refusal = "as a snapshot it would empty the table (allow_empty is not set)"
    assert outcome.reason == f"{reason}, and {refusal}"


def test_an_empty_page_of_a_snapshot_with_rows_is_no_reason_to_refuse(shop: Shop) -> None:
    shop.land("roster/2026-01-01/p1.csv", "worker_id,team\na,x\n")
    shop.land("roster/2026-01-01/p2.csv", "worker_id,team\n")
    assert [o.status for o in shop.load()] == ["loaded", "loaded"]
    shop.land("roster/2026-01-01/p3.json", "[]")
    assert [o.status for o in shop.load()] == ["loaded"]


def test_an_empty_snapshot_empties_the_table_where_that_is_allowed(new_shop: MakeShop) -> None:
    for empty_first in (False, True):
        made = new_shop(str(empty_first))
        files = [("full.json", '[{"opening_id": 1}]', 1_700_000_000), ("none.json", "[]", 1_800_000_000)]
        for name, content, modified in reversed(files) if empty_first else files:
            made.land(f"openings/{name}", content, modified=modified)
            made.load()
        assert made.rows("openings") == []
        check_ledger(made)


def test_a_column_can_date_the_delivery(new_shop: MakeShop) -> None:
    for order_of_loading in itertools.permutations([1, 2, 3]):
        made = new_shop(str(order_of_loading))
        for day in order_of_loading:
            made.land(
                f"openings/{day}.json",
                f'[{{"opening_id": {day}, "as_of": "2026-01-0{day}"}}]',
                modified=9 - day,
            )
            made.load()
        assert made.rows("openings", "opening_id") == [(3,)]


def test_data_through_is_the_latest_time_that_came(shop: Shop) -> None:
    shop.land("orders/a.jsonl", lines([order(1, "2026-01-05T10:00:00Z", "x"), order(2, "2026-01-03", "y")]))
    (outcome,) = shop.load()
    assert outcome.data_through == datetime(2026, 1, 5, 10)
    state = "select rows, data_through, version from ops.table_state where table_name = 'orders'"
    assert shop.query(state) == [(2, datetime(2026, 1, 5, 10), 1)]
    shop.land("orders/b.jsonl", lines([order(1, "2026-01-04", "older")]))
    shop.load()
    assert shop.query(state) == [(2, datetime(2026, 1, 5, 10), 1)]
