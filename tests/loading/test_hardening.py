"""Hardening: what lies in the landing folder cannot lead the loader out of it, nor bring it down."""

# ruff: noqa: E501  an example reads best in one line

from __future__ import annotations

import gzip
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import zstandard

from orchestration.loading import batch
from orchestration.loading.archives import Limits
from orchestration.loading.landing import LandedFile, LandingError, open_landed, unclaimed
from tests.loading.conftest import Shop
from tests.loading.test_formats import workbook


def reasons(shop: Shop) -> dict[str, str | None]:
    """Load; per file name why it failed."""
    return {o.path.rsplit("/", 1)[-1]: o.reason for o in shop.load()}


def test_links_pipes_and_devices_are_refused(shop: Shop, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("order id\n7\n")
    folder = shop.land("orders/good.csv", "order id\n1\n").parent
    (folder / "link.csv").symlink_to(secret)
    os.mkfifo(folder / "pipe.csv")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.csv").write_text("order id\n8\n")
    (folder / "folder").symlink_to(tmp_path / "elsewhere")
    assert reasons(shop) == {
        "good.csv": None,
        "link.csv": "is a symbolic link, not a regular file",
        "pipe.csv": "is a pipe, not a regular file",
        "folder": "is a symbolic link, not a regular file",
    }
    assert shop.rows("orders", "order_id") == [(1,)]
    assert shop.load() == []


def test_a_linked_table_or_system_folder_is_not_followed(shop: Shop, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "x.csv").write_text("order id\n8\n")
    (shop.home.landing / "shop").mkdir(parents=True)
    (shop.home.landing / "shop" / "orders").symlink_to(tmp_path / "elsewhere")
    assert reasons(shop)["orders"].startswith(
        "is a symbolic link where the folder of a table is expected: shop takes charges, "
    )
    (shop.home.landing / "shop").rename(tmp_path / "landed")
    (shop.home.landing / "shop").symlink_to(tmp_path / "landed")
    assert reasons(shop)["shop"].startswith("is a symbolic link where the folder of a system is expected: ")
    assert unclaimed(shop.home, shop.contracts) == []
    assert shop.load() == []


def test_a_file_that_was_dropped_a_level_too_high_is_told(shop: Shop) -> None:
    shop.land("orders.csv", "order id\n1\n")
    shop.land("events", "event_id\n1\n")
    found = reasons(shop)
    assert set(found) == {"orders.csv", "events"}
    assert all("is a file where the folder of a table is expected: shop takes" in r for r in found.values())
    assert shop.load() == []


def test_a_link_that_appears_after_discovery_is_not_followed(shop: Shop, tmp_path: Path) -> None:
    target = shop.land("orders/sub/a.csv", "order id\n1\n")
    found = LandedFile(shop.home.landing, ("shop", "orders", "sub", "a.csv"), 11, target.stat().st_mtime_ns)
    os.close(open_landed(found))
    target.parent.rename(tmp_path / "moved")
    target.parent.symlink_to(tmp_path / "moved")
    with pytest.raises(LandingError, match="cannot be opened"):
        open_landed(found)


@pytest.mark.parametrize(
    "parts", [("shop", "..", "x"), ("", "etc", "passwd"), ("shop", "a/../../x"), (".", "x")]
)
def test_a_path_that_leaves_the_folder_is_refused(shop: Shop, parts: tuple[str, ...]) -> None:
    shop.home.landing.mkdir(parents=True)
    with pytest.raises(LandingError, match="leaves the landing folder"):
        open_landed(LandedFile(shop.home.landing, parts, 0, 0))


NAMES = [
    "it's a [file] *.csv", "a?b.csv", "[a-z].csv", "semi;colon -- drop table.csv", 'quo"te.csv', "back\\slash.csv",
    "new\nline.csv", "ünï.csv", "{0:08d}.csv", "$p0.csv", "%s.csv", "hive=1.csv",
]  # fmt: skip


def test_names_mean_nothing(shop: Shop) -> None:
    for number, name in enumerate(NAMES):
        shop.land(f"orders/{name}", f"order id\n{number}\n")
    shop.land(os.fsdecode(b"orders/no\xff utf8.csv"), "order id\n100\n")
    assert set(reasons(shop).values()) == {None}
    assert shop.rows("orders", "order_id") == [(n,) for n in [*range(len(NAMES)), 100]]
    paths = {path for (path,) in shop.query("select path from ops.ingest_files")}
    assert {"shop/orders/no\\xff utf8.csv", "shop/orders/new\\x0aline.csv"} <= paths


def test_a_home_with_an_odd_name_works(new_shop: Callable[..., Shop]) -> None:
    made = new_shop("it's [my] *home")
    made.land("orders/a.csv", "order id\n1\n")
    made.land("orders/b.json", '[{"id": 2}]')
    made.land("orders/c.json", '{\n"id": 3}')
    made.load()
    assert made.rows("orders", "order_id") == [(1,), (2,), (3,)]


def test_a_home_that_duckdb_would_misread_is_refused(new_shop: Callable[..., Shop]) -> None:
    with pytest.raises(ValueError, match="rename the data home"):
        new_shop("what?").load()


def test_values_and_headers_mean_nothing_to_sql(shop: Shop) -> None:
    bad = "'; drop schema raw_shop cascade; --"
    shop.land("orders/a.csv", f'order id,status,"x_{bad}","{bad}"\n1,"{bad}","{bad}",2\n')
    shop.land("orders/b.jsonl", f'{{"id": 2, "status": "{bad}", "x_{bad}": 1, "{bad}": 2}}\n')
    shop.load()
    assert shop.rows("orders", "status") == [(bad,), (bad,)]
    assert shop.query("select member from ops.schema_drift") == [(bad,)]


def test_unfinished_and_hidden_files_wait(shop: Shop) -> None:
    for name in ("a.csv.part", "b.csv.tmp", ".hidden.csv", ".folder/c.csv"):
        shop.land(f"orders/{name}", "order id\n1\n")
    assert shop.load() == []
    (shop.home.landing / "shop/orders/a.csv.part").rename(shop.home.landing / "shop/orders/a.csv")
    assert len(shop.load()) == 1


def test_a_known_file_is_not_read_again(shop: Shop) -> None:
    file = shop.land("orders/a.csv", "order id\n1\n", modified=1_800_000_000)
    shop.load()
    # Same size and time, other content: only a reader would notice.
    shop.land("orders/a.csv", "order id\n2\n", modified=1_800_000_000)
    assert shop.load() == []
    os.utime(file, (1_800_000_001, 1_800_000_001))
    assert len(shop.load()) == 1
    assert shop.rows("orders", "order_id") == [(1,), (2,)]


def test_the_warehouse_can_reach_the_data_home_and_nothing_else(shop: Shop, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("a\n1\n")
    shop.load()
    with shop.open() as con:
        for statement in (
            f"select * from read_csv('{outside}')",
            "select * from read_text('/etc/passwd')",
            f"attach '{tmp_path / 'other.duckdb'}' as other",
            f"copy (select 1) to '{tmp_path / 'out.csv'}'",
            "select * from read_csv('https://example.org/x.csv')",
            "install httpfs",
            "load httpfs",
        ):
            with pytest.raises(duckdb.Error):
                con.execute(statement)
        for statement in ("set enable_external_access = true", "set memory_limit = '1GB'", "reset TimeZone"):
            with pytest.raises(duckdb.InvalidInputException, match="configuration has been locked"):
                con.execute(statement)
        assert con.execute("select current_setting('TimeZone')").fetchone() == ("UTC",)
        inside = shop.home.landing / "in.csv"
        inside.write_text("a\n1\n")
        assert con.execute(f"select a from read_csv('{inside}')").fetchall() == [(1,)]


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


ZEROS = b"\0" * 3_000_000


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", gzip.compress(ZEROS, mtime=0)),
        ("a.csv.zst", zstandard.compress(ZEROS)),
        ("a.zip", zipped({"a.csv": ZEROS})),
        ("b.zip", zipped({"a.csv.gz": gzip.compress(ZEROS, mtime=0)})),
    ],
)
def test_an_archive_that_grows_too_much_fails(shop: Shop, name: str, content: bytes) -> None:
    shop.limits = Limits(ratio=10, ratio_free_bytes=100_000)
    shop.land(f"orders/{name}", content)
    assert reasons(shop) == {name: "unpacks to more than 10 times its size"}


