"""The marts on a real PostgreSQL server: equal to the files, described, guarded, and replaced at once."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orchestration.home import DataHome
from orchestration.publishing.files import PublisherBusyError
from orchestration.publishing.marts import Mart, MartColumn
from orchestration.publishing.postgres import PostgresPublication, publish_postgres
from orchestration.publishing.postgres_server import PostgresDsnError, PostgresPublicationError
from orchestration.publishing.published import snapshot_path
from orchestration.publishing.snapshot import publish
from tests.postgres_cluster import PASSWORD, Cluster, find_binaries, run_cluster
from tests.publishing.conftest import COSTS, TEAMS, describe_run

READER = Path(__file__).parent / "postgres_reader.py"
PUBLISHER = Path(__file__).parent / "postgres_publisher.py"
PUBLISHED_RUN = "select distinct run_id from marts.meta_publication"
_numbers = itertools.count()

VALUES = Mart(
    name="fct_values",
    description="One row per 'trap';\nin two lines, with a \\ in it.",
    columns=(
        MartColumn("value_id", "BIGINT", "Number"),
        MartColumn("text", "VARCHAR", 'Text; it\'s "quoted"'),
        MartColumn("money", "DECIMAL(38,18)", "Money"),
        MartColumn("amount", "DECIMAL(38,9)", "Amount"),
        MartColumn("share", "DOUBLE", "Share"),
        MartColumn("yes", "BOOLEAN", "Whether"),
        MartColumn("on_date", "DATE", "Day"),
        MartColumn("seen_at", "TIMESTAMP", "Instant (UTC)"),
    ),
    primary_key=("value_id",),
    systems=frozenset(),
)
_TINY, _ONE = Decimal("0.000000000000000001"), Decimal(1)
_LONG = Decimal("12345678901234567890123456789.123456789")
_LEAST = Decimal("-99999999999999999999.999999999999999999")
_LEAP_DAY, _FIRST_DAY, _LAST_DAY = date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31)
_NEVER_IN_BERLIN = datetime(2026, 3, 29, 2, 30)
ROWS: list[tuple[Any, ...]] = [
    (1, "", _TINY, _LONG, 0.1, True, _LEAP_DAY, _NEVER_IN_BERLIN),
    (2, None, None, None, None, None, None, None),
    (3, "\\N", _LEAST, Decimal(0), -0.0, False, _LAST_DAY, datetime(1, 1, 1)),
    (4, "a \"b\", 'c'\n\\.\nd\r\ne\tf\\", -_TINY, _LONG.copy_negate(), 5e-324, None, _FIRST_DAY, None),
    (5, "\\.", _ONE, _ONE, 1.7976931348623157e308, True, None, datetime(9999, 12, 31, 23, 59, 59, 999999)),
    (6, "Zürich 東京 🚀 e\u0301 \u202e \u200b", _ONE, _ONE, 1 / 3, True, None, datetime(1969, 7, 20, 20, 17)),
    (-7, " null ", _ONE, _ONE, 1e22, True, None, datetime(2026, 1, 1, 0, 0, 0, 1)),
]


@pytest.fixture
def database(postgres_cluster: Cluster) -> str:
    """A database without any table; one for all tests, as making one costs a thousand files."""
    name = "the metrics"
    postgres_cluster.ensure_database(name)
    with postgres_cluster.connect(name) as con:
        con.execute("drop event trigger if exists damage")
        con.execute("drop schema public cascade")
        con.execute("create schema public")
        con.execute("grant usage on schema public to public")
        for schema in list_schemas(postgres_cluster, name):
            con.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
    return name


@contextmanager
def open_warehouse(home: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(home.warehouse) as con:
        yield con


def publish_values(home: DataHome, rows: list[tuple[Any, ...]]) -> None:
    """Publishes the files with ``fct_values`` among the marts."""
    with open_warehouse(home) as con:
        columns = ", ".join(f"{column.name} {column.data_type}" for column in VALUES.columns)
        con.execute(f"create or replace table marts.fct_values ({columns}, primary key (value_id))")
        con.executemany(f"insert into marts.fct_values values ({', '.join('?' * len(VALUES.columns))})", rows)
        con.execute(f"comment on table marts.fct_values is {quoted(VALUES.description)}")
        for column in VALUES.columns:
            con.execute(f"comment on column marts.fct_values.{column.name} is {quoted(column.description)}")
    publish(home, describe_run(home, run_id=f"values-{next(_numbers)}", marts=(TEAMS, COSTS, VALUES)))


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def publish_generation(home: DataHome, generation: int) -> None:
    """Publishes files in which ``fct_costs`` has as many rows as each team has members."""
    with open_warehouse(home) as con:
        con.execute("update marts.dim_team set members = ?", [generation])
        con.execute("delete from marts.fct_costs")
        con.execute("insert into marts.fct_costs select date '2026-01-01', null from range(?)", [generation])
    publish(home, describe_run(home, run_id=f"generation-{generation}"))


def publish_first(home: DataHome, cluster: Cluster, database: str) -> PostgresPublication:
    publish(home, describe_run(home))
    return publish_postgres(home, cluster.dsn(database), "first")


def list_schemas(cluster: Cluster, database: str) -> list[str]:
    with cluster.connect(database) as con:
        rows = con.execute("select nspname from pg_namespace where nspname like 'marts%' order by 1")
        return [name for (name,) in rows.fetchall()]


def ask(cluster: Cluster, database: str, query: str, user: str = "admin") -> list[tuple[Any, ...]]:
    with cluster.connect(database, user) as con:
        return con.execute(query.encode()).fetchall()


def test_every_value_arrives_as_it_is(home: DataHome, postgres_cluster: Cluster, database: str) -> None:
    publish_values(home, ROWS)
    publication = publish_postgres(home, postgres_cluster.dsn(database), "run")
    found = ask(postgres_cluster, database, "select * from marts.fct_values order by value_id")
    assert found == sorted(ROWS)
    assert [str(row[4]) for row in found] == [str(row[4]) for row in sorted(ROWS)]  # -0.0 is equal to 0.0
    assert publication.rows["marts"] == {
        "dim_team": 3,
        "fct_costs": 1000,
        "fct_values": 7,
        "meta_publication": 3,
    }
    assert publication.rows["marts_people"] == {"meta_publication": 1, "people_spells": 2}


def test_types_are_those_of_the_contract(home: DataHome, postgres_cluster: Cluster, database: str) -> None:
    publish_values(home, ROWS)
    publish_postgres(home, postgres_cluster.dsn(database), "run")
    found = ask(
        postgres_cluster,
        database,
        "select attname, format_type(atttypid, atttypmod), attnotnull from pg_attribute "
        "where attrelid = 'marts.fct_values'::regclass and attnum > 0 order by attnum",
    )
    assert found == [
        ("value_id", "bigint", True),
        ("text", "text", False),
        ("money", "numeric(38,18)", False),
        ("amount", "numeric(38,9)", False),
        ("share", "double precision", False),
        ("yes", "boolean", False),
        ("on_date", "date", False),
        ("seen_at", "timestamp without time zone", False),
    ]


def test_keys_indexes_comments_and_statistics_are_there(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_values(home, ROWS)
    publish_postgres(home, postgres_cluster.dsn(database), "run")
    comments = ask(
        postgres_cluster,
        database,
        "select description from pg_description where objoid = 'marts.fct_values'::regclass "
        "order by objsubid",
    )
    assert [text for (text,) in comments] == [
        VALUES.description,
        *(column.description for column in VALUES.columns),
    ]
    undescribed = ask(
        postgres_cluster,
        database,
        "select attrelid::regclass, attname from pg_attribute inner join pg_class on pg_class.oid = attrelid "
        "where relkind = 'r' and relnamespace in ('marts'::regnamespace, 'marts_people'::regnamespace) "
        "and attnum > 0 and col_description(attrelid, attnum) is null",
    )
    assert undescribed == []
    indexes = ask(
        postgres_cluster,
        database,
        "select tablename, indexname from pg_indexes where schemaname = 'marts' and tablename like '%t%' "
        "and tablename <> 'meta_publication' order by 1, 2",
    )
    assert indexes == [
        ("dim_team", "dim_team_pkey"),
        ("fct_costs", "fct_costs_cost_date_idx"),
        ("fct_costs", "fct_costs_seen_at_idx"),
        ("fct_values", "fct_values_pkey"),
    ]
    assert ask(postgres_cluster, database, "select reltuples from pg_class where relname = 'fct_costs'") == [
        (1000.0,)
    ]


@pytest.mark.parametrize("strange", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(
    home: DataHome, postgres_cluster: Cluster, database: str, strange: float
) -> None:
    publish_first(home, postgres_cluster, database)
    publish_values(home, [(1, "x", None, None, strange, None, None, None)])
    with pytest.raises(PostgresPublicationError, match="fct_values holds 1 values that are no numbers"):
        publish_postgres(home, postgres_cluster.dsn(database), "run")
    assert list_schemas(postgres_cluster, database) == ["marts", "marts_people"]


def test_a_text_that_postgresql_cannot_hold_leaves_the_old_standing_and_is_not_quoted(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_first(home, postgres_cluster, database)
    publish_values(home, [(1, "somebody's name\0", None, None, None, None, None, None)])
    with pytest.raises(PostgresPublicationError, match=r"marts_next\.fct_values: invalid byte") as raised:
        publish_postgres(home, postgres_cluster.dsn(database), "run")
    assert "somebody" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert list_schemas(postgres_cluster, database) == ["marts", "marts_people"]
    assert ask(postgres_cluster, database, "select count(*) from marts.dim_team") == [(3,)]


def test_the_same_publication_is_not_loaded_twice(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    first = publish_first(home, postgres_cluster, database)
    identity = "select oid::bigint from pg_class where relname in ('dim_team', 'people_spells') order by oid"
    before = ask(postgres_cluster, database, identity)
    again = publish_postgres(home, postgres_cluster.dsn(database), "second")
    assert (first.unchanged, again.unchanged) == (False, True)
    assert ask(postgres_cluster, database, identity) == before
    publish(home, describe_run(home, run_id="run-2"))
    assert not publish_postgres(home, postgres_cluster.dsn(database), "third").unchanged
    assert ask(postgres_cluster, database, PUBLISHED_RUN) == [("run-2",)]
    assert list_schemas(postgres_cluster, database) == ["marts", "marts_people"]


def test_a_damaged_copy_is_not_swapped_in(home: DataHome, postgres_cluster: Cluster, database: str) -> None:
    """A trigger of the server's own stands for a server that does not keep what it was given."""
    publish_first(home, postgres_cluster, database)
    with postgres_cluster.connect(database) as con:
        con.execute(
            "create function public.damage() returns event_trigger language plpgsql as $$ begin "
            "if exists (select 1 from pg_tables where schemaname = 'marts_next' and tablename = 'dim_team') "
            "and not exists (select 1 from pg_trigger where tgname = 'lose') then "
            "execute 'create trigger lose before insert on marts_next.dim_team for each row "
            "when (new.team_id = ''ant'') execute function public.change()'; end if; end $$"
        )
        con.execute(
            "create function public.change() returns trigger language plpgsql as "
            "$$ begin new.budget := 0.000000001; return new; end $$"
        )
        con.execute(
            "create event trigger damage on ddl_command_end when tag in ('CREATE TABLE') "
            "execute function public.damage()"
        )
    publish(home, describe_run(home, run_id="run-2"))
    with pytest.raises(PostgresPublicationError, match="dim_team is not what the file holds"):
        publish_postgres(home, postgres_cluster.dsn(database), "run-2")
    assert ask(postgres_cluster, database, PUBLISHED_RUN) == [("run-1",)]
    assert list_schemas(postgres_cluster, database) == ["marts", "marts_people"]


