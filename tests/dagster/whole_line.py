"""The product's own command over a data home, and everything of a home that two runs must have alike."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import DataHome
from orchestration.loading.identifiers import quote
from orchestration.publishing.parquet import parquet_path
from orchestration.publishing.published import people_snapshot_path, snapshot_path

ROOT = Path(__file__).resolve().parents[2]
KEY = "the same people in every home"
# What tells when, not what: differs between any two runs.
OWN_TIMES: Mapping[str, tuple[str, ...]] = {
    "meta_publication": (
        "run_id",
        "build_id",
        "published_at",
        "checksum",
    ),  # that of freshness, its times too
    "meta_source_freshness": ("last_delivered_at", "last_loaded_at", "landed_through_date", "lag_days"),
}
LEFTOVERS = ("*.part", "*.tmp", "*.new", "*.wal", "landing.new", "tmp/loading/*", "tmp/duckdb/*")
Content = dict[str, Any]


@dataclass
class CommandRun:
    """A run of ``python -m orchestration <arguments>`` in a process group of its own."""

    process: subprocess.Popen[bytes]
    output: Path
    began: float

    def kill(self, *, whole_group: bool) -> bool:
        """SIGKILL, to all its processes or to the first alone; False if it had ended before."""
        if self.process.poll() is not None:
            return False
        (os.killpg if whole_group else os.kill)(self.process.pid, signal.SIGKILL)
        killed = self.process.wait() == -signal.SIGKILL
        deadline = time.monotonic() + 20
        while self.has_processes() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not self.has_processes(), "a child outlives the killed run"
        return killed

    def has_processes(self) -> bool:
        """Whether any process of the group still runs; one not yet waited for is dead all the same."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(FileNotFoundError, ProcessLookupError):
                state, _, group = stat.read_text().rsplit(")", 1)[1].split()[:3]
                if int(group) == self.process.pid and state != "Z":
                    return True
        return False

    def finish(self) -> float:
        """Waits until it has published; its seconds."""
        try:
            code = self.process.wait()
        except BaseException:  # the test is stopped: so is what it started
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        assert code == 0, self.output.read_text()[-4000:]
        return time.monotonic() - self.began

    @property
    def stage(self) -> str:
        """The stage that it was in, by the last line that it wrote."""
        words = [line.split()[0] for line in self.output.read_text().splitlines() if "…" in line]
        return words[-1] if words else "starting"


def start(home: DataHome, arguments: Sequence[str]) -> CommandRun:
    """Starts the command as a user does."""
    output = home.root.with_suffix(".out")
    environ = {**os.environ, "METRICS_PSEUDONYM_KEY": KEY, "METRICS_HOME": str(home.root)}
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "orchestration", *arguments],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return CommandRun(process, output, time.monotonic())


def copy_home(source: DataHome, root: Path) -> DataHome:
    """A copy of ``source`` in the place of whatever is at ``root``; times of files are kept."""
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(source.root, root)
    return DataHome(root)


def read_contents(home: DataHome) -> Content:
    """All that must be alike: published tables and Parquet files, raw tables, ledger, quarantine, states."""
    contents: Content = {}
    for path in (snapshot_path(home), people_snapshot_path(home)):
        with duckdb.connect(path, read_only=True) as con:
            for (name,) in con.execute("select table_name from duckdb_tables() order by all").fetchall():
                contents[f"{path.stem}.{name}"] = _sum_up(con, quote("main", name), name)
                if path == snapshot_path(home):
                    relation = f"read_parquet('{parquet_path(home, name)}')"
                    contents[f"parquet.{name}"] = _sum_up(con, relation, name)
                    assert contents[f"parquet.{name}"] == contents[f"{path.stem}.{name}"], name
    with duckdb.connect(home.warehouse, read_only=True) as con:
        raw = con.execute(
            "select schema_name, table_name from duckdb_tables() where starts_with(schema_name, 'raw_')"
        ).fetchall()
        for schema, name in raw:
            contents[f"{schema}.{name}"] = _sum_up(con, quote(schema, name), name)
        contents["ledger"] = con.execute(
            "select system, table_name, path, sha256, status, rows_read, rows_loaded, rows_duplicate,"
            " rows_superseded, rows_quarantined from ops.ingest_files order by all"
        ).fetchall()
        contents["quarantine"] = con.execute(
            "select path, row_number, line, column_name, reason from ops.ingest_rejects order by all"
        ).fetchall()
        contents["drift"] = con.execute(
            "select system, table_name, member from ops.schema_drift order by all"
        ).fetchall()
        contents["states"] = con.execute(
            "select system, table_name, rows, data_through from ops.table_state order by all"
        ).fetchall()
    return contents


def find_leftovers(home: DataHome) -> list[str]:
    """Files that no finished run leaves, and locks that still name a holder."""
    found = {path for pattern in LEFTOVERS for path in home.root.rglob(pattern)}
    held = {lock for lock in (home.warehouse_lock, home.published / ".lock") if lock.read_bytes()}
    return sorted(path.relative_to(home.root).as_posix() for path in found | held)


def _sum_up(con: duckdb.DuckDBPyConnection, relation: str, name: str) -> tuple[Any, ...]:
    """Rows and the sum of their hashes, in which order does not matter."""
    left_out = ", ".join(OWN_TIMES.get(name, ()))
    columns = f"* exclude ({left_out})" if left_out else "*"
    row = con.execute(
        f"select count(*), sum(cast(hash(r) as hugeint)) from (select {columns} from {relation}) as r"
    ).fetchone()
    assert row is not None
    return row
