"""Values: every form that fits its type, and nothing that does not."""

# ruff: noqa: E501  an example reads best in one line

from __future__ import annotations

import json
import random
from datetime import datetime
from decimal import Decimal, InvalidOperation, localcontext
from typing import Any

import pytest

from tests.loading.conftest import Shop


def load_values(shop: Shop, table: str, key: str, column: str, values: list[Any]) -> dict[int, Any]:
    """Load each value in a record of its own; by position what arrived, absent where it was quarantined."""
    lines = [json.dumps({key: str(i), column: value}) for i, value in enumerate(values)]
    shop.land(f"{table}/values.jsonl", "\n".join(lines))
    shop.load()
    return {int(i): value for i, value in shop.rows(table, f"{key}, {column}")}


INSTANTS = {
    "2022-09-03T05:15:09Z": datetime(2022, 9, 3, 5, 15, 9),
    "2022-09-03T05:15Z": datetime(2022, 9, 3, 5, 15),
    "2019-06-28T05:21:43.743Z": datetime(2019, 6, 28, 5, 21, 43, 743000),
    "2023-02-20T08:58:19.14397Z": datetime(2023, 2, 20, 8, 58, 19, 143970),
    "2023-02-25T06:22:21.2237625Z": datetime(2023, 2, 25, 6, 22, 21, 223762),
    "2023-02-25T06:22:21.123456789Z": datetime(2023, 2, 25, 6, 22, 21, 123456),
    "2019-03-13T14:14:23.000+00:00": datetime(2019, 3, 13, 14, 14, 23),
    "2023-02-07T08:39:18+0000": datetime(2023, 2, 7, 8, 39, 18),
    "2025-04-03 20:20:00.43042 +0000": datetime(2025, 4, 3, 20, 20, 0, 430420),
    "2025-04-03 20:20:00 -05:00": datetime(2025, 4, 4, 1, 20),
    "2015-03-06T15:28:51-05:00": datetime(2015, 3, 6, 20, 28, 51),
    "2020-06-12T08:13:13.360+0800": datetime(2020, 6, 12, 0, 13, 13, 360000),
    "2016-12-14 02:46:44": datetime(2016, 12, 14, 2, 46, 44),
    "2023-05-31T10:05:00": datetime(2023, 5, 31, 10, 5),
    "2023-12-26 14:21:46 UTC": datetime(2023, 12, 26, 14, 21, 46),
    "2023-12-26 14:21:46+00": datetime(2023, 12, 26, 14, 21, 46),
    "2024-02-29": datetime(2024, 2, 29),
    "1641889530": datetime(2022, 1, 11, 8, 25, 30),
    "1641889530.123": datetime(2022, 1, 11, 8, 25, 30, 123000),
    "1702888391916": datetime(2023, 12, 18, 8, 33, 11, 916000),
    1702888391916: datetime(2023, 12, 18, 8, 33, 11, 916000),
    1641889530.5: datetime(2022, 1, 11, 8, 25, 30, 500000),
    "9999-12-31": datetime(9999, 12, 31),
}
NO_INSTANTS = [
    "2023-02-01T30:00:00Z", "2023-02-01T24:00:00Z", "2023-02-30T00:00:00Z", "2023-13-01", "5/1/25", "yesterday",
    "infinity", "epoch", "2023-02-01T10:00:00 Europe/Berlin", "2023-2-1", "2023-02-01 (BC)", "99999999999999999",
    "2023-02-01T10:60:00Z", "2023-02-01T10:00:00Zulu", True,
]  # fmt: skip


def test_instants_come_in_all_forms_that_systems_send(shop: Shop) -> None:
    arrived = load_values(shop, "events", "event_id", "happened_at", list(INSTANTS))
    assert arrived == dict(enumerate(INSTANTS.values()))


def test_what_is_no_instant_is_quarantined_and_not_guessed(shop: Shop) -> None:
    assert load_values(shop, "events", "event_id", "happened_at", NO_INSTANTS) == {}
    assert len(shop.rejects()) == len(NO_INSTANTS)
    assert shop.rejects()[0] == (
        1, "happened_at", "2023-02-01T30:00:00Z", "is not an instant in ISO 8601 or epoch_s or epoch_ms",
    )  # fmt: skip