def test_each_login_sees_what_its_role_may_and_changes_nothing(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    """Real logins with passwords: nobody but the two readers and the owner has any right."""
    publish_first(home, postgres_cluster, database)
    give_passwords(postgres_cluster, database, "metrics_reader", "metrics_people_reader")
    with postgres_cluster.connect(database) as con:
        con.execute("drop role if exists stranger")
        con.execute(sql.SQL("create role stranger login password {}").format(PASSWORD))
    reads = {
        "select count(*) from marts.dim_team": {"metrics_reader"},
        "select count(*) from marts.meta_publication": {"metrics_reader"},
        "select count(*) from marts_people.people_spells": {"metrics_people_reader"},
        "select count(*) from marts_people.meta_publication": {"metrics_people_reader"},
    }
    users = ("metrics_reader", "metrics_people_reader", "stranger")
    for query, allowed in reads.items():
        for user in users:
            if user in allowed:
                assert ask(postgres_cluster, database, query, user)
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    ask(postgres_cluster, database, query, user)
    changes = (
        "insert into {}.meta_publication default values",
        "delete from {}.meta_publication",
        "truncate {}.meta_publication",
        "drop table {}.meta_publication",
        "create table {}.mine (a integer)",
        "alter schema {} rename to mine",
    )
    for user, schema in (("metrics_reader", "marts"), ("metrics_people_reader", "marts_people")):
        with postgres_cluster.connect(database, user) as con:
            for change in changes:
                with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                    con.execute(change.format(schema).encode())
            # The setting is a courtesy that anybody can switch off; the rights are what holds.
            con.execute("set default_transaction_read_only = off")
            for change in changes:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    con.execute(change.format(schema).encode())
            assert con.execute("show statement_timeout").fetchone() == ("5min",)


def test_the_rights_follow_every_publication(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    publish_first(home, postgres_cluster, database)
    publish_generation(home, 2)
    publish_postgres(home, postgres_cluster.dsn(database), "second")
    give_passwords(postgres_cluster, database, "metrics_reader")
    assert ask(postgres_cluster, database, "select count(*) from marts.fct_costs", "metrics_reader") == [(2,)]
    rights = ask(
        postgres_cluster,
        database,
        "select nspname, pg_get_userbyid(grantee), privilege_type from pg_namespace, aclexplode(nspacl) "
        "where nspname like 'marts%' and grantee <> nspowner order by 1, 2, 3",
    )
    assert rights == [
        ("marts", "metrics_reader", "USAGE"),
        ("marts_people", "metrics_people_reader", "USAGE"),
    ]


def test_a_publisher_without_the_right_says_what_an_administrator_has_to_run(
    home: DataHome, tmp_path: Path
) -> None:
    """On a server of its own, as the roles must be missing; then that is run, and it works."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    publish(home, describe_run(home))
    with run_cluster(binaries) as cluster:
        with cluster.connect("postgres") as con:
            con.execute(sql.SQL('create role "the publisher" login password {}').format(PASSWORD))
        dsn = cluster.dsn("postgres", "the publisher")
        with pytest.raises(PostgresPublicationError, match="may not create the roles") as raised:
            publish_postgres(home, dsn, "first")
        statements = str(raised.value).partition("\n")[2]
        assert 'grant "metrics_owner" to "the publisher"' in statements
        assert list_schemas(cluster, "postgres") == []
        with cluster.connect("postgres") as con:
            con.execute(statements.encode())
        assert publish_postgres(home, dsn, "first").rows["marts"]["fct_costs"] == 1000
        assert list_schemas(cluster, "postgres") == ["marts", "marts_people"]


def test_a_schema_that_is_somebody_elses_is_not_replaced(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    with postgres_cluster.connect(database) as con:
        con.execute("create schema marts")
        con.execute("create table marts.precious as select 1 as a")
    publish(home, describe_run(home))
    with pytest.raises(PostgresPublicationError, match=r"holds marts \(of admin\)"):
        publish_postgres(home, postgres_cluster.dsn(database), "first")
    assert ask(postgres_cluster, database, "select a from marts.precious") == [(1,)]


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://user:se@cret@localhost/db",
        "postgresql://user:1/se@cret@localhost/db",
        "postgresql://user:sec/ret@localhost/db",
        "host=localhost se@cret",
        "postgresql://user:secret@localhost:secret/db",
        "postgresql://user:%zzsecret@localhost/db",
    ],
)
def test_a_connection_string_that_cannot_be_used_is_never_repeated(home: DataHome, dsn: str) -> None:
    publish(home, describe_run(home))
    with pytest.raises(PostgresDsnError, match="METRICS_POSTGRES_DSN is no connection string") as raised:
        publish_postgres(home, dsn, "run")
    told = "".join(traceback.format_exception(raised.value))
    assert all(part not in told.replace(repr(dsn), "").split("It looks like")[0] for part in ("cret", "se@"))


def test_the_password_is_in_no_error(home: DataHome, postgres_cluster: Cluster, database: str) -> None:
    publish(home, describe_run(home))
    for dsn in (
        postgres_cluster.dsn(database, password="hunter2"),
        postgres_cluster.dsn("nowhere"),
        make_conninfo(host="/nonexistent", user="u", password="hunter2", dbname="hunter2 db"),
    ):
        with pytest.raises(PostgresPublicationError, match="while connecting") as raised:
            publish_postgres(home, dsn, "run")
        told = "".join(traceback.format_exception(raised.value))
        assert "hunter2" not in told
        assert PASSWORD not in told


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
    while "marts_people_next" not in list_schemas(cluster, database):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with cluster.connect(database) as con:
        con.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where application_name = 'metrics publication lost'"
        )


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


def give_passwords(cluster: Cluster, database: str, *users: str) -> None:
    with cluster.connect(database) as con:
        for user in users:
            con.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(user), PASSWORD))
