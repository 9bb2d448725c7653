"""A real PostgreSQL server for the tests: a throw-away cluster on a Unix socket, gone when they end."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

ADMIN = "admin"
PASSWORD = "pass word@/:%'"


def find_binaries() -> Path | None:
    """The folder of the newest server's programs; None where PostgreSQL is not installed."""
    packaged = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]), reverse=True
    )
    found = shutil.which("initdb") or next(map(str, packaged), None)
    return Path(found).parent if found else None


@dataclass(frozen=True)
class Cluster:
    """A running server; ``process`` is its postmaster."""

    folder: Path
    process: subprocess.Popen[bytes]
    as_user: tuple[str, ...]

    def dsn(self, database: str, user: str = ADMIN, password: str = PASSWORD) -> str:
        return make_conninfo(host=str(self.folder), dbname=database, user=user, password=password)

    def connect(self, database: str, user: str = ADMIN, **settings: Any) -> psycopg.Connection[Any]:
        return psycopg.connect(self.dsn(database, user), autocommit=True, **settings)

    def ensure_database(self, name: str) -> None:
        with self.connect("postgres") as con:
            if not con.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
                con.execute(sql.SQL("create database {}").format(sql.Identifier(name)))

    def limit_files(self, size: str) -> None:
        """Lets no file of sessions that begin from now on grow beyond ``size`` bytes, or ``unlimited``."""
        # As the server's own user: even root may need a capability to do this to others.
        limit = ["prlimit", f"--pid={self.process.pid}", f"--fsize={size}:"]
        subprocess.run([*self.as_user, *limit], check=True)


@contextmanager
def run_cluster(binaries: Path) -> Iterator[Cluster]:
    """Starts a server that asks everybody for a password; the superuser is ``admin``."""
    # Not pytest's folder: that is closed to the server's user, and too long for a socket's path.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses to be run by root
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    secret = folder / "password"
    secret.write_text(PASSWORD)
    secret.chmod(0o644)
    data = folder / "data"
    # Small segments of the log: the test of a full disk limits the size of files, and must not hit these.
    options = ["--encoding=UTF8", "--locale=C", "--wal-segsize=1", "--no-sync", "--auth=scram-sha-256"]
    subprocess.run(
        [*as_user, str(binaries / "initdb"), "-D", str(data), "-U", ADMIN, f"--pwfile={secret}", *options],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    settings = ["-c", "listen_addresses=", "-c", "max_wal_size=1GB"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*as_user, str(binaries / "postgres"), "-D", str(data), "-k", str(folder), "-F", *settings],
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    cluster = Cluster(folder, process, tuple(as_user))
    try:
        _wait_until_ready(cluster)
        yield cluster
    finally:
        process.send_signal(signal.SIGQUIT)  # at once: nobody needs its files again
        process.wait(60)
        shutil.rmtree(folder)


def _wait_until_ready(cluster: Cluster) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            cluster.connect("postgres").close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline or cluster.process.poll() is not None:
                raise AssertionError((cluster.folder / "log").read_text()) from None
            time.sleep(0.05)
