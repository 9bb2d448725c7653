"""The Dagster instance of a data home: where runs are recorded, and kept to one at a time."""

from __future__ import annotations

import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg
import sqlalchemy.event
from dagster import DagsterInstance
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage

from orchestration.durable import is_running, replace_text
from orchestration.home import DataHome

HOST_TAG = "metrics/host"
PROCESS_TAG = "metrics/process"
_UNDER_WAY = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]

# Written once and then the operator's own: a changed limit or another storage stays.
CONFIGURATION = """\
telemetry:
  enabled: false
# No dialog that asks for an address.
nux:
  enabled: false

# DuckDB has one writer: a run that touches the warehouse waits until no other does.
concurrency:
  pools:
    granularity: run
    default_limit: 1

# A run whose process died (kill -9, out of memory, reboot) would hold the pool for ever. The daemon cannot
# look into the process, so it fails what has run for longer than any run takes. Raise it if yours take
# longer.
run_monitoring:
  enabled: true
  max_runtime_seconds: 21600

retention:
  sensor:
    purge_after_days: {skipped: 7, success: 90}
"""


@contextmanager
def open_instance(home: DataHome) -> Iterator[DagsterInstance]:
    """The instance under ``<home>/dagster``; writes its ``dagster.yaml`` if there is none.

    ``DAGSTER_HOME=<home>/dagster dagster dev`` shows the same runs.
    """
    path = home.dagster / "dagster.yaml"
    if not path.exists():
        replace_text(path, CONFIGURATION)
    with (
        _lasting_connections(),
        _lasting_engines(),
        DagsterInstance.from_config(str(home.dagster)) as instance,
    ):
        yield instance


@contextmanager
def _lasting_connections() -> Iterator[None]:
    """Spares the disk while runs are recorded.

    Dagster opens and closes its SQLite files for each of some thousand events, and every closing waits for
    the disk. A second connection that stays open, with commits that are written through at checkpoints only,
    makes that a handful of waits. A power cut may cost the last events of the history; nothing else lives in
    these files.
    """
    lasting: dict[str, sqlite3.Connection] = {}

    def keep(connection: object, _record: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return  # of a server, where dagster.yaml names one
        connection.execute("pragma synchronous = normal")
        path = connection.execute("pragma database_list").fetchone()[2]
        if path and path not in lasting:
            lasting[path] = sqlite3.connect(path, check_same_thread=False)
        if path:
            # Joins the write-ahead log, which a new file gets only after its first connection.
            lasting[path].execute("select count(*) from sqlite_master").fetchone()

    sqlalchemy.event.listen(sqlalchemy.Engine, "connect", keep)
    try:
        yield
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "connect", keep)
        for connection in lasting.values():
            connection.close()


@contextmanager
def _lasting_engines() -> Iterator[None]:
    """Spares the processor while runs are recorded.

    Dagster makes an SQLAlchemy engine for each access to its SQLite files, and each compiles every statement
    anew. One engine per file, kept while runs are recorded, compiles a statement once; none keeps a
    connection.
    """
    modules: tuple[Any, ...] = (sqlite_event_log, sqlite_run_storage)
    create = sqlite_event_log.create_engine
    lasting: dict[str, sqlalchemy.Engine] = {}

    def keep(url: str, **options: Any) -> sqlalchemy.Engine:
        if url not in lasting:
            lasting[url] = create(url, **options)
        return lasting[url]

    for module in modules:
        module.create_engine = keep
    try:
        yield
    finally:
        for module in modules:
            module.create_engine = create


def describe_process() -> dict[str, str]:
    """Tags by which a later run finds out whether the process of this one still lives."""
    return {HOST_TAG: socket.gethostname(), PROCESS_TAG: str(os.getpid())}


def fail_dead_runs(instance: DagsterInstance) -> list[str]:
    """Fails the runs of command lines on this machine whose process is gone; returns their ids.

    A killed process cannot record its own end: its run would show as running for ever, and queued runs would
    wait.
    """
    dead = [
        run
        for run in instance.get_runs(
            dg.RunsFilter(tags={HOST_TAG: socket.gethostname()}, statuses=_UNDER_WAY)
        )
        if not _is_alive(int(run.tags[PROCESS_TAG]))
    ]
    for run in dead:
        instance.report_run_failed(
            run, message=f"process {run.tags[PROCESS_TAG]} ended without a word (killed?)"
        )
    return [run.run_id for run in dead]


def _is_alive(process: int) -> bool:
    # A number given again: the run under this one's own number is not the one about to start.
    return process != os.getpid() and is_running(process)
