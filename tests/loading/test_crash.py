"""Killed at any instant, or failing at any step, a rerun ends as an undisturbed run does."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.loading.conftest import KEY, PROJECT, Shop, check_ledger

REPOSITORY = Path(__file__).parents[2]
TABLES = ("orders", "events", "charges", "roster", "people", "samples")


def land_everything(shop: Shop, scale: int = 1) -> None:
    """Files of several tables with new, older, equal, bad and superseded rows, and unreadable files."""
    chosen = random.Random(11)
    for number in range(6 * scale):
        orders = [
            {
                "id": chosen.randrange(40),
                "updated_at": f"2026-01-{chosen.randrange(1, 20):02d}",
                "status": "x" * 50,
            }
            for _ in range(200)
        ]
        shop.land(
            f"orders/eu/s{number % 2}/{number}.jsonl",
            "\n".join(map(json.dumps, orders)),
            modified=1_700_000_000,
        )
        events = [
            {"event_id": f"e{chosen.randrange(300)}", "happened_at": number % 2 or "bad"} for _ in range(100)
        ]
        shop.land(f"events/{number}.json", json.dumps(events), modified=1_700_000_000)
        rows = "".join(f"aws,2026-0{chosen.randrange(1, 5)}-01,{number}.5\n" for _ in range(100))
        shop.land(f"charges/2026-05-{number % 9 + 1:02d}/{number}.csv", f"issuer,period,cost\n{rows}")
        shop.land(f"roster/2026-05-{number % 9 + 1:02d}/r{number}.csv", f"worker_id,team\nw{number},t\nv,t\n")
    shop.land("people/p.csv", "e-mail,hired on\na@b.c,2026-01-01\nd@e.f,never\n")
    shop.land(
        "samples/good/s.json", '{"data": {"result": [{"metric": {"a": 1}, "values": [[1, 2], [3, 4]]}]}}'
    )
    shop.land("orders/broken.json", '{"orders": [')
    shop.land("orders/ragged.csv", "order id,status\n1,a,b\n900,fine\n")


def state(shop: Shop) -> dict[str, Any]:
    """All that must be equal: raw rows, ledger without times, quarantine, table states without versions."""
    seen: dict[str, Any] = {table: shop.rows(table, "* exclude (_file_id, _row)") for table in TABLES}
    seen["ledger"] = shop.query(
        "select path, status, rows_read, rows_quarantined from ops.ingest_files order by all"
    )
    seen["rejects"] = shop.query("select path, row_number, line, reason from ops.ingest_rejects order by all")
    seen["states"] = shop.query("select table_name, rows, data_through from ops.table_state order by all")
    return seen


@pytest.fixture
def undisturbed(new_shop: Callable[..., Shop]) -> dict[str, Any]:
    """The state after one run that nothing disturbed."""
    shop = new_shop("undisturbed")
    land_everything(shop)
    shop.load()
    return state(shop)


class FailingConnection:
    """A connection whose n-th statement fails, as if the process had ended there."""

    def __init__(self, connection: Any, fails_at: int) -> None:
        self._connection, self._left = connection, fails_at

    def execute(self, *arguments: Any) -> Any:
        """Run the statement, or raise."""
        self._left -= 1
        if self._left == 0:
            raise InterruptedError("the n-th statement")
        return self._connection.execute(*arguments)


def test_a_failure_at_any_step_is_made_good_by_the_next_run(
    new_shop: Callable[..., Shop], undisturbed: dict[str, Any]
) -> None:
    shop = new_shop("failing")
    land_everything(shop)
    step, failures = 1, 0
    while True:
        with shop.open() as con:
            try:
                shop.load_in(FailingConnection(con, step))  # type: ignore[arg-type]
                break
            except InterruptedError:
                failures += 1
        step += 4
    assert failures > 15
    assert state(shop) == undisturbed
    check_ledger(shop)


def test_a_rerun_after_kill_9_ends_as_an_undisturbed_run(
    new_shop: Callable[..., Shop], undisturbed: dict[str, Any]
) -> None:
    shop = new_shop("killed")
    land_everything(shop)
    command = [
        sys.executable, "-m", "orchestration.loading", "load",
        "--home", str(shop.home.root), "--project", str(PROJECT),
    ]  # fmt: skip
    environ = os.environ | {"METRICS_PSEUDONYM_KEY": KEY}
    chosen = random.Random(3)
    killed = 0
    for _ in range(12):
        with subprocess.Popen(
            command, cwd=REPOSITORY, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            deadline = time.monotonic() + 60
            while not shop.home.warehouse.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(chosen.uniform(0.05, 1.5))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
    assert killed
    done = subprocess.run(command, cwd=REPOSITORY, env=environ, check=False, capture_output=True, text=True)
    assert done.returncode in (0, 3), done.stderr
    assert state(shop) == undisturbed
    check_ledger(shop)
    assert subprocess.run(command, cwd=REPOSITORY, env=environ, check=False).returncode == 0
