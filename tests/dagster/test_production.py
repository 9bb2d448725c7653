"""What the README says of production is so: Dagster's records on PostgreSQL, backup, and restore."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest

from orchestration.home import DataHome
from orchestration.instance import CONFIGURATION
from orchestration.publishing.published import people_snapshot_path, snapshot_path
from orchestration.reference import README
from orchestration.runs import run
from tests.dagster.conftest import AGENTS, NOW, PROJECT, TICKETS, Line
from tests.postgres_cluster import PASSWORD, Cluster


def read_readme(pattern: str) -> str:
    """The block of the README that matches."""
    blocks = re.findall(r"^```\w+\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (block,) = [block for block in blocks if re.search(pattern, block)]
    return str(block)


def run_daily(home: Path) -> int:
    return run(["daily", "--home", str(home)], clock=lambda: NOW, environ=os.environ, project_dir=PROJECT)


def read_marts(home: DataHome) -> dict[str, list[tuple[object, ...]]]:
    from tests.publishing.conftest import open_file

    found = {}
    for path in (snapshot_path(home), people_snapshot_path(home)):
        with open_file(path) as con:
            for (table,) in con.execute("select table_name from duckdb_tables()").fetchall():
                if table != "meta_publication":
                    found[f"{path.stem}.{table}"] = con.execute(f"from {table} order by all").fetchall()
    return found


def test_runs_are_recorded_on_postgresql_where_the_instance_says_so(
    line: Line, postgres_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dagster_postgres", reason="the extra dagster-postgres is not installed")
    postgres_cluster.ensure_database("dagster")
    address = (
        f"postgresql+psycopg2://admin:{quote(PASSWORD, safe='')}@/dagster?host={postgres_cluster.folder}"
    )
    monkeypatch.setenv("DAGSTER_POSTGRES_URL", address)
    line.home.dagster.mkdir()
    (line.home.dagster / "dagster.yaml").write_text(CONFIGURATION + read_readme("DAGSTER_POSTGRES_URL$"))
    line.drop("tickets", "a.json", TICKETS)
    assert run_daily(line.home.root) == 0
    with postgres_cluster.connect("dagster") as con:
        assert con.execute("select status from runs").fetchall() == [("SUCCESS",)]
    assert list(line.home.dagster.rglob("*.db")) == []


def test_a_backup_is_a_home_that_goes_on_as_the_first_would_have(line: Line, tmp_path: Path) -> None:
    """By the README's own command, which waits while a step writes."""
    line.drop("tickets", "a.json", TICKETS)
    line.drop("agents", "a.json", AGENTS)
    assert run_daily(line.home.root) == 0
    command = read_readme("flock data").strip().replace("data", line.home.root.name)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(line.home.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    backup = subprocess.Popen(["bash", "-c", command], cwd=tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        backup.wait(0.5)
    holder.communicate("done\n")
    assert backup.wait(60) == 0
    (archive,) = tmp_path.glob("*.tar.gz")
    place = tmp_path / "elsewhere"
    place.mkdir()
    subprocess.run(["tar", "-xzf", archive], cwd=place, check=True)
    restored = Line(replace(line.deployment, home=DataHome(place / "home")))
    for each in (line, restored):
        each.drop("tickets", "b.json", [{**TICKETS[0], "ticket_id": 3}])
        assert run_daily(each.home.root) == 0
    assert read_marts(restored.home) == read_marts(line.home)
    assert len(read_marts(restored.home)["marts.fct_tickets"]) == 3


HOLDER = """
import sys
from pathlib import Path
from orchestration.home import DataHome
from orchestration.loading.warehouse import warehouse_lock
with warehouse_lock(DataHome(Path(sys.argv[1])), "a step"):
    print("held", flush=True)
    sys.stdin.readline()
"""
