"""The warehouse: one holder, a message that names it, and a clean start after a killed one."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.warehouse import WarehouseBusyError, open_warehouse, transaction, warehouse_lock
from tests.loading.conftest import Shop

HOLDER = """
import sys, time
from pathlib import Path
from orchestration.home import DataHome
from orchestration.loading.warehouse import warehouse_lock
with warehouse_lock(DataHome(Path(sys.argv[1])), "the nightly run"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(shop: Shop) -> subprocess.Popen[str]:  # type: ignore[misc]
    """Another process that holds the warehouse until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(shop.home.root)],
        stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    yield process  # type: ignore[misc]
    process.kill()
    process.wait()


def test_a_second_process_is_refused_and_told_by_whom(shop: Shop, holder: subprocess.Popen[str]) -> None:
    with (
        pytest.raises(WarehouseBusyError, match=f"held by the nightly run, process {holder.pid} on "),
        warehouse_lock(shop.home, "a test"),
    ):
        pass


def test_a_killed_holder_leaves_the_warehouse_free(shop: Shop, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(WarehouseBusyError), warehouse_lock(shop.home, "a test", wait_seconds=0.2):
        pass
    holder.kill()
    with warehouse_lock(shop.home, "a test", wait_seconds=30):
        assert "a test" in shop.home.warehouse_lock.read_text()
    assert shop.home.warehouse_lock.read_text() == ""


def test_one_who_waits_gets_it(shop: Shop, holder: subprocess.Popen[str]) -> None:
    threading.Timer(0.5, holder.kill).start()
    with warehouse_lock(shop.home, "a test", wait_seconds=60):
        pass


def test_the_lock_can_be_held_twice_in_one_process(shop: Shop) -> None:
    with warehouse_lock(shop.home, "outer"), open_warehouse(shop.home, "inner") as con:
        assert con.execute("select 1").fetchone() == (1,)
    with warehouse_lock(shop.home, "again"):
        shop.load()


def test_what_a_killed_run_left_is_removed(shop: Shop) -> None:
    left = shop.home.temporary / "loading" / "shop.orders.0" / "scratch.duckdb"
    left.parent.mkdir(parents=True)
    left.write_text("half a stage")
    spill = shop.home.temporary / "duckdb" / "x.tmp"
    spill.parent.mkdir(parents=True)
    spill.write_text("spilt")
    shop.load()
    assert not left.exists()
    assert not spill.exists()


def test_a_transaction_is_undone_where_its_block_raises(shop: Shop) -> None:
    with shop.open() as con:
        con.execute("create table t (a integer)")
        with pytest.raises(duckdb.ConversionException), transaction(con):
            con.execute("insert into t values (1); insert into t values ('no number')")
        assert con.execute("select count(*) from t").fetchone() == (0,)
        con.execute("drop table t")
    shop.load()


def test_the_file_is_a_duckdb_database(tmp_path: Path) -> None:
    home = DataHome(tmp_path / "home")
    with open_warehouse(home, "a test"):
        pass
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        assert con.execute("select 1").fetchone() == (1,)
