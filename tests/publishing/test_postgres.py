"""The marts on a real PostgreSQL server: equal to the files, described, indexed, and verified."""

from __future__ import annotations

import itertools
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.publishing.marts import Mart, MartColumn
from orchestration.publishing.postgres import publish_postgres
from orchestration.publishing.postgres_server import PostgresPublicationError
from orchestration.publishing.published import snapshot_path
from orchestration.publishing.snapshot import publish
from tests.postgres_cluster import Cluster
from tests.publishing.conftest import COSTS, TEAMS, describe_run
from tests.publishing.postgres_database import (
    PUBLISHED_RUN,
    ask,
    list_schemas,
    publish_first,
)

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


def publish_values(home: DataHome, rows: list[tuple[Any, ...]]) -> None:
    """Publishes the files with ``fct_values`` among the marts."""
    with duckdb.connect(home.warehouse) as con:
        columns = ", ".join(f"{column.name} {column.data_type}" for column in VALUES.columns)
        con.execute(f"create or replace table marts.fct_values ({columns}, primary key (value_id))")
        con.executemany(f"insert into marts.fct_values values ({', '.join('?' * len(VALUES.columns))})", rows)
        con.execute(f"comment on table marts.fct_values is {quoted(VALUES.description)}")
        for column in VALUES.columns:
            con.execute(f"comment on column marts.fct_values.{column.name} is {quoted(column.description)}")
    publish(home, describe_run(home, run_id=f"values-{next(_numbers)}", marts=(TEAMS, COSTS, VALUES)))


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


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


def test_a_file_that_was_changed_after_its_publication_is_not_loaded(
    home: DataHome, postgres_cluster: Cluster, database: str
) -> None:
    """What the server holds is compared with what was published, not with what the file says now."""
    publish_first(home, postgres_cluster, database)
    publish(home, describe_run(home, run_id="run-2"))
    with duckdb.connect(snapshot_path(home)) as con:
        con.execute("update dim_team set budget = 0.000000002 where team_id = 'ant'")
    with pytest.raises(PostgresPublicationError, match="dim_team is not what was published"):
        publish_postgres(home, postgres_cluster.dsn(database), "run-2")
    assert ask(postgres_cluster, database, PUBLISHED_RUN) == [("run-1",)]


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
    with pytest.raises(PostgresPublicationError, match="dim_team is not what was published"):
        publish_postgres(home, postgres_cluster.dsn(database), "run-2")
    assert ask(postgres_cluster, database, PUBLISHED_RUN) == [("run-1",)]
    assert list_schemas(postgres_cluster, database) == ["marts", "marts_people"]
