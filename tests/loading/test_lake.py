"""The lake: raw and ops tables as Parquet, written again only where they changed."""

from __future__ import annotations

import duckdb

from orchestration.loading.lake import export_lake
from tests.loading.conftest import Shop


def export(shop: Shop) -> list[str]:
    with shop.open() as con:
        return export_lake(con, shop.home, shop.contracts)


def test_every_table_is_there_even_if_it_is_empty(shop: Shop) -> None:
    shop.land("orders/a.jsonl", '{"id": 1, "total": {"amount": "1.5"}}')
    shop.load()
    export(shop)
    for table, rows in (
        ("raw_shop/orders", 1),
        ("raw_shop/roster", 0),
        ("ops/ingest_files", 1),
        ("ops/deliveries", 0),
    ):
        folder = shop.home.lake / table
        assert [p.name for p in folder.iterdir()] == ["data.parquet"]
        with duckdb.connect() as con:
            found = con.execute(
                "select count(*) from read_parquet($1)", [str(folder / "data.parquet")]
            ).fetchone()
        assert found == (rows,)


def test_types_survive(shop: Shop) -> None:
    shop.load()
    export(shop)
    path = str(shop.home.lake / "raw_shop/orders/data.parquet")
    with duckdb.connect() as con:
        described = {
            row[0]: row[1]
            for row in con.execute("describe select * from read_parquet($1)", [path]).fetchall()
        }
    assert described["amount"] == "DECIMAL(38,9)"
    assert described["updated_at"] == "TIMESTAMP"
    assert described["_row"] == "BIGINT"


def test_only_what_changed_is_written_again(shop: Shop) -> None:
    shop.land("orders/a.jsonl", '{"id": 1}')
    shop.load()
    assert {"raw_shop.orders", "raw_shop.roster"} <= set(export(shop))
    assert not [name for name in export(shop) if name.startswith("raw_")]
    shop.land("orders/b.jsonl", '{"id": 2}')
    shop.load()
    assert [name for name in export(shop) if name.startswith("raw_")] == ["raw_shop.orders"]
    (shop.home.lake / "raw_shop/roster/data.parquet").unlink()
    assert [name for name in export(shop) if name.startswith("raw_")] == ["raw_shop.roster"]