def test_naive_instants_are_in_the_declared_zone(shop: Shop) -> None:
    given = {
        "2026-01-15 10:00:00": datetime(2026, 1, 15, 9),
        "2026-07-15 10:00:00": datetime(2026, 7, 15, 8),
        "15/Feb/26 4:37 PM": datetime(2026, 2, 15, 15, 37),
        "24.10.2023 7:07:31": datetime(2023, 10, 24, 5, 7, 31),
        "2026-07-15T10:00:00Z": datetime(2026, 7, 15, 10),
    }
    assert load_values(shop, "events", "event_id", "opened_at", list(given)) == dict(
        enumerate(given.values())
    )


def test_whole_numbers_are_accepted_only_if_exact(shop: Shop) -> None:
    good = {
        "7": 7, "007": 7, " 7 ": 7, "7.0": 7, "7.": 7, "+7": 7, "-7": -7, "7e2": 700, "700e-2": 7, "7.00": 7, 8: 8, 9.0: 9,
        "9223372036854775807": 2**63 - 1,
    }  # fmt: skip
    bad = ["7.5", "1_000", "1,000", "0x1f", "9223372036854775808", "seven", "", "7e-1", True]
    lines = [json.dumps({"id": value, "status": str(i)}) for i, value in enumerate([*good, *bad])]
    shop.land("orders/values.jsonl", "\n".join(lines))
    shop.load()
    arrived = {int(status): number for number, status in shop.rows("orders", "order_id, status") if status}
    # Equal numbers are one order, of which one version stays.
    assert set(arrived.values()) == set(good.values())
    assert all(list(good.values())[position] == number for position, number in arrived.items())
    assert len(shop.rejects()) == len(bad)


def test_doubles_are_finite(shop: Shop) -> None:
    values = ["1.5", "1e3", ".5", 2, "NaN", "Infinity", "-inf", "1_0", "x"]
    lines = [json.dumps({"id": i, "weight": value}) for i, value in enumerate(values)]
    shop.land("orders/values.jsonl", "\n".join(lines))
    shop.load()
    assert shop.rows("orders", "weight") == [(0.5,), (1.5,), (2.0,), (1000.0,)]


def test_booleans_are_words_for_true_and_false(shop: Shop) -> None:
    values = ["true", "FALSE", "Yes", "n", "1", 0, True, "maybe", "2"]
    lines = [json.dumps({"id": i, "is_paid": value}) for i, value in enumerate(values)]
    shop.land("orders/values.jsonl", "\n".join(lines))
    shop.load()
    expected = [True, False, True, False, True, False, True]
    assert shop.rows("orders", "order_id, is_paid") == list(enumerate(expected))


def test_dates_are_taken_from_days_and_from_instants(shop: Shop) -> None:
    values = ["2026-01-02", "20260102", "02.01.2026", "2026-01-02T23:30:00Z", "2026-01-02 08:00:00"]
    lines = [json.dumps({"id": i, "ordered_on": value}) for i, value in enumerate([*values, "2026-02-30"])]
    shop.land("orders/values.jsonl", "\n".join(lines))
    shop.load()
    assert shop.rows("orders", "distinct cast(ordered_on as varchar)") == [("2026-01-02",)]
    assert [value for _, _, value, _ in shop.rejects()] == ["2026-02-30"]


def exact(text: str, precision: int, scale: int) -> Decimal | None:
    """The number if a decimal of that precision and scale holds it, by Python's decimals."""
    with localcontext() as context:
        context.prec = 200
        try:
            number = Decimal(text)
            same = number == number.quantize(Decimal(1).scaleb(-scale))
        except InvalidOperation:
            return None
        return number if same and abs(number) < Decimal(10) ** (precision - scale) else None


