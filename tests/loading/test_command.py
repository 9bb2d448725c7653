"""The command line: what it prints, what it returns, how it says that something is wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.loading.__main__ import main
from orchestration.loading.warehouse import warehouse_lock
from tests.loading.conftest import KEY, PROJECT, Shop

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(shop: Shop, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the shop's home: its return code, output and errors."""

    def run_it(*arguments: str, project: Path = PROJECT) -> tuple[int, str, str]:
        code = main(
            [*arguments, "--project", str(project)],
            {"METRICS_HOME": str(shop.home.root), "METRICS_PSEUDONYM_KEY": KEY},
        )
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_it


def test_load_tells_what_it_did(shop: Shop, run: Run) -> None:
    shop.land("orders/a.jsonl", '{"id": 1}\n{"id": "x"}\n')
    shop.land("events/a.jsonl", '{"event_id": "1"}\n')
    code, out, _ = run("load")
    assert code == 0
    assert [line.split() for line in out.splitlines()[2:]] == [
        ["shop.orders", "1", "0", "2", "1", "0", "0", "1"],
        ["shop.events", "1", "0", "1", "1", "0", "0", "0"],
    ]
    assert run("load")[1] == "nothing new\n"


def test_load_returns_3_where_a_file_failed_and_warns_of_what_nobody_reads(shop: Shop, run: Run) -> None:
    shop.land("orders/a.json", "<html>")
    shop.land("order/a.json", "{}")
    (shop.home.landing / "shoop").mkdir()
    code, out, err = run("load")
    assert code == 3
    assert "failed: shop/orders/a.json is not JSON: it starts with '<html>'" in out
    assert "nothing reads landing/shop/order: no contract has this name" in err
    assert "nothing reads landing/shoop" in err


def test_status_shows_tables_quarantine_and_drift(shop: Shop, run: Run) -> None:
    shop.land("orders/a.jsonl", '{"id": 1, "surprise": 1}\n{"id": "x"}\n')
    shop.land("orders/b.json", "<html>")
    run("load")
    code, out, _ = run("status")
    assert code == 0
    (line,) = (
        line.split()
        for line in out.splitlines()
        if line.startswith("shop.orders ") and "1" in line.split()[1]
    )
    assert line[:6] == ["shop.orders", "1", "1", "1", "1", "1"]
    assert "shop/orders/a.jsonl:2" in out
    assert "surprise" in out
    assert "starts with '<html>'" in out


def test_replay_of_rejects_of_a_file_and_of_a_table(shop: Shop, run: Run) -> None:
    shop.land("orders/a.jsonl", '{"id": 1}\n{"id": "x"}\n')
    run("load")
    assert (
        "shop/orders/a.jsonl          0                  1"
        in run("replay", "--rejects", "--table", "orders")[1]
    )
    assert run("replay", "--rejects", "--table", "events")[1] == "nothing is quarantined\n"
    assert run("replay", "--file", "shop/orders/a.jsonl")[0] == 0
    assert run("replay", "--all", "--system", "shop", "--table", "orders")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("replay", "--file", "nothing"), "error: the ledger knows no file 'nothing'"),
        (("replay", "--all"), "error: replay --all needs --system and --table"),
        (("replay", "--all", "--system", "shop", "--table", "x"), "error: no contract has a table shop.x"),
        (("load", "--system", "nothing"), "error: no contract for system 'nothing'; there are shop"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run: Run, arguments: tuple[str, ...], message: str) -> None:
    run("load")
    code, _, err = run(*arguments)
    assert code == 1
    assert err.startswith(message)
    assert len(err.splitlines()) == 1


def test_a_wrong_contract_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "models/staging/mini"
    folder.mkdir(parents=True)
    (folder / "_mini__sources.yml").write_text("sources: [{name: raw_mini, tables: [{name: t}]}]")
    code, _, err = run("load", project=tmp_path)
    assert code == 1
    assert "_mini__sources.yml, table t: needs a description" in err


def test_a_warehouse_in_use_is_said_in_one_line(shop: Shop, run: Run) -> None:
    with warehouse_lock(shop.home, "this test"):
        assert run("load")[0] == 0  # the same process may
