"""A build on Spark that is killed leaves neither its dbt nor its Java behind."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.loading.contract import read_contracts
from orchestration.loading.lake import export_lake
from orchestration.loading.warehouse import open_warehouse
from tests.dbt.project import PROJECT, make_empty_home
from tests.spark.requirements import needs_spark

pytestmark = needs_spark

BUILD = (
    "import os, sys; from pathlib import Path; "
    "from orchestration.home import DataHome; from orchestration.spark import build_on_spark; "
    "build_on_spark(DataHome(Path(sys.argv[1])), '{}', os.environ)"
)


def test_neither_dbt_nor_java_outlives_a_killed_build(tmp_path: Path) -> None:
    home = make_empty_home(tmp_path / "data")
    contracts = read_contracts(PROJECT)
    with open_warehouse(home, holder="test") as con:
        export_lake(con, home, contracts)
    build = subprocess.Popen([sys.executable, "-c", BUILD, str(home.root)], cwd=PROJECT.parent)
    try:
        of_session = home.root / "spark" / "tmp"
        _wait(lambda: any(of_session.glob("blockmgr-*")), seconds=400)
        programs = _find_processes(home.root)
        assert any("java" in command for command in programs.values()), programs
        assert any("dbt_process" in command for command in programs.values()), programs
    finally:
        build.kill()
        build.wait()
    _wait(lambda: not _find_processes(home.root), seconds=30)


def _find_processes(root: Path) -> dict[int, str]:
    """Command lines, by process id, of the living programs that work on ``root``."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"METRICS_HOME={root}".encode() in environment and command:
            found[int(folder.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    return found


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s")
        time.sleep(0.2)
