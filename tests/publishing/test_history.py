"""What was published as a KPI's value is remembered once the files stand, once, and never for less."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.tables import ensure_tables
from orchestration.loading.warehouse import open_warehouse
from orchestration.publishing.history import (
    HISTORY,
    Remembered,
    remember_last_publication,
    remember_publication,
)
from orchestration.publishing.marts import Mart
from orchestration.publishing.snapshot import PublicationRefusedError, PublicationRun, publish
from tests.publishing.conftest import COSTS, TEAMS, describe_run, record_build

HISTORY_MART = Mart(name=HISTORY, description="", columns=(), primary_key=(), systems=frozenset())
# The columns in another order than the ledger's: they are matched by name.
SHOWN = f"""
    create or replace table marts.{HISTORY} as
    select
        version, version as publication, 'rework_rate' as kpi_id, 'month' as period_grain,
        date '2026-05-01' as period_start, 'team' as segment_type, 'web' as segment_id,
        value, cast(1 as decimal(38, 9)) as numerator,
        cast(10 as decimal(38, 9)) as denominator, 'met' as status, '1' as definition_version,
        date '2026-06-30' as as_of_date, 'first' as restated_by
    from (values {{}}) as shown (version, value)
"""


@pytest.fixture
def run(home: DataHome) -> PublicationRun:
    with duckdb.connect(home.warehouse) as con:
        ensure_tables(con, {})
    show(home, "(1, 0.1)")
    return describe_run(home, marts=(TEAMS, COSTS, HISTORY_MART))


def show(home: DataHome, versions: str) -> None:
    with duckdb.connect(home.warehouse) as con:
        con.execute(SHOWN.format(versions))


def read_ledger(home: DataHome) -> list[tuple[object, ...]]:
    with duckdb.connect(home.warehouse) as con:
        return con.execute(
            "select version, value, run_id from ops.published_values order by version"
        ).fetchall()


def test_a_version_is_remembered_with_the_run_that_showed_it_first(
    home: DataHome, run: PublicationRun
) -> None:
    assert remember_publication(home, run).values == 1
    show(home, "(1, 0.1), (2, 0.3)")
    record_build(home)
    later = describe_run(home, "run-2", marts=run.marts)
    assert remember_publication(home, later).values == 1
    assert [(int(v), float(x), r) for v, x, r in read_ledger(home)] == [(1, 0.1, "run-1"), (2, 0.3, "run-2")]


def test_remembering_again_adds_nothing(home: DataHome, run: PublicationRun) -> None:
    remember_publication(home, run)
    assert remember_publication(home, describe_run(home, "run-2", marts=run.marts)) == Remembered()
    assert [r for _, _, r in read_ledger(home)] == ["run-1"]


def test_what_another_build_has_begun_to_change_is_not_remembered(
    home: DataHome, run: PublicationRun
) -> None:
    record_build(home, finished=False)
    with pytest.raises(PublicationRefusedError):
        remember_publication(home, run)
    assert read_ledger(home) == []


def test_a_project_without_the_history_has_nothing_to_remember(home: DataHome) -> None:
    assert remember_publication(home, describe_run(home)) == Remembered()


def test_a_publication_whose_run_was_killed_is_remembered_before_the_next_build(
    home: DataHome, run: PublicationRun
) -> None:
    """Readers saw its figures; the next build would number its own the same."""
    with open_warehouse(home, "test") as con:
        assert remember_last_publication(con, home) == Remembered(), "nothing is published yet"
    publish(home, describe_run(home))
    with open_warehouse(home, "test") as con:
        assert remember_last_publication(con, home).values == 1
        assert remember_last_publication(con, home) == Remembered()
    assert [r for _, _, r in read_ledger(home)] == ["run-1"]
    record_build(home)
    with open_warehouse(home, "test") as con:
        assert remember_last_publication(con, home) == Remembered(), (
            "the newest build is not what is published"
        )


def test_figures_and_records_are_remembered_together_or_not_at_all(
    home: DataHome, run: PublicationRun
) -> None:
    """The record on two services is closed as one and told again as one; a second record is new."""
    with duckdb.connect(home.warehouse) as con:
        con.execute(
            """
            insert into ops.published_records (publication, kpi_id, record_id, service_id)
            select 1, 'rework_rate', id, place
            from (values ('d1', 'shop'), ('d1', 'till'), ('d2', 'shop')) as told (id, place);
            create schema intermediate;
            create table intermediate.int_kpi_record_movements as
            select 'before' as told, 2::bigint as publication, * exclude (publication, replaced_by)
            from ops.published_records where record_id = 'd1'
            union all by name
            select 'after' as told, 2::bigint as publication, 'rework_rate' as kpi_id, record_id,
                'desk' as service_id
            from (values ('d1'), ('d3')) as came (record_id)
            """
        )
        con.execute("alter table ops.published_records rename to published_records_gone")
    with pytest.raises(duckdb.CatalogException):
        remember_publication(home, run)
    assert read_ledger(home) == []
    with duckdb.connect(home.warehouse) as con:
        con.execute("alter table ops.published_records_gone rename to published_records")
    assert remember_publication(home, run) == Remembered(values=1, records=2)
    with duckdb.connect(home.warehouse) as con:
        kept = con.execute(
            "select record_id, service_id, publication, replaced_by from ops.published_records order by all"
        ).fetchall()
    assert kept == [
        ("d1", "desk", 2, None),
        ("d1", "shop", 1, 2),
        ("d1", "till", 1, 2),
        ("d2", "shop", 1, None),
        ("d3", "desk", 2, None),
    ]
