"""What was published as a KPI's value is remembered once the files stand, once, and never for less."""

from __future__ import annotations

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.tables import ensure_tables
from orchestration.publishing.history import HISTORY, remember_values
from orchestration.publishing.marts import Mart
from orchestration.publishing.snapshot import PublicationRefusedError, PublicationRun
from tests.publishing.conftest import COSTS, TEAMS, describe_run, record_build

HISTORY_MART = Mart(name=HISTORY, description="", columns=(), primary_key=(), systems=frozenset())
# The columns in another order than the ledger's: they are matched by name.
SHOWN = f"""
    create or replace table marts.{HISTORY} as
    select
        version, 'rework_rate' as kpi_id, 'month' as period_grain, date '2026-05-01' as period_start,
        'team' as segment_type, 'web' as segment_id, value, cast(1 as decimal(38, 9)) as numerator,
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
    assert remember_values(home, run) == 1
    show(home, "(1, 0.1), (2, 0.3)")
    record_build(home)
    later = describe_run(home, "run-2", marts=run.marts)
    assert remember_values(home, later) == 1
    assert [(int(v), float(x), r) for v, x, r in read_ledger(home)] == [(1, 0.1, "run-1"), (2, 0.3, "run-2")]


def test_remembering_again_adds_nothing(home: DataHome, run: PublicationRun) -> None:
    remember_values(home, run)
    assert remember_values(home, describe_run(home, "run-2", marts=run.marts)) == 0
    assert [r for _, _, r in read_ledger(home)] == ["run-1"]


def test_what_another_build_has_begun_to_change_is_not_remembered(
    home: DataHome, run: PublicationRun
) -> None:
    record_build(home, finished=False)
    with pytest.raises(PublicationRefusedError):
        remember_values(home, run)
    assert read_ledger(home) == []


def test_a_project_without_the_history_has_nothing_to_remember(home: DataHome) -> None:
    assert remember_values(home, describe_run(home)) == 0