def test_decimals_are_exact_or_quarantined(shop: Shop) -> None:
    chosen = random.Random(19)

    def digits(lengths: list[int]) -> str:
        return "".join(chosen.choice("0012345") for _ in range(chosen.choice(lengths)))

    texts = [
        "35.2E-7",
        "0.000000000000000001",
        "0.0000000000000000010",
        "0.0000000000000000001",
        "1e30",
        "1_0",
        "1e999",
    ]
    for _ in range(3000):
        text = chosen.choice(["", "-", "+"]) + digits([0, 1, 2, 3, 8, 19, 20, 21])
        text += "." + digits([0, 1, 2, 9, 17, 18, 19, 22]) if chosen.random() < 0.7 else ""
        if chosen.random() < 0.3:
            text += (
                chosen.choice("eE")
                + chosen.choice(["", "-", "+"])
                + str(chosen.choice([0, 1, 2, 7, 18, 20, 30]))
            )
        texts.append(text)
    rows = "\n".join(f"i{i},2026-06-01,{text}" for i, text in enumerate(texts))
    shop.land("charges/2026-07-01/a.csv", f"issuer,period,cost\n{rows}\n")
    shop.load()
    arrived = dict(shop.rows("charges", "issuer, cost"))
    # An underscore is a digit separator to Python, but not to anybody's bill.
    expected = {f"i{i}": exact(text, 38, 18) for i, text in enumerate(texts) if "_" not in text}
    assert arrived == {key: value for key, value in expected.items() if value is not None}


@pytest.mark.parametrize("form", ["lines", "array", "page"])
def test_numbers_in_json_keep_all_their_digits(shop: Shop, form: str) -> None:
    amounts = ["123456789012345678.123456789", "0.100000000", "12345678901234567890", "1.0000000000000000000"]
    text = '"9.99999999999999999999 \\" stays as it is"'
    records = [f'{{"id": {i}, "total": {{"amount": {a}}}, "status": {text}}}' for i, a in enumerate(amounts)]
    content = {
        "lines": "\n".join(records),
        "array": "[\n" + ",\n".join(records) + "]",
        "page": '{"orders":\n[' + ",".join(records) + "]}",
    }[form]
    shop.land("orders/a.json", content)
    shop.load()
    assert shop.rows("orders", "order_id, amount") == [(i, Decimal(a)) for i, a in enumerate(amounts)]
    assert shop.rows("orders", "distinct status") == [('9.99999999999999999999 " stays as it is',)]


def test_a_number_of_json_with_too_many_digits_is_quarantined_as_it_was_written(shop: Shop) -> None:
    shop.land("orders/a.jsonl", '{"id": 1, "total": {"amount": 0.1000000000000000055}}')
    shop.load()
    ((line, column, value, reason),) = shop.rejects()
    assert (line, column, value) == (1, "amount", "0.1000000000000000055")
    assert "holds exactly" in reason


def test_a_type_that_flips_is_told_with_file_line_column_and_value(shop: Shop) -> None:
    shop.land("orders/a.jsonl", '{"id": 1, "weight": 1}\n\n{"id": 2, "weight": {"kg": 1}}\n{"id": "x3"}\n')
    (outcome,) = shop.load()
    assert (outcome.rows_loaded, outcome.rows_quarantined) == (1, 2)
    assert shop.query(
        "select path, line, column_name, value, raw_text from ops.ingest_rejects order by line"
    ) == [
        ("shop/orders/a.jsonl", 3, "weight", '{"kg":1}', '{"id": 2, "weight": {"kg": 1}}'),
        ("shop/orders/a.jsonl", 4, "order_id", "x3", '{"id": "x3"}'),
    ]


def test_a_value_that_the_contract_does_not_know_is_kept(shop: Shop) -> None:
    shop.land("orders/a.jsonl", '{"id": 1, "status": "brand_new_status"}')
    shop.load()
    assert shop.rows("orders", "status") == [("brand_new_status",)]


def test_empty_text_is_null_in_csv_and_text_in_json(shop: Shop) -> None:
    shop.land("orders/a.csv", 'order id,status,weight\n1,"",\n2,NULL,(null)\n')
    shop.land("orders/b.jsonl", '{"id": 3, "status": "", "weight": ""}')
    shop.load()
    assert shop.rows("orders", "order_id, status, weight") == [
        (1, None, None),
        (2, None, None),
        (3, "", None),
    ]


def test_json_text_nested_too_deep_is_quarantined(shop: Shop) -> None:
    deep = "[" * 101 + "]" * 101
    fine = "[" * 100 + '"' + "[" * 500 + '"' + "]" * 100
    shop.land("orders/a.jsonl", f'{{"id": 1, "lines": {deep}}}\n{{"id": 2, "lines": {fine}}}')
    shop.load()
    assert shop.rows("orders", "order_id") == [(2,)]
    assert [reason for *_, reason in shop.rejects()] == ["is not a text nested at most 100 levels deep"]
