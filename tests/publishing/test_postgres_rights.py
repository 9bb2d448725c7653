"""Who may do what on a real PostgreSQL server, with real logins; and that no password is ever said."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orchestration.home import DataHome
from orchestration.publishing.postgres import publish_postgres
from orchestration.publishing.postgres_server import PostgresDsnError, PostgresPublicationError
from orchestration.publishing.snapshot import publish
from tests.postgres_cluster import PASSWORD, Cluster, find_binaries, run_cluster
from tests.publishing.conftest import describe_run
from tests.publishing.postgres_database import (
    ask,
    give_passwords,
    list_schemas,
    publish_first,
    publish_generation,
)

# Nor is there a place outside the schemas that are published.
ELSEWHERE = (
    "create temporary table mine (a integer)",
    "create schema mine",
    "create table public.mine (a integer)",
    "create role mine",
    "set role metrics_owner",
    "copy (select 1) to program 'true'",
    "select pg_read_file('postgresql.conf')",
)


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
            for change in (*changes, *ELSEWHERE):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    con.execute(change.format(schema).encode())
            assert con.execute("show statement_timeout").fetchone() == ("5min",)


def test_the_catalogue_tells_a_reader_names_of_the_other_schema_and_nothing_it_holds(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    """PostgreSQL shows every login what tables are called, and their comments; values are what it hides."""
    publish_first(home, postgres_cluster, database)
    give_passwords(postgres_cluster, database, "metrics_reader")
    with postgres_cluster.connect(database) as con:
        con.execute("analyze marts_people.people_spells")

    def see(query: str) -> list[tuple[Any, ...]]:
        return ask(postgres_cluster, database, query, "metrics_reader")

    statistics = (
        "select count(*) from pg_stats where tablename in ('people_spells', 'dim_team') and schemaname = "
    )
    assert ask(postgres_cluster, database, statistics + "'marts_people'") == [(1,)]
    assert see(statistics + "'marts_people'") == [(0,)]
    assert see(statistics + "'marts'") == [(3,)]
    tables = "select distinct table_schema from information_schema.columns where table_schema ~ '^marts'"
    assert see(tables) == [("marts",)]
    shown = "select obj_description(oid) from pg_class where relname = 'people_spells'"
    assert see(shown) == [("One row per person.",)]
    for secret in ("select * from pg_statistic", "select rolpassword from pg_authid"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            see(secret)


def test_what_everybody_may_in_a_database_of_others_is_left_and_said(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    """Whoever else works there may need it; run by an administrator, what is said ends it."""
    with postgres_cluster.connect(database) as con:
        con.execute("create schema others")
        con.execute("grant create on schema public to public")
    publication = publish_first(home, postgres_cluster, database)
    assert publication.advice == (
        'revoke temporary on database "the metrics" from public',
        'revoke create on schema "public" from public',
    )
    again = publish_postgres(home, postgres_cluster.dsn(database), "again")
    assert (again.unchanged, again.advice) == (True, publication.advice)
    with postgres_cluster.connect(database) as con:
        for statement in publication.advice:
            con.execute(statement.encode())
        con.execute("drop schema others")
    assert publish_postgres(home, postgres_cluster.dsn(database), "again").advice == ()


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
