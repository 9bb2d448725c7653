"""Quarantine, schema drift and replay: nothing is lost, and what was mended comes in."""

# ruff: noqa: E501  an example reads best in one line

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from orchestration.loading import texts
from orchestration.loading.contract import read_contract
from orchestration.loading.replay import ReplayError, replay_file, replay_rejects, replay_table
from tests.loading.conftest import KEY, NOW, PROJECT, Shop
from tests.loading.test_formats import workbook, zipped

ENVIRON = {"METRICS_PSEUDONYM_KEY": KEY}


def mend(shop: Shop, tmp_path: Path, table: str, column: str, **options: object) -> None:
    """Change the options of a column in the shop's contract."""
    source = PROJECT / "models/staging/shop/_shop__sources.yml"
    document = yaml.safe_load(source.read_text())
    (entry,) = (t for t in document["sources"][0]["tables"] if t["name"] == table)
    (found,) = (c for c in entry["columns"] if c["name"] == column)
    found.setdefault("config", {}).setdefault("meta", {}).update(options)
    file = tmp_path / "_shop__sources.yml"
    file.write_text(yaml.safe_dump(document))
    contract = read_contract(file, "Europe/Berlin")
    assert contract
    shop.contracts = {"shop": contract}


def test_csv_lines_that_do_not_split_are_quarantined_and_the_others_load(shop: Shop) -> None:
    shop.land("orders/a.csv", shop.fixture("orders_ragged_and_bad.csv"))
    (outcome,) = shop.load()
    assert (outcome.rows_read, outcome.rows_loaded, outcome.rows_quarantined) == (5, 1, 4)
    assert shop.rows("orders", "order_id, status") == [(1, "good")]
    found = shop.query(
        "select line, column_name, value, reason, raw_text from ops.ingest_rejects order by line"
    )
    assert [(line, column, value) for line, column, value, _, _ in found] == [
        (3, None, None), (4, None, None), (5, "order_id", "x4"), (6, None, None),
    ]  # fmt: skip
    assert found[0][3:] == ("cannot be split into fields: too many columns", "2,too,many,fields")
    assert found[1][3:] == ("cannot be split into fields: missing columns", "3")
    assert json.loads(found[2][4]) == {"order id": "x4", "status": "bad number", "shop": "b"}


def test_lines_are_counted_through_quoted_line_ends(shop: Shop) -> None:
    shop.land("orders/a.csv", 'order id,status\n1,"a\nb\nc"\n\nx2,later\n3,"d\ne"\nx4,latest\n')
    shop.load()
    assert shop.rejects() == [
        (6, "order_id", "x2", "is not a whole number of 64 bits"),
        (9, "order_id", "x4", "is not a whole number of 64 bits"),
    ]


def test_a_quote_without_an_end_costs_its_own_line_alone(shop: Shop) -> None:
    quotes = ['2,"b', "3,c", '4,"d"', '5,12" disk', '6,"f" g', '7,"g\r\nh"', "x8,h", '9,"i', "10,j"]
    shop.land("orders/a.csv", "\r\n".join(["", "order id,status", "1,a", *quotes, ""]))
    (outcome,) = shop.load()
    assert shop.rows("orders", "order_id, status") == [
        (1, "a"), (3, "c"), (4, "d"), (5, '12" disk'), (7, "g\nh"), (10, "j"),
    ]  # fmt: skip
    assert outcome.rows_read == 10
    found = shop.query("select line, value, raw_text, reason from ops.ingest_rejects order by line")
    quote = "cannot be split into fields: a quote that is opened has no end, or text behind its end"
    assert found == [
        (4, None, '2,"b', quote),
        (8, None, '6,"f" g', quote),
        (11, "x8", '{"order id":"x8","status":"h"}', "is not a whole number of 64 bits"),
        (12, None, '9,"i', quote),
    ]


