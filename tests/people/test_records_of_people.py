"""The attack on hidden figures, made on every KPI of people of the built company with its own records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import duckdb
import pytest

from orchestration.home import DataHome

from .attack import Knowledge

# Attrition tells of every person and day; its attack, with all that its rates share, is that on thirty small
# companies in test_suppression.py.
APART = "regrettable_attrition"
SEGMENTS = {
    "org": "'org'",
    "group": "group_id",
    "team": "team_id",
    "service": "service_id",
    "tier": "tier",
    "function": "respondent_function",
}

Cell = frozenset[int]
Key = tuple[str, ...]


@pytest.fixture(scope="module")
def con(built_company: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built_company.warehouse}' as warehouse (read_only); use warehouse")
        yield connection


def read_cells(
    con: duckdb.DuckDBPyConnection, family: str
) -> tuple[dict[Key, set[Cell]], dict[Key, set[Cell]]]:
    """What is told and what is hidden of a family, by KPI and cell.

    A cell is the set of people's records that it adds up, as numbers of their kinds: records that are in the
    same cells cannot be told apart, and are one. Taken from the KPIs by which the family is weighed: what
    else is told of a cell (pages, say) may be nothing, and that it is nothing is what a reader does not know.
    """
    tables = con.execute(
        "select distinct records_table from marts.dim_kpi where suppression_family = ?", [family]
    ).fetchall()
    records = " union all by name ".join(f"from {table}" for (table,) in tables)
    columns = {name for (name, *_) in con.execute(f"describe {records}").fetchall()}
    in_segments = " union all ".join(
        f"select kpi_id, record_id, event_date, '{name}' as segment_type, {column} as segment_id from records"
        for name, column in SEGMENTS.items()
        if column in columns or name == "org"
    )
    rows = con.execute(
        f"""
        with records as ({records}), placed as ({in_segments}),
        cells as (
            select
                dense_rank() over (
                    order by facts.kpi_id, facts.period_grain, facts.period_start, facts.segment_type,
                        facts.segment_id
                ) as cell,
                facts.*, case when kpis.aggregation like 'trailing%' then periods.year_start
                    else facts.period_start end as first_date, periods.period_end
            from marts.fct_kpi_values as facts
            inner join marts.dim_kpi as kpis using (kpi_id)
            inner join intermediate.int_kpi_periods as periods using (period_grain, period_start)
            where kpis.suppression_family = $family and kpis.population_basis <> 'family'
                and (facts.status = 'suppressed' or facts.value is not null)
        ),
        inside as (
            select cells.cell, placed.record_id
            from cells
            inner join placed
                on cells.kpi_id = placed.kpi_id and cells.segment_type = placed.segment_type
                and cells.segment_id = placed.segment_id
                and placed.event_date between cells.first_date and cells.period_end
        ),
        kinds as (
            select record_id, dense_rank() over (order by list(distinct cell order by cell)) as kind
            from inside group by record_id
        ),
        filled as (
            select cell, list(distinct kind) as kinds
            from inside inner join kinds using (record_id)
            group by cell
        )
        select
            status = 'suppressed', kpi_id, period_grain, period_start::text, segment_type, segment_id, kinds
        from cells inner join filled using (cell)
        """.replace("$family", f"'{family}'")
    ).fetchall()
    told: dict[Key, set[Cell]] = defaultdict(set)
    hidden: dict[Key, set[Cell]] = defaultdict(set)
    for is_hidden, kpi_id, *place, kinds in rows:
        (hidden if is_hidden else told)[(kpi_id, *place)].add(frozenset(kinds))
    return told, hidden


def test_no_hidden_cell_is_a_combination_of_told_ones(con: duckdb.DuckDBPyConnection) -> None:
    """Siblings, parents, other grains, adjacent and overlapping periods, and KPIs of the same family."""
    families = [
        family
        for (family,) in con.execute(
            """
            select distinct kpis.suppression_family
            from marts.dim_kpi as kpis where kpis.is_people and kpis.headline_kpi_id <> ? order by all
            """,
            [APART],
        ).fetchall()
    ]
    assert {"enps", "oncall", "quality_of_hire", "stakeholder_satisfaction"} <= set(families)
    checked = 0
    for family in families:
        told, hidden = read_cells(con, family)
        known = Knowledge(cell for cells in told.values() for cell in cells)
        found = [key for key, cells in hidden.items() if any(known.holds(cell) for cell in cells)]
        assert found == [], family
        checked += len(hidden)
    assert checked > 20


def test_the_kpis_of_a_family_are_hidden_together(con: duckdb.DuckDBPyConnection) -> None:
    """Else the numerator that two of them share, or the people behind both, would be told by the other."""
    torn = con.execute(
        """
        select
            kpis.suppression_family, facts.period_grain, facts.period_start, facts.segment_type,
            facts.segment_id
        from marts.fct_kpi_values as facts
        inner join marts.dim_kpi as kpis using (kpi_id)
        where kpis.is_people
        group by all
        having count(*) filter (facts.status = 'suppressed') > 0
            and count(*) filter (facts.value is not null) > 0
        """
    ).fetchall()
    assert torn == []