def test_an_archive_beyond_the_size_limit_fails(shop: Shop) -> None:
    shop.limits = Limits(unpacked_bytes=1_000_000)
    shop.land("orders/a.csv.gz", gzip.compress(ZEROS, mtime=0))
    shop.land("orders/a.zip", zipped({"a.csv": ZEROS}))
    assert set(reasons(shop).values()) == {"unpacks to more than 1000000 bytes"}


def test_a_workbook_is_an_archive_too(shop: Shop) -> None:
    shop.limits = Limits(workbook_bytes=1_000_000)
    shop.land("orders/bomb.xlsx", workbook([["Order ID", "Status"], ["1", "a" * 1_000_000]]))
    content = bytearray(workbook([["Order ID", "Status"], ["1", "aaaa"]]))
    content[content.index(b"aaaa")] = ord("b")
    shop.land("orders/damaged.xlsx", bytes(content))
    assert reasons(shop) == {
        "bomb.xlsx": "unpacks to more than 1000000 bytes or 10000 members",
        "damaged.xlsx": "is damaged: part 'xl/worksheets/sheet1.xml' is not what it says",
    }


def test_an_archive_with_too_many_members_fails(shop: Shop) -> None:
    shop.limits = Limits(members=5)
    shop.land("orders/a.zip", zipped({f"{n}.csv": b"order id\n1\n" for n in range(6)}))
    assert reasons(shop) == {"a.zip": "has more than 5 members"}


