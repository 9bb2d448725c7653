"""A warehouse with marts as dbt leaves them, and what their contract says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from orchestration.building import BuildState
from orchestration.builds import begin_build, ensure_builds, finish_build
from orchestration.home import DataHome
from orchestration.publishing.marts import Mart, MartColumn
from orchestration.publishing.snapshot import PublicationRun

if TYPE_CHECKING:
    from tests.postgres_cluster import Cluster

TEAMS = Mart(
    name="dim_team",
    description="One row per team; it's described.",
    columns=(
        MartColumn("team_id", "VARCHAR", "Team"),
        MartColumn("members", "BIGINT", "People in it"),
        MartColumn("budget", "DECIMAL(38,9)", "Money"),
    ),
    primary_key=("team_id",),
    systems=frozenset({"catalogue", "workday"}),
)
COSTS = Mart(
    name="fct_costs",
    description="One row per day.",
    columns=(MartColumn("cost_date", "DATE", "Day"), MartColumn("seen_at", "TIMESTAMP", "Instant (UTC)")),
    primary_key=(),
    systems=frozenset(),
)
PEOPLE = Mart(
    name="people_spells",
    description="One row per person.",
    columns=(MartColumn("person_id", "VARCHAR", "Person, pseudonym"),),
    primary_key=("person_id",),
    systems=frozenset({"workday"}),
)

BUILT_AT = datetime(2026, 7, 1, 4)

WAREHOUSE = """
    create schema marts;
    create schema marts_people;
    create table marts.dim_team (
        team_id varchar not null,
        members bigint check (members >= 0),
        budget decimal(38, 9),
        primary key (team_id)
    );
    comment on table marts.dim_team is 'One row per team; it''s described.';
    comment on column marts.dim_team.team_id is 'Team';
    comment on column marts.dim_team.members is 'People in it';
    comment on column marts.dim_team.budget is 'Money';
    insert into marts.dim_team values ('zebra', 3, 1.5), ('ant', 5, null), ('lion', 0, 0.000000001);
    create table marts.fct_costs (cost_date date, seen_at timestamp);
    comment on table marts.fct_costs is 'One row per day.';
    comment on column marts.fct_costs.cost_date is 'Day';
    comment on column marts.fct_costs.seen_at is 'Instant (UTC)';
    insert into marts.fct_costs
    select date '2026-01-01' + cast(i as integer), timestamp '2026-01-01' + interval (i) hour
    from range(1000) as t (i)
    order by hash(i);
    create table marts_people.people_spells (person_id varchar not null, primary key (person_id));
    comment on table marts_people.people_spells is 'One row per person.';
    comment on column marts_people.people_spells.person_id is 'Person, pseudonym';
    insert into marts_people.people_spells values ('p_1'), ('p_0');
    create schema ops;
    create table ops.table_state (
        system varchar, table_name varchar, rows bigint, data_through timestamp, last_loaded_at timestamp,
        version bigint
    );
    insert into ops.table_state values
        ('catalogue', 'teams', 3, '2026-06-30 10:00', null, 1),
        ('catalogue', 'services', 3, '2026-06-20 10:00', null, 1),
        ('workday', 'roster', 2, '2026-06-28 10:00', null, 1);
"""


def open_file(path: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(path, read_only=True)


def record_build(home: DataHome, *, finished: bool = True) -> str:
    with duckdb.connect(home.warehouse) as con:
        ensure_builds(con)
        build_id = begin_build(con, BuildState(date(2026, 6, 30), "code", {}), BUILT_AT)
        if finished:
            finish_build(con, build_id, BUILT_AT)
    return build_id


def read_newest_build(home: DataHome) -> str:
    with duckdb.connect(home.warehouse) as con:
        (build_id,) = con.execute("select max(build_id) from ops.builds").fetchone() or ("",)
    return str(build_id)


def describe_run(home: DataHome, run_id: str = "run-1", **changes: object) -> PublicationRun:
    values: dict[str, object] = {
        "run_id": run_id,
        "build_id": read_newest_build(home),
        "as_of_date": date(2026, 6, 30),
        "code_version": "code",
        "published_at": datetime(2026, 7, 1, 5),
        "marts": (TEAMS, COSTS),
        "people_marts": (PEOPLE,),
    }
    return PublicationRun(**{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[DataHome]:
    """A data home whose warehouse holds a finished build."""
    home = DataHome(tmp_path / "home")
    home.root.mkdir()
    with duckdb.connect(home.warehouse) as con:
        con.execute(WAREHOUSE)
    record_build(home)
    yield home
    # A reader can always open what is published, whatever the test did.
    for path in home.published.glob("*.duckdb"):
        open_file(path).close()


@pytest.fixture
def database(postgres_cluster: Cluster) -> str:
    """A database without any table, on a real PostgreSQL server."""
    # As psycopg, an extra, is in the root's fixture of the server.
    from tests.publishing.postgres_database import empty_database

    return empty_database(postgres_cluster)
