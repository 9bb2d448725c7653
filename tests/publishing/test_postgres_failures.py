"""Publishers that are lost, killed or too many, and a full disk: what stands on the server stands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestration.home import DataHome
from orchestration.publishing.files import PublisherBusyError
from orchestration.publishing.postgres import publish_postgres
from orchestration.publishing.postgres_lock import open_helpers
from orchestration.publishing.postgres_server import PostgresPublicationError
from orchestration.publishing.published import snapshot_path
from orchestration.publishing.snapshot import publish
from tests.postgres_cluster import Cluster
from tests.publishing.conftest import describe_run
from tests.publishing.postgres_database import (
    PUBLISHED_RUN,
    ask,
    give_passwords,
    list_schemas,
    publish_first,
    publish_generation,
)

PUBLISHER = Path(__file__).parent / "postgres_publisher.py"


def test_a_connection_lost_between_loading_and_swap_is_made_good_by_the_next_run(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    """A reader's transaction makes the swap wait; there the publisher's session is terminated."""
    publish_first(home, postgres_cluster, database)
    dsn = postgres_cluster.dsn(database)
    publish_generation(home, 2)
    with postgres_cluster.connect(database) as reader, reader.transaction():
        reader.execute("select count(*) from marts.fct_costs")
        killer = threading.Thread(target=terminate_when_loaded, args=(postgres_cluster, database))
        killer.start()
        with pytest.raises(PostgresPublicationError, match="while swapping the schemas"):
            publish_postgres(home, dsn, "lost")
        killer.join()
        assert list_schemas(postgres_cluster, database) == [
            "marts",
            "marts_next",
            "marts_people",
            "marts_people_next",
        ]
        assert ask(postgres_cluster, database, PUBLISHED_RUN) == [("run-1",)]
    assert publish_postgres(home, dsn, "after").kept == {}
    assert list_schemas(postgres_cluster, database) == ["marts", "marts_people"]
    assert ask(postgres_cluster, database, "select count(*) from marts.fct_costs") == [(2,)]


def terminate_when_loaded(cluster: Cluster, database: str) -> None:
    deadline = time.monotonic() + 60
    swapping = "application_name = 'metrics publication lost' and query like 'lock table%'"
    with cluster.connect(database) as con:
        while not con.execute(
            f"select pg_terminate_backend(pid) from pg_stat_activity where {swapping}".encode()
        ).fetchall():
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_no_publisher_begins_while_a_helper_of_a_lost_one_still_writes(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_first(home, postgres_cluster, database)
    publish_generation(home, 2)
    dsn = postgres_cluster.dsn(database)
    with (
        open_helpers(dsn, "lost", 1),
        pytest.raises(PublisherBusyError, match=r"metrics publication lost, backend \d+"),
    ):
        publish_postgres(home, dsn, "second", lock_wait_seconds=0.1)
    assert not publish_postgres(home, dsn, "second").unchanged


def test_a_server_that_allows_one_session_only_is_published_to_by_one(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_first(home, postgres_cluster, database)
    publish_generation(home, 2)
    with postgres_cluster.connect(database) as con:
        con.execute("create role publisher login connection limit 1")
        con.execute("grant metrics_owner to publisher")
    try:
        give_passwords(postgres_cluster, database, "publisher")
        publish_postgres(home, postgres_cluster.dsn(database, "publisher"), "alone")
        assert ask(postgres_cluster, database, "select count(*) from marts.fct_costs") == [(2,)]
    finally:
        with postgres_cluster.connect(database) as con:
            con.execute("drop role publisher")


def test_a_publisher_killed_at_any_instant_leaves_whole_marts(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_generation(home, 200_000)
    dsn = postgres_cluster.dsn(database)
    publish_postgres(home, dsn, "first")
    publish(home, describe_run(home, run_id="undisturbed"))
    began = time.monotonic()
    publish_postgres(home, dsn, "undisturbed")
    seconds = time.monotonic() - began
    kills = 0
    for instant in range(6):
        publish(home, describe_run(home, run_id=f"again-{instant}"))
        publisher = subprocess.Popen(
            [sys.executable, str(PUBLISHER), str(home.root)],
            env={**os.environ, "METRICS_POSTGRES_DSN": dsn},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert publisher.stdout is not None
        assert publisher.stdout.readline() == "publishing\n"
        time.sleep((instant + 0.5) / 6 * seconds)
        publisher.send_signal(signal.SIGKILL)
        kills += publisher.wait() == -signal.SIGKILL
        query = (
            "select count(*), max(members) from marts.fct_costs left join marts.dim_team on team_id = 'ant'"
        )
        assert ask(postgres_cluster, database, query) == [(200_000, 200_000)]
    assert kills >= 3
    publish_postgres(home, dsn, "after")
    assert list_schemas(postgres_cluster, database) == ["marts", "marts_people"]
    assert ask(postgres_cluster, database, PUBLISHED_RUN) == [("again-5",)]


def test_a_full_disk_leaves_the_old_standing(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    """The kernel refuses to let the server's files grow, as a full disk does."""
    publish_first(home, postgres_cluster, database)
    publish_generation(home, 200_000)
    postgres_cluster.limit_files(str(4 << 20))
    try:
        with pytest.raises(PostgresPublicationError, match=r"marts_next\.fct_costs: could not"):
            publish_postgres(home, postgres_cluster.dsn(database), "second")
    finally:
        postgres_cluster.limit_files("unlimited")
    assert list_schemas(postgres_cluster, database) == ["marts", "marts_people"]
    assert ask(postgres_cluster, database, "select count(*) from marts.fct_costs") == [(1000,)]
    publish_postgres(home, postgres_cluster.dsn(database), "third")
    assert ask(postgres_cluster, database, "select count(*) from marts.fct_costs") == [(200_000,)]


def test_a_second_publisher_is_told_who_is_at_work(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_first(home, postgres_cluster, database)
    publish_generation(home, 2)
    dsn = postgres_cluster.dsn(database)
    with ThreadPoolExecutor() as pool, postgres_cluster.connect(database) as reader:
        with reader.transaction():
            reader.execute("select count(*) from marts.fct_costs")  # keeps the first one waiting
            first = pool.submit(publish_postgres, home, dsn, "one")
            while "marts_next" not in list_schemas(postgres_cluster, database):
                time.sleep(0.05)
            with pytest.raises(PublisherBusyError, match=r"metrics publication one, backend \d+"):
                publish_postgres(home, dsn, "two", lock_wait_seconds=0.1)
        assert not first.result(60).unchanged
    # One who waits long enough finds the work done.
    assert publish_postgres(home, dsn, "two").unchanged


def test_files_of_two_publications_are_not_loaded(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_first(home, postgres_cluster, database)
    old = snapshot_path(home).read_bytes()
    publish_generation(home, 2)
    snapshot_path(home).write_bytes(old)
    with pytest.raises(PostgresPublicationError, match="of two publications"):
        publish_postgres(home, postgres_cluster.dsn(database), "second")
