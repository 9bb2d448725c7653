"""One publisher at a time on a PostgreSQL server, with as many sessions as it likes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg

from orchestration.publishing.files import PublisherBusyError
from orchestration.publishing.postgres_server import (
    PostgresPublicationError,
    become_owner,
    open_server,
    run,
)

# One number for all publishers of a database; spells "metrics" in ASCII. The next is for their helpers.
_PUBLISHER_KEY = 0x6D657472696373
_HELPERS_KEY = _PUBLISHER_KEY + 1


@contextmanager
def hold_publisher_lock(con: psycopg.Connection[Any], wait_seconds: float) -> Iterator[None]:
    """Holds the database against other publishers; the server frees it with the session, however that ends.

    Waits, as the sessions of a killed publisher live on for an instant, its helpers' too. Raises
    PublisherBusyError, which names the holder.
    """
    try:
        with con.transaction():
            run(con, f"set local lock_timeout = {max(1, round(wait_seconds * 1000))}")
            con.execute("select pg_advisory_lock(%s)", [_PUBLISHER_KEY])
            con.execute("select pg_advisory_xact_lock(%s)", [_HELPERS_KEY])
    except psycopg.errors.LockNotAvailable:
        holder = con.execute(
            """
            select coalesce(nullif(application_name, ''), 'an unnamed session') || ', backend ' || pid
            from pg_locks inner join pg_stat_activity using (pid)
            where
                locktype = 'advisory' and granted and pid <> pg_backend_pid()
                and (classid::bigint << 32) + objid::bigint = any(%s)
            """,
            [[_PUBLISHER_KEY, _HELPERS_KEY]],
        ).fetchone()
        raise PublisherBusyError(
            f"another publisher is at work in the database {con.info.dbname} "
            f"({holder[0] if holder else 'just finished'}): wait until it has finished, then run again"
        ) from None
    try:
        yield
    finally:
        if not con.closed and not con.broken:
            con.execute("select pg_advisory_unlock(%s)", [_PUBLISHER_KEY])


@contextmanager
def open_helpers(dsn: str, run_id: str, number: int) -> Iterator[tuple[psycopg.Connection[Any], ...]]:
    """Further sessions of the lock's holder, as the owner; fewer where the server allows no more.

    No other publisher begins while one of them lives, even if the publisher's own session was lost. Their
    commits do not wait for the disk: the publisher's last one waits for all that came before it.
    """
    with ExitStack() as stack:
        helpers: list[psycopg.Connection[Any]] = []
        for _ in range(number):
            try:
                helper = stack.enter_context(open_server(dsn, run_id))
            except PostgresPublicationError:
                break
            helper.execute("select pg_advisory_lock_shared(%s)", [_HELPERS_KEY])
            helper.execute("set synchronous_commit = off")
            become_owner(helper)
            helpers.append(helper)
        yield tuple(helpers)
