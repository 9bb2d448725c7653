"""What each tool computes is what is published, on a real PostgreSQL, and nothing where it would be wrong."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from orchestration.bi.kpis import RegistryError
from orchestration.bi.measures import Form, Measure, measures_of
from orchestration.bi.registry import KPI_VALUES, SEGMENT_COLUMNS, Registry
from orchestration.bi.sums import sums_of
from tests.bi.conftest import Measures, Project

if TYPE_CHECKING:
    import psycopg

KEY = ("period_grain", "period_start", "segment_type", "segment_id")
POOLED = (Form.CELL_RATIO, Form.CELL_SUM)
# Which column of a record says the segment that it counts for; None for the organisation.
SEGMENTS = {
    "org": None,
    "group": "group_id",
    "team": "team_id",
    "service": "service_id",
    "tier": "tier",
    "severity": "severity",
    "provider": "provider",
    "customer": "customer_id",
    "work_type": "work_type",
    "function": "respondent_function",
}
PERIODS = {"week": "week_start_date", "month": "month_start_date", "quarter": "fiscal_quarter_start_date"}

Rows = list[dict[str, Any]]


def ask(con: psycopg.Connection[Any], query: str) -> Rows:
    cursor = con.execute(query.encode())
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def over(measures: dict[str, str], table: str, dimensions: tuple[str, ...], joined: str = "") -> str:
    """A query as a tool makes it: measures of one mart, cut by ``dimensions``."""
    chosen = [f'{sql} as "{name}"' for name, sql in measures.items() if name not in ("count", "One segment")]
    cut = ", ".join(dimensions)
    return f"select {', '.join([*dimensions, *chosen])} from marts.{table} as t {joined}" + (
        f" group by {cut}" if dimensions else ""
    )


def cells_of(registry: Registry) -> tuple[Measure, ...]:
    return measures_of(registry, registry.table(KPI_VALUES))


def same(found: float | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)


@pytest.fixture(scope="module")
def published(server: psycopg.Connection[Any]) -> dict[str, dict[tuple[Any, ...], dict[str, Any]]]:
    """The cells by KPI and key."""
    columns = (*KEY, "kpi_id", "numerator", "denominator", "value", "status")
    cells: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = defaultdict(dict)
    for row in ask(server, f"select {', '.join(columns)} from marts.{KPI_VALUES}"):
        cells[row["kpi_id"]][tuple(row[name] for name in KEY)] = row
    return cells


def test_over_one_cell_every_measure_is_the_published_value(
    project: Project, measures: Measures, server: psycopg.Connection[Any], published: Any
) -> None:
    found = ask(server, over(measures[KPI_VALUES], KPI_VALUES, tuple(f't."{name}"' for name in KEY)))
    compared = 0
    for row in found:
        key = tuple(row[name] for name in KEY)
        for measure in cells_of(project.registry):
            kpi_id = measure.kpi.kpi_id
            cell = published[kpi_id].get(key)
            assert same(row[kpi_id], cell and cell["value"]), (kpi_id, key, row[kpi_id], cell)
            compared += cell is not None and cell["value"] is not None
    assert compared > 10_000
    without = {
        kpi_id for kpi_id, cells in published.items() if all(c["value"] is None for c in cells.values())
    }
    assert len(without) < 10, f"nothing was compared for {sorted(without)}"


def test_over_several_segments_or_grains_no_measure_has_a_value(
    project: Project, measures: Measures, server: psycopg.Connection[Any], published: Any
) -> None:
    """A tool that forgets a filter shows nothing, and not the teams' sum on top of the organisation's."""
    for names in ((), ("period_grain", "period_start"), ("segment_type", "segment_id"), KEY[:3]):
        of_cell: dict[str, dict[Any, set[Any]]] = {
            kpi_id: defaultdict(set) for kpi_id in (kpi.kpi_id for kpi in project.registry.kpis)
        }
        for kpi_id, cells in published.items():
            for cell in cells.values():
                place = tuple(cell[name] for name in SEGMENT_COLUMNS)
                of_cell[kpi_id][tuple(cell[name] for name in names)].add(place)
        empty = 0
        cut = tuple(f't."{name}"' for name in names)
        for row in ask(server, over(measures[KPI_VALUES], KPI_VALUES, cut)):
            key = tuple(row[name] for name in names)
            for kpi_id, places in of_cell.items():
                if len(places[key]) > 1:
                    assert row[kpi_id] is None, (kpi_id, names, key)
                    empty += 1
        assert empty > 50


def test_the_months_of_a_quarter_give_the_quarter_or_nothing(
    project: Project, measures: Measures, server: psycopg.Connection[Any], published: Any
) -> None:
    quarter = "days.fiscal_quarter_start_date"
    dimensions = ('t."segment_type"', 't."segment_id"', quarter)
    joined = (
        "inner join marts.dim_date as days on t.period_start = days.date_day where t.period_grain = 'month'"
    )
    starts = {
        row["date_day"]: row["fiscal_quarter_start_date"] for row in ask(server, "table marts.dim_date")
    }
    compared = 0
    rows = {
        (row["segment_type"], row["segment_id"], row["fiscal_quarter_start_date"]): row
        for row in ask(server, over(measures[KPI_VALUES], KPI_VALUES, dimensions, joined))
    }
    for measure in cells_of(project.registry):
        kpi_id = measure.kpi.kpi_id
        months: dict[Any, Rows] = defaultdict(list)
        for (grain, start, *segment), cell in published[kpi_id].items():
            if grain == "month":
                months[(*segment, starts[start])].append(cell)
        for place, cells in months.items():
            found = rows[place][kpi_id]
            if any(cell["numerator"] is None for cell in cells) and measure.form in POOLED:
                assert found is None, (kpi_id, place, "a suppressed month was left out of a sum")
            elif measure.form in POOLED and len(cells) == 3:
                whole = published[kpi_id]["quarter", place[2], place[0], place[1]]
                assert whole["status"] == "suppressed" or same(found, whole["value"]), (kpi_id, place)
                compared += 1
            elif measure.form is Form.CELL_VALUE and len(cells) > 1:
                assert found is None, (kpi_id, place, "values of parts were made into one of the whole")
    assert compared > 500


def test_over_records_measures_are_the_published_values_of_every_segment(
    project: Project, measures: Measures, server: psycopg.Connection[Any], published: Any
) -> None:
    """Records that stand on several services count once, medians are medians, days are days."""
    compared: dict[str, int] = defaultdict(int)
    for table in project.registry.tables:
        offered = measures_of(project.registry, table)
        if table.name == KPI_VALUES or not offered:
            continue
        joined = "inner join marts.dim_date as days on t.event_date = days.date_day"
        for grain, period in PERIODS.items():
            for segment, column in SEGMENTS.items():
                asked = [one for one in offered if grain in one.kpi.grains and segment in one.kpi.segments]
                if not asked:
                    continue
                sql = {one.kpi.kpi_id: measures[table.name][one.kpi.kpi_id] for one in asked}
                dimensions = (f"days.{period}", *((f't."{column}"',) if column else ()))
                for row in ask(server, over(sql, table.name, dimensions, joined)):
                    place = (grain, row[period], segment, row[column] if column else "org")
                    if place[3] is None:
                        continue
                    for one in asked:
                        expected = published[one.kpi.kpi_id].get(place, {}).get("value")
                        found = row[one.kpi.kpi_id]
                        is_none = not found and not expected
                        assert is_none or same(found, expected), (one, place, found, expected)
                        compared[one.kpi.kpi_id] += not is_none
    offered_ids = {
        one.kpi.kpi_id
        for table in project.registry.tables
        if table.name != KPI_VALUES
        for one in measures_of(project.registry, table)
    }
    assert len(offered_ids) > 30
    assert sum(compared[kpi_id] > 10 for kpi_id in offered_ids) > 0.8 * len(offered_ids)


def test_costs_add_up_within_a_currency_and_never_over_two(
    project: Project, measures: Measures, server: psycopg.Connection[Any]
) -> None:
    """Against sums of the rows as they stand, by day and over all; a row without a currency has none."""
    summed, mixed = 0, 0
    for table in project.registry.tables:
        sql = {one.name: measures[table.name][one.name] for one in sums_of(table)}
        if not sql:
            continue
        day = table.dates[0].name
        rows = ask(server, f"select * from marts.{table.name}")
        for cut in ((), (day,)):
            told = {tuple(row[name] for name in cut): row for row in ask(server, over(sql, table.name, cut))}
            slices: dict[tuple[Any, ...], Rows] = defaultdict(list)
            for row in rows:
                slices[tuple(row[name] for name in cut)].append(row)
            assert set(told) == set(slices)
            for place, parts in slices.items():
                for one in sums_of(table):
                    currencies = {tuple(row[name] for name in one.within) for row in parts}
                    is_one = len(currencies) == 1 and None not in min(currencies, default=())
                    values = [row[one.column.name] for row in parts if row[one.column.name] is not None]
                    expected = sum(values) if values and is_one else None
                    assert told[place][one.name] == expected, (table.name, one.name, place)
                    summed += expected is not None
                    mixed += len(currencies) > 1
    assert summed > 500
    assert mixed > 20


def test_every_kpi_is_there_and_what_cannot_be_made_anew_is_only_published(project: Project) -> None:
    registry = project.registry
    cells = {measure.kpi.kpi_id: measure.form for measure in cells_of(registry)}
    assert set(cells) == {kpi.kpi_id for kpi in registry.kpis}
    of_records = {
        measure.kpi.kpi_id
        for table in registry.tables
        if table.name != KPI_VALUES
        for measure in measures_of(registry, table)
    }
    for kpi in registry.kpis:
        if kpi.aggregation.startswith("trailing") or kpi.is_people or len(kpi.grains) == 1:
            assert kpi.kpi_id not in of_records, kpi
        if kpi.aggregation in ("median", "p85", "p90", "maximum", "distinct_days") or len(kpi.grains) == 1:
            assert cells[kpi.kpi_id] is Form.CELL_VALUE, kpi
    assert not project.people.kpis, "figures made from people's records would not be suppressed"


def test_the_registry_says_what_the_published_dim_kpi_says(
    project: Project, server: psycopg.Connection[Any]
) -> None:
    columns = "kpi_id, kpi_name, aggregation, grains, segments, is_people, records_table"
    told = {tuple(row.values()) for row in ask(server, f"select {columns} from marts.dim_kpi")}
    assert told == {
        (
            kpi.kpi_id,
            kpi.name,
            kpi.aggregation,
            "|".join(kpi.grains),
            "|".join(kpi.segments),
            kpi.is_people,
            f"{kpi.records_schema}.{kpi.records_table}",
        )
        for kpi in project.registry.kpis
    }
    assert {segment for kpi in project.registry.kpis for segment in kpi.segments} == set(SEGMENTS)


def test_an_aggregation_that_nobody_thought_about_is_an_error(project: Project) -> None:
    from dataclasses import replace

    odd = replace(project.registry.kpis[0], aggregation="geometric_mean")
    registry = replace(project.registry, kpis=(odd,))
    with pytest.raises(RegistryError, match="no BI tool knows the aggregation geometric_mean"):
        cells_of(registry)
