"""Readers on a real PostgreSQL server while it is published again and again: whole publications only."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.home import DataHome
from orchestration.publishing.postgres import publish_postgres
from tests.postgres_cluster import Cluster
from tests.publishing.postgres_database import (
    ask,
    give_passwords,
    list_schemas,
    publish_first,
    publish_generation,
)

READER = Path(__file__).parent / "postgres_reader.py"


def test_a_reader_keeps_what_it_holds_and_the_next_run_clears_up(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_first(home, postgres_cluster, database)
    dsn = postgres_cluster.dsn(database)
    with postgres_cluster.connect(database) as con, con.transaction():
        assert con.execute("select count(*) from marts.fct_costs").fetchone() == (1000,)
        held = "select count(*) from marts_old_1.fct_costs"
        publish_generation(home, 2)
        second = publish_postgres(home, dsn, "second", patience_seconds=0.5)
        assert not second.waited
        assert second.kept == {"marts_old_1": "a reader holds its tables"}
        assert ask(postgres_cluster, database, "select count(*) from marts.fct_costs") == [(2,)]
        assert con.execute(held.encode()).fetchone() == (1000,)
        publish_generation(home, 3)
        third = publish_postgres(home, dsn, "third", patience_seconds=0.5)
        assert third.kept == {"marts_old_1": "a reader holds its tables"}
        assert third.waited  # nobody holds the tables of the second
    assert publish_postgres(home, dsn, "fourth").kept == {}
    assert list_schemas(postgres_cluster, database) == ["marts", "marts_people"]


def test_a_transaction_that_began_before_the_publication_finds_the_new_tables_full(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_first(home, postgres_cluster, database)
    with postgres_cluster.connect(database) as con:
        con.execute("begin isolation level repeatable read")
        con.execute("select 1")  # its snapshot is taken now
        publish_generation(home, 2)
        publish_postgres(home, postgres_cluster.dsn(database), "second")
        assert con.execute(
            "select count(*), max(members) from marts.fct_costs, marts.dim_team"
        ).fetchone() == (
            6,
            2,
        )


def test_a_view_of_somebodys_own_is_not_dropped_along(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_first(home, postgres_cluster, database)
    with postgres_cluster.connect(database) as con:
        con.execute("create view public.mine as select * from marts.fct_costs")
    publish_generation(home, 2)
    kept = publish_postgres(home, postgres_cluster.dsn(database), "second").kept
    assert list(kept) == ["marts_old_1"]
    assert "view public.mine depends on table marts_old_1.fct_costs" in kept["marts_old_1"]
    assert ask(postgres_cluster, database, "select count(*) from public.mine") == [(1000,)]
    with postgres_cluster.connect(database) as con:
        con.execute("drop view public.mine")
    assert publish_postgres(home, postgres_cluster.dsn(database), "third").kept == {}


def test_readers_see_whole_publications_only(
    home: DataHome, postgres_cluster: Cluster, database: str, request: pytest.FixtureRequest
) -> None:
    """Four analysts ask two tables in one query, over and over, while it is published again and again.

    Two have their query parsed each time, so that the tables are found by name in the middle of a swap, two
    have it prepared, so that it sticks to old tables until these are dropped under it.
    """
    publish_generation(home, 1)
    dsn = postgres_cluster.dsn(database)
    publish_postgres(home, dsn, "run-1")
    give_passwords(postgres_cluster, database, "metrics_reader")
    readers = [
        subprocess.Popen(
            [sys.executable, str(READER), mode],
            env={**os.environ, "READER_DSN": postgres_cluster.dsn(database, "metrics_reader")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for mode in ("parsed", "parsed", "prepared", "prepared")
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "reading\n"
    last = 1 + request.config.getoption("--publications")
    publications = []
    for generation in range(2, last + 1):
        publish_generation(home, generation)
        publications.append(publish_postgres(home, dsn, f"run-{generation}"))
    for reader in readers:
        out, _ = reader.communicate("stop\n", timeout=60)
        assert reader.returncode == 0, out
        generations = [int(line) for line in out.split()]
        assert generations == sorted(generations)
        assert generations[-1] == last
        assert len(generations) >= (last - 1) / 2
    assert all(publication.waited for publication in publications)
    assert publish_postgres(home, dsn, "end").kept == {}
    assert list_schemas(postgres_cluster, database) == ["marts", "marts_people"]
