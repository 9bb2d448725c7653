"""A database on the tests' own server: what is published into it, and what it then holds."""

from __future__ import annotations

from typing import Any

import duckdb
from psycopg import sql

from orchestration.home import DataHome
from orchestration.publishing.postgres import PostgresPublication, publish_postgres
from orchestration.publishing.snapshot import publish
from tests.postgres_cluster import PASSWORD, Cluster
from tests.publishing.conftest import describe_run

PUBLISHED_RUN = "select distinct run_id from marts.meta_publication"


def empty_database(cluster: Cluster) -> str:
    """A database without any table; one for all tests, as making one costs a thousand files."""
    name = "the metrics"
    cluster.ensure_database(name)
    with cluster.connect(name) as con:
        con.execute("drop event trigger if exists damage")
        con.execute("drop schema public cascade")
        con.execute("create schema public")
        con.execute("grant usage on schema public to public")
        con.execute("drop schema if exists others")
        con.execute(sql.SQL("grant temporary on database {} to public").format(sql.Identifier(name)))
        for schema in list_schemas(cluster, name):
            con.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
    return name


def publish_generation(home: DataHome, generation: int) -> None:
    """Publishes files in which ``fct_costs`` has as many rows as each team has members."""
    with duckdb.connect(home.warehouse) as con:
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


def give_passwords(cluster: Cluster, database: str, *users: str) -> None:
    with cluster.connect(database) as con:
        for user in users:
            con.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(user), PASSWORD))
