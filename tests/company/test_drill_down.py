"""Every published figure of the built company is what the records behind it add up to, by plain SQL."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome

SEGMENTS = {
    "org": "'org'",
    "group": "group_id",
    "team": "team_id",
    "service": "service_id",
    "tier": "tier",
    "severity": "severity",
    "provider": "provider",
    "customer": "customer_id",
    "function": "respondent_function",
    "work_type": "work_type",
}

# Per figure the records that a reader finds with a where clause: kpi_id, the period's days, the segment.
FOUND = """
create temp table found as
select
    facts.kpi_id, facts.period_grain, facts.period_start, facts.segment_type, facts.segment_id,
    records.record_id,
    kpis.aggregation,
    -- A trailing year is twelve months, and a record counts once in each.
    case when kpis.aggregation like 'trailing%' then date_trunc('month', records.event_date) end as part,
    max(records.numerator) as numerator,
    max(records.denominator) as denominator,
    min(records.measured) as measured,
    bool_or(records.exclusion_reason is null) as is_counted,
    min(records.event_date) as event_date
from facts
inner join records_by_segment as records
    on records.kpi_id = facts.kpi_id
    and records.segment_type = facts.segment_type and records.segment_id = facts.segment_id
    and records.event_date between facts.first_date and facts.period_end
inner join kpis on facts.kpi_id = kpis.kpi_id
group by all
"""
ADDED_UP = """
create temp table added_up as
select
    kpi_id, period_grain, period_start, segment_type, segment_id,
    sum(numerator) as numerator,
    sum(denominator) as denominator,
    count(*) filter (is_counted) as counted,
    count(*) filter (not is_counted) as excluded,
    count(distinct event_date) filter (numerator > 0) as active_days,
    count(measured) filter (is_counted) as measured_count,
    quantile_cont(measured, 0.5) filter (is_counted) as p50,
    quantile_cont(measured, 0.85) filter (is_counted) as p85,
    quantile_cont(measured, 0.9) filter (is_counted) as p90,
    max(measured) filter (is_counted) as maximum
from found
group by all
"""
# What a figure is, by the word of dim_kpi for it.
VALUE = """
case kpis.aggregation
    when 'per_day' then coalesce(added_up.numerator, 0)::double / facts.denominator
    when 'distinct_days' then coalesce(added_up.active_days, 0)
    when 'count' then coalesce(added_up.numerator, 0)
    when 'ratio' then added_up.numerator::double / nullif(added_up.denominator, 0)
    when 'trailing_year_ratio' then added_up.numerator::double / nullif(added_up.denominator, 0)
    when 'trailing_year_rate'
        then added_up.numerator::double / nullif(added_up.denominator::double / facts.year_days, 0)
    when 'median' then added_up.p50
    when 'p85' then added_up.p85
    when 'p90' then added_up.p90
    when 'maximum' then added_up.maximum
end
"""


@pytest.fixture(scope="module")
def con(built_company: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built_company.warehouse}' as warehouse (read_only); use warehouse")
        connection.execute("create temp view kpis as from marts.dim_kpi")
        tables = connection.execute("select distinct records_table from kpis order by all").fetchall()
        records = " union all by name ".join(f"from {table}" for (table,) in tables)
        connection.execute(f"create temp table records as {records}")
        by_segment = " union all ".join(
            f"select *, '{name}' as segment_type, {id_} as segment_id from records where {id_} is not null"
            for name, id_ in SEGMENTS.items()
        )
        connection.execute(f"create temp view records_by_segment as {by_segment}")
        connection.execute(
            """create temp table facts as
            select
                facts.*,
                periods.period_end,
                periods.year_days,
                case
                    when kpis.aggregation like 'trailing%' then periods.year_start
                    else facts.period_start
                end as first_date
            from marts.fct_kpi_values as facts
            inner join kpis using (kpi_id)
            inner join intermediate.int_kpi_periods as periods using (period_grain, period_start)"""
        )
        connection.execute(FOUND)
        connection.execute(ADDED_UP)
        yield connection


def compare(con: duckdb.DuckDBPyConnection, condition: str) -> list[tuple[Any, ...]]:
    """Figures that are told, of which ``condition`` holds."""
    return con.execute(
        f"""
        select
            facts.kpi_id, facts.period_grain, facts.period_start, facts.segment_type, facts.segment_id,
            facts.value, {VALUE} as again, facts.sample_size, added_up.counted, added_up.measured_count,
            facts.excluded, added_up.excluded
        from facts
        inner join kpis using (kpi_id)
        left join added_up using (kpi_id, period_grain, period_start, segment_type, segment_id)
        where facts.status <> 'suppressed' and ({condition})
        order by all
        limit 20
        """
    ).fetchall()


def test_every_value_is_what_its_records_give(con: duckdb.DuckDBPyConnection) -> None:
    same = f"abs(facts.value - ({VALUE})) < 1e-9 * greatest(1, abs(facts.value))"
    assert compare(con, f"facts.value is not null and not coalesce({same}, false)") == []


def test_what_has_no_value_has_no_records_that_count(con: duckdb.DuckDBPyConnection) -> None:
    told = "facts.value is null and kpis.aggregation in ('ratio', 'median', 'p85', 'p90', 'maximum')"
    assert compare(con, f"{told} and ({VALUE}) is not null") == []


def test_as_many_records_are_left_out_as_the_figure_says(con: duckdb.DuckDBPyConnection) -> None:
    """Of people it does not say how many."""
    told = "not kpis.is_people and facts.excluded is distinct from coalesce(added_up.excluded, 0)"
    assert compare(con, told) == []


def test_every_kpi_is_drilled_down_in_every_segment_that_it_is_told_in(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """So that the comparison above is not one of nothing."""
    told = con.execute(
        "select distinct kpi_id, segment_type from facts where status <> 'suppressed' and sample_size > 0"
    ).fetchall()
    drilled = con.execute("select distinct kpi_id, segment_type from added_up").fetchall()
    assert set(told) <= set(drilled)
    listed = con.execute("select kpi_id, unnest(string_split(segments, '|')) from kpis").fetchall()
    assert len(set(told)) > 0.8 * len(listed)


def test_the_records_of_a_kpi_stand_where_the_registry_says(con: duckdb.DuckDBPyConnection) -> None:
    for kpi_id, table in con.execute("select kpi_id, records_table from kpis").fetchall():
        assert con.execute(f"select count(*) > 0 from {table} where kpi_id = ?", [kpi_id]).fetchall() == [
            (True,)
        ], kpi_id