def test_a_file_that_escapes_its_quotes_in_another_way_fails_with_what_it_lacks(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(texts, "MOST_BROKEN_LINES", 10)
    shop.land("orders/a.csv", "order id,status\n" + '1,"a \\"b\\" c"\n' * 11)
    (outcome,) = shop.load()
    assert outcome.status == "failed"
    assert "more than 10 lines with a quote" in (outcome.reason or "")
    assert "must be doubled" in (outcome.reason or "")


def test_lines_of_an_archive_are_those_of_its_files(shop: Shop) -> None:
    members = {
        "a.csv": b'order id,status\n1,a\nx,b\n"3,c\n',
        "b.csv": b'order id,status\nx,a\n"3,d\n5,f\n',
        "c.jsonl": b'{"id": 7}\n{"id": "y"}\n',
    }
    shop.land("orders/b.zip", zipped(members))
    (outcome,) = shop.load()
    assert (outcome.rows_read, outcome.rows_loaded, outcome.rows_quarantined) == (8, 3, 5)
    found = shop.query("select path, line, raw_text from ops.ingest_rejects order by path, line")
    assert found == [
        ("shop/orders/b.zip/a.csv", 3, '{"order id":"x","status":"b"}'),
        ("shop/orders/b.zip/a.csv", 4, '"3,c'),
        ("shop/orders/b.zip/b.csv", 2, '{"order id":"x","status":"a"}'),
        ("shop/orders/b.zip/b.csv", 3, '"3,d'),
        ("shop/orders/b.zip/c.jsonl", 2, '{"id": "y"}'),
    ]
    with shop.open() as con:
        (result,) = replay_rejects(con, shop.home, shop.contracts, environ=ENVIRON)
    assert (result.path, result.recovered, result.still_quarantined) == ("shop/orders/b.zip", 0, 5)


def test_the_line_of_a_sheet_is_its_row_whatever_stands_above_or_in_it(shop: Shop) -> None:
    rows = [[], ["Order ID", "Status"], ["1", "a\nb"], [], ["x2", "b"], ["3", "c"], ["y4", "d"]]
    shop.land("orders/a.xlsx", workbook(rows))
    shop.load()
    assert [(line, value) for line, _, value, _ in shop.rejects()] == [(5, "x2"), (7, "y4")]


def test_a_line_that_is_no_json_is_quarantined_alone(shop: Shop) -> None:
    shop.land("orders/a.jsonl", '{"id": 1}\n{"id": 2\nnull\n"text"\n{"id": 3}\n')
    (outcome,) = shop.load()
    assert (outcome.rows_loaded, outcome.rows_quarantined) == (2, 3)
    assert [(line, reason) for line, *_, reason in shop.rejects()] == [
        (2, "is not JSON"), (3, "is no JSON object"), (4, "is no JSON object"),
    ]  # fmt: skip


def test_a_record_beside_a_page_has_no_line(shop: Shop) -> None:
    shop.land("orders/a.jsonl", '{"id": 1}\n{"orders": [{"id": 2}, {"id": "x"}]}\n')
    shop.load()
    assert shop.rows("orders", "order_id, _row") == [(1, 1), (2, 2)]
    assert shop.rejects() == [(None, "order_id", "x", "is not a whole number of 64 bits")]


def test_a_required_value_that_is_absent_is_told(shop: Shop) -> None:
    shop.land("charges/2026-07-01/a.jsonl", '{"issuer": "aws", "period": null, "cost": 1}\n')
    shop.load()
    assert shop.rejects() == [(1, "period", None, "is required, and is null or absent")]


def test_the_earlier_rows_of_a_partition_stay_if_the_new_ones_are_in_quarantine(shop: Shop) -> None:
    shop.land("charges/2026-07-01/a.csv", "issuer,period,cost\naws,2026-06-01,1\n")
    shop.land("charges/2026-07-02/a.csv", "issuer,period,cost\naws,2026-06-01,many\n")
    shop.load()
    assert shop.rows("charges", "cost") == [(Decimal(1),)]


def test_unknown_members_are_noted_once_with_the_file_that_had_them_first(shop: Shop) -> None:
    shop.land("orders/a.jsonl", '{"id": 1, "x_known": 1}\n{"id": 2, "late_member": 1}\n')
    shop.land("orders/b.csv", "order id,other\n3,x\n")
    shop.load()
    shop.land("orders/c.jsonl", '{"id": 4, "late_member": 1, "other": 2}\n')
    shop.load()
    drift = "select member, path from ops.schema_drift inner join ops.ingest_files using (file_id) order by member"
    assert shop.query(drift) == [("late_member", "shop/orders/a.jsonl"), ("other", "shop/orders/b.csv")]


def test_a_large_file_is_sampled_for_unknown_members_and_checked_record_by_record(shop: Shop) -> None:
    count, padding = 20_000, "x" * 3_500
    lines = [f'{{"id": {i}, "seldom_{i % 2}": 1, "status": "{padding}"}}\n' for i in range(1, count + 1)]
    lines[11_110] = '{"id": "x1", "status": "new"}\n'
    lines[15_000] = "{\n"
    shop.land("orders/eu/berlin/large.jsonl", "".join(lines))
    (outcome,) = shop.load()
    assert (outcome.rows_read, outcome.rows_loaded, outcome.rows_quarantined) == (count, count - 2, 2)
    assert shop.rejects() == [
        (11_111, "order_id", "x1", "is not a whole number of 64 bits"),
        (15_001, None, None, "is not JSON"),
    ]
    assert shop.query("select member from ops.schema_drift order by all") == [("seldom_0",), ("seldom_1",)]


def test_quarantined_records_come_in_after_the_contract_is_mended(shop: Shop, tmp_path: Path) -> None:
    shop.land("orders/a.jsonl", '{"id": 1, "ordered_on": "1/2/2026"}\n{"id": 2}\n{"id": "x"}\n{"id": 1}\n')
    shop.land("orders/b.csv", "order id,ordered on\n3,1/3/2026\n4,never\n")
    shop.load()
    assert shop.rows("orders", "order_id") == [(1,), (2,)]
    mend(shop, tmp_path, "orders", "ordered_on", formats=["%m/%d/%Y"])
    with shop.open() as con:
        results = replay_rejects(con, shop.home, shop.contracts, environ=ENVIRON, clock=lambda: NOW)
    assert [(r.path, r.recovered, r.still_quarantined, r.problem) for r in results] == [
        ("shop/orders/a.jsonl", 1, 1, None),
        ("shop/orders/b.csv", 1, 1, None),
    ]
    # Order 1 is told twice; without an instant of change the greater content stays, as if loaded at once.
    assert shop.rows("orders", "order_id, ordered_on")[1:] == [(2, None), (3, date(2026, 1, 3))]
    whole = "select rows_read, rows_loaded + rows_duplicate + rows_superseded, rows_quarantined from ops.ingest_files"
    assert shop.query(f"{whole} order by path") == [(4, 3, 1), (2, 1, 1)]
    replayed = "select count(*) from ops.ingest_rejects where replayed_at = $1"
    assert shop.query(replayed, [NOW]) == [(2,)]


def test_a_replay_ends_as_if_the_contract_had_always_been_right(shop: Shop, tmp_path: Path) -> None:
    content = "".join(f'{{"id": {n % 7}, "ordered_on": "{n % 5 + 1}/2/2026"}}\n' for n in range(30))
    wrong, right = shop, Shop(type(shop.home)(tmp_path / "right"))
    wrong.land("orders/a.jsonl", content)
    right.land("orders/a.jsonl", content)
    wrong.load()
    mend(wrong, tmp_path, "orders", "ordered_on", formats=["%m/%d/%Y"])
    mend(right, tmp_path, "orders", "ordered_on", formats=["%m/%d/%Y"])
    right.load()
    with wrong.open() as con:
        replay_rejects(con, wrong.home, wrong.contracts, environ=ENVIRON)
    assert wrong.rows("orders") == right.rows("orders")


def test_a_file_is_replayed_by_its_path_or_its_id(shop: Shop, tmp_path: Path) -> None:
    file = shop.land("orders/a.jsonl", '{"id": 1, "ordered_on": "1/2/2026"}\n')
    shop.load()
    ((file_id,),) = shop.query("select file_id from ops.ingest_files")
    mend(shop, tmp_path, "orders", "ordered_on", formats=["%m/%d/%Y"])
    for name in ("shop/orders/a.jsonl", str(file), file_id):
        with shop.open() as con:
            (outcome,) = replay_file(con, shop.home, shop.contracts, name, environ=ENVIRON)
        assert (outcome.rows_loaded, outcome.rows_quarantined) == (1, 0)
    assert shop.rows("orders", "ordered_on") == [(date(2026, 1, 2),)]
    assert shop.rejects() == []


def test_a_failed_file_is_replayed(shop: Shop, tmp_path: Path) -> None:
    shop.land("charges/2026-07-01/a.csv", "issuer,period,price\naws,2026-06-01,1\n")
    (failed,) = shop.load()
    assert failed.status == "failed"
    mend(shop, tmp_path, "charges", "cost", headers=["price"])
    assert shop.load() == []
    with shop.open() as con:
        (outcome,) = replay_file(con, shop.home, shop.contracts, failed.path, environ=ENVIRON)
    assert outcome.rows_loaded == 1


def test_a_table_is_loaded_anew(shop: Shop, tmp_path: Path) -> None:
    shop.land("orders/a.jsonl", '{"id": 1, "status": "3"}\n{"id": 2, "status": "x"}\n')
    shop.land("rates/2026-01-01/r.csv", "currency,rate\nEUR,1\n")
    shop.load()
    with shop.open() as con:
        (outcome,) = replay_table(con, shop.home, shop.contracts, "shop", "orders", environ=ENVIRON)
    assert outcome.rows_loaded == 2
    assert shop.load() == []
    assert len(shop.rows("rates")) == 1


def test_what_cannot_be_replayed_is_told(shop: Shop) -> None:
    file = shop.land("orders/a.jsonl", '{"id": "x"}\n')
    shop.load()
    file.unlink()
    with shop.open() as con:
        with pytest.raises(ReplayError, match="knows no file 'nothing'"):
            replay_file(con, shop.home, shop.contracts, "nothing", environ=ENVIRON)
        with pytest.raises(ReplayError, match="no longer in the landing folder"):
            replay_file(con, shop.home, shop.contracts, "shop/orders/a.jsonl", environ=ENVIRON)
        with pytest.raises(ReplayError, match=r"no contract has a table shop\.nothing"):
            replay_table(con, shop.home, shop.contracts, "shop", "nothing", environ=ENVIRON)
        (result,) = replay_rejects(con, shop.home, shop.contracts, environ=ENVIRON)
    assert result.problem == "is no longer in the landing folder"


def test_a_contract_that_changes_what_a_record_is_mixes_none_up(shop: Shop, tmp_path: Path) -> None:
    shop.land("samples/good/a.json", '{"data": {"result": [{"metric": {}, "values": [["x", 1], [2, 3]]}]}}')
    shop.load()
    mend(shop, tmp_path, "samples", "value", nulls=[])
    document = yaml.safe_load((tmp_path / "_shop__sources.yml").read_text())
    (entry,) = (t for t in document["sources"][0]["tables"] if t["name"] == "samples")
    entry["config"]["meta"]["load"]["explode"] = "metric"
    (tmp_path / "_shop__sources.yml").write_text(yaml.safe_dump(document))
    changed = read_contract(tmp_path / "_shop__sources.yml")
    assert changed
    with shop.open() as con:
        (result,) = replay_rejects(con, shop.home, {"shop": changed}, environ=ENVIRON)
    assert result.problem == "now reads as 1 records instead of 2: replay the file as a whole"
