"""The pipeline's private DuckDB file: one holder at a time, and no way out of the data home."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import DataHome
from orchestration.loading.identifiers import literal

_held: dict[Path, int] = {}
_held_guard = threading.Lock()


class WarehouseBusyError(RuntimeError):
    """Another process holds the warehouse; the message names it."""


@contextmanager
def warehouse_lock(home: DataHome, holder: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the warehouse for this process; ``holder`` is what others read who are refused.

    Nested calls within the process share the lock. The kernel frees it when the process dies, however it
    dies. Raises WarehouseBusyError when another process still holds it after ``wait_seconds``.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    path = home.warehouse_lock.resolve()
    with _held_guard:
        shared = _held.get(path, 0) > 0
        if shared:
            _held[path] += 1
    if shared:
        try:
            yield
        finally:
            with _held_guard:
                _held[path] -= 1
        return
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(descriptor, path, wait_seconds)
        os.ftruncate(descriptor, 0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        text = f"{holder}, process {os.getpid()} on {socket.gethostname()}, since {since}"
        os.pwrite(descriptor, text.encode(), 0)
        with _held_guard:
            _held[path] = 1
        try:
            yield
        finally:
            with _held_guard:
                _held[path] -= 1
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, path: Path, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                owner = os.pread(descriptor, 1000, 0).decode(errors="replace") or "an unnamed process"
                raise WarehouseBusyError(
                    f"the warehouse is held by {owner}; wait until it is done, or stop it ({path})"
                ) from None
            time.sleep(min(0.1, max(deadline - time.monotonic(), 0.01)))


@contextmanager
def open_warehouse(
    home: DataHome, holder: str, *, wait_seconds: float = 0.0, memory_limit: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse under its lock, and closed with the block.

    It can read and write below the data home and nowhere else, installs and loads no extension, and its
    settings cannot be changed any more. What a killed run left in the temporary folder is removed first.
    ``memory_limit`` is DuckDB's (``"4GB"``); the default is half of the machine's memory, at most 4 GB.
    Raises WarehouseBusyError, and ValueError for a home that DuckDB cannot open.
    """
    if "?" in str(home.warehouse):
        raise ValueError(
            f"DuckDB takes what follows the ? in {home.warehouse} for options; rename the data home"
        )
    _spare_search_for_pandas()
    with warehouse_lock(home, holder, wait_seconds):
        workspace, spill = home.temporary / "loading", home.temporary / "duckdb"
        with _held_guard:
            outermost = _held.get(home.warehouse_lock.resolve(), 0) == 1
        if outermost:
            for folder in (workspace, spill):
                shutil.rmtree(folder, ignore_errors=True)
        for folder in (home.landing, workspace, spill):
            folder.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(
            str(home.warehouse),
            config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"},
        )
        try:
            _harden(connection, home, spill, memory_limit or _default_memory_limit())
            yield connection
        finally:
            connection.close()


def _spare_search_for_pandas() -> None:
    """Says once that pandas is not installed, where it is not.

    DuckDB asks for it twice for each parameter of each statement, and Python searches all its folders each
    time: a quarter of what it takes to load a small file.
    """
    if find_spec("pandas") is None:
        modules: dict[str, Any] = sys.modules
        modules["pandas"] = None  # Python's own mark of what cannot be imported


def _default_memory_limit() -> str:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{min(total // 2, 4 * 1000**3) // 1000**2}MB"


def _harden(connection: duckdb.DuckDBPyConnection, home: DataHome, spill: Path, memory_limit: str) -> None:
    # DuckDB compares the directories with paths in which glob characters are still escaped, so a home whose
    # name has such characters is allowed in both spellings.
    roots = {str(root) for base in (home.landing, home.root) for root in (base, base.resolve())}
    roots |= {escape_glob(root) for root in roots}
    settings: dict[str, str | bool | list[str]] = {
        "TimeZone": "UTC",
        "temp_directory": str(spill),
        "memory_limit": memory_limit,
        "preserve_insertion_order": True,
        "allowed_directories": sorted(roots),
        "enable_external_access": False,
        "lock_configuration": True,
    }
    for name, value in settings.items():
        connection.execute(f"set {name} = {_setting(value)}")


def _setting(value: str | bool | list[str]) -> str:
    """A setting's value as SQL: DuckDB takes no parameters in SET."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_setting(item) for item in value) + "]"
    return literal(value)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block does, or nothing of it where the block raises."""
    connection.execute("begin")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        with suppress(duckdb.TransactionException):  # a commit that failed has ended the transaction itself
            connection.execute("rollback")
        raise


def escape_glob(path: str) -> str:
    """``path`` so that DuckDB's readers take it literally."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in path)