def test_an_archive_in_an_archive_in_an_archive_fails(shop: Shop) -> None:
    content = b"order id\n1\n"
    for _ in range(5):
        content = gzip.compress(content)
    shop.land("orders/a.gz", content)
    assert reasons(shop) == {"a.gz": "is packed more than 3 times over"}


def test_names_inside_an_archive_lead_nowhere(shop: Shop, tmp_path: Path) -> None:
    shop.land(
        "orders/a.zip", zipped({"../../../escaped.csv": b"order id\n1\n", "/abs.csv": b"order id\n2\n"})
    )
    assert reasons(shop) == {"a.zip": None}
    assert shop.rows("orders", "order_id") == [(1,), (2,)]
    assert not list(tmp_path.rglob("escaped.csv"))


def test_deep_json_is_survived(shop: Shop) -> None:
    depth = 200_000
    deep = "[" * depth + "]" * depth
    shop.land("orders/in_member.jsonl", f'{{"id": 1, "unknown": {deep}}}\n{{"id": 2, "lines": {deep}}}\n')
    shop.land("orders/bare.json", deep)
    shop.land("orders/pretty.json", "{\n" + '"a":{' * depth + "}" * depth + "}")
    shop.load()
    assert (1,) in shop.rows("orders", "order_id")
    assert (2,) not in shop.rows("orders", "order_id")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("deep.yaml", "[" * 200 + "]" * 200, "nested deeper than 100 levels in line 1"),
        ("laugh.yaml", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "has an alias in line 2: "),
        ("tag.yaml", "a: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("twice.yaml", "kind: Service\nkind: Team", "has a key a second time in line 2: 'kind'"),
        ("big.yaml", "a: " + "x" * 2000, "at most 1000 are parsed"),
        ("deep.xml", "<a>" * 101 + "</a>" * 101, "nested deeper than 100 levels"),
        ("big.xml", "<a>" + "x" * 2000 + "</a>", "at most 1000 are parsed"),
        ("dtd.xml", '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "is not XML that is read"),
        (
            "file.xml",
            '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>',
            "is not XML that is read",
        ),
    ],
)
def test_documents_are_read_within_limits(shop: Shop, name: str, content: str, reason: str) -> None:
    shop.limits = Limits(parsed_bytes=1000)
    shop.land(f"documents/{name}", content)
    assert reason in (reasons(shop)[name] or "")


def test_a_file_that_changes_while_it_is_loaded_is_left_for_the_next_run(shop: Shop) -> None:
    file = shop.land("orders/a.csv", "order id\n1\n")
    discovered = LandedFile(shop.home.landing, ("shop", "orders", "a.csv"), 11, file.stat().st_mtime_ns)
    file.write_text("order id\n1\n2\n")
    with pytest.raises(LandingError, match="still being written"):
        open_landed(discovered)
    assert [o.rows_loaded for o in shop.load()] == [2]


@pytest.mark.parametrize("bytes_in_memory", [0, batch._MEMORY_BYTES], ids=["in a file", "in memory"])
def test_where_the_stage_is_held_changes_no_row(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, bytes_in_memory: int
) -> None:
    monkeypatch.setattr(batch, "_MEMORY_BYTES", bytes_in_memory)
    good = [f'{{"id": {i}, "updated_at": "2026-01-01", "status": "s{i}"}}\n' for i in range(3000)]
    shop.land("orders/a.jsonl", "".join(good[:1500]) + '{"id": "none"}\n' + "".join(good[1500:]))
    (outcome,) = shop.load()
    assert (outcome.rows_loaded, outcome.rows_quarantined) == (3000, 1)
    assert [reject[:3] for reject in shop.rejects()] == [(1501, "order_id", "none")]
    assert shop.query(
        "select sum(order_id), min(_row), max(_row) from raw_shop.orders where status = 's' || order_id"
    ) == [(3000 * 2999 // 2, 1, 3001)]
