"""Hidden figures of small groups stay hidden: whoever reads all that is published cannot work them out."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pytest

from orchestration.home import DataHome

from .kpi_house import Row, build_kpis

FIRST_DAY = date(2023, 7, 1)
LAST_DAY = date(2025, 12, 31)
RATES = ("regrettable_attrition", "voluntary_attrition", "involuntary_attrition", "total_attrition")
UNKNOWN = "regretted_unknown_share"
# Reckoning modulo a prime is exact; that it sees a dependency where there is none has a chance of 2^-61.
PRIME = (1 << 61) - 1
Cell = tuple[str, str]
Vector = dict[tuple[str, str, date], int]


def months(first: date, last: date) -> list[date]:
    found = []
    day = first.replace(day=1)
    while day <= last:
        found.append(day)
        day = (day + timedelta(days=32)).replace(day=1)
    return found


def months_before(end: date) -> date:
    """First day of the twelve months that end with the month's last day ``end``."""
    after = end + timedelta(days=1)
    return after.replace(year=after.year - 1)


def company(chance: random.Random) -> dict[str, list[Row]]:
    """Teams of 0 to 20 people, some around the threshold, that grow, shrink and move between groups."""
    groups, teams = ["north", "south", "west"], [f"team-{number}" for number in range(8)]
    sizes = dict(zip(teams, [3, 4, 5, 6, 2, 9, 14, 20], strict=True))
    membership: list[Row] = []
    for team in teams:
        starts = sorted({FIRST_DAY, *(chance.choice(months(FIRST_DAY, LAST_DAY)) for _ in range(2))})
        for start, end in zip(starts, [*starts[1:], date(9999, 12, 31)], strict=True):
            membership.append(
                {"team_id": team, "group_id": chance.choice(groups), "valid_from": start, "valid_to": end}
            )
    records: list[Row] = []
    for day in (FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)):
        for team in teams:
            if day.day == 1 and chance.random() < 0.25:
                sizes[team] = max(0, sizes[team] + chance.choice([-2, -1, 1, 2]))
            size = sizes[team]
            if not size:
                continue
            place = {"event_date": day, "team_id": team}
            records += [
                {
                    "kpi_id": rate,
                    "record_id": f"{team} {day}",
                    **place,
                    "numerator": 0,
                    "denominator": sizes[team],
                }
                for rate in RATES
            ]
            if chance.random() < 0.006:
                told = {"record_id": f"leaver {team} {day}", **place, "numerator": 1, "denominator": 0}
                kind = chance.choice(["voluntary_attrition", "voluntary_attrition", "involuntary_attrition"])
                records += [{"kpi_id": rate, **told} for rate in ("total_attrition", kind)]
                if kind == "voluntary_attrition":
                    unknown = int(chance.random() < 0.4)
                    records.append({"kpi_id": UNKNOWN, **told, "numerator": unknown, "denominator": 1})
                    if chance.random() < 0.5:
                        records.append({"kpi_id": "regrettable_attrition", **told})
    return {"int_team_groups": membership, "kpi_regrettable_attrition_records": records}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    return build_kpis(
        tmp_path_factory.mktemp("people"),
        company(random.Random(20)),
        {"workday.worker_history": LAST_DAY},
        LAST_DAY,
    )


def recoverable(published: list[Vector], hidden: list[Vector]) -> list[Vector]:
    """Those of ``hidden`` that are a linear combination of ``published``."""
    pivots: dict[tuple[str, str, date], Vector] = {}

    def reduce(vector: Vector) -> Vector:
        rest = dict(vector)
        while rest:
            lead = max(rest)
            if lead not in pivots:
                return rest
            factor = rest[lead]
            for atom, weight in pivots[lead].items():
                left = (rest.get(atom, 0) - factor * weight) % PRIME
                if left:
                    rest[atom] = left
                else:
                    rest.pop(atom, None)
        return rest

    for vector in published:
        rest = reduce(vector)
        if rest:
            inverse = pow(rest[max(rest)], -1, PRIME)
            pivots[max(rest)] = {atom: weight * inverse % PRIME for atom, weight in rest.items()}
    return [vector for vector in hidden if not reduce(vector)]


@dataclass(frozen=True)
class Cells:
    """The cells of one KPI, each as the sum that it is."""

    published: list[Vector]
    hidden: list[Vector]
    too_small: list[Vector]
    large_enough: list[Vector]


def read_cells(home: DataHome, kpi: str) -> Cells:
    """The unknowns are a team's people in one group in one month; the attacker knows where there are none."""
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        atoms = con.execute(
            "select distinct team_id, group_id, month_start_date "
            "from intermediate.int_kpi_daily inner join marts.dim_date on event_date = date_day "
            "where kpi_id = 'total_attrition' and denominator <> 0"
        ).fetchall()
        rows = con.execute(
            "select segment_type, segment_id, period_end, status, value from marts.fct_kpi_values "
            "where kpi_id = ?",
            [kpi],
        ).fetchall()
        small = set(
            con.execute(
                "select segment_type, segment_id, window_end from intermediate.int_kpi_suppression "
                "where suppression_reason = 'too_few_people' and suppression_family = "
                "(select suppression_family from marts.dim_kpi where kpi_id = ?)",
                [kpi],
            ).fetchall()
        )

    def vector(segment_type: str, segment_id: str, end: date) -> Vector:
        year = months(months_before(end), end)
        return {
            (team, group, month): 1
            for team, group, month in atoms
            if month in year
            and (segment_type == "org" or segment_id == (team if segment_type == "team" else group))
        }

    cells = Cells([], [], [], [])
    for *cell, status, value in rows:
        sum_of = vector(*cell)
        if not sum_of:
            continue
        if status == "suppressed":
            cells.hidden.append(sum_of)
        elif value is not None:
            cells.published.append(sum_of)
        (cells.too_small if tuple(cell) in small else cells.large_enough).append(sum_of)
    return cells


@pytest.mark.parametrize("kpi", ["total_attrition", "regrettable_attrition", UNKNOWN])
def test_no_hidden_cell_is_a_combination_of_published_ones(home: DataHome, kpi: str) -> None:
    """Over siblings and parents, over months and quarters, over overlapping years, all at once."""
    cells = read_cells(home, kpi)
    assert len(cells.hidden) > 50
    assert recoverable(cells.published, cells.hidden) == []


def test_hiding_small_cells_alone_would_not_do(home: DataHome) -> None:
    """The attack works where nothing but size hides a cell, so its failure above says something."""
    cells = read_cells(home, "total_attrition")
    assert len(recoverable(cells.large_enough, cells.too_small)) > 10


def test_rates_that_share_people_hide_the_same_cells(home: DataHome) -> None:
    """Total is voluntary and involuntary together: one of them shown would give away the other."""
    hidden = defaultdict(set)
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        for kpi, *cell in con.execute(
            "select kpi_id, period_grain, period_start, segment_type, segment_id from marts.fct_kpi_values "
            "where status = 'suppressed'"
        ).fetchall():
            hidden[kpi].add(tuple(cell))
    assert hidden[RATES[0]]
    assert all(hidden[rate] == hidden[RATES[0]] for rate in RATES)
    assert hidden[RATES[0]] <= hidden[UNKNOWN]


def test_a_year_hidden_in_one_grain_is_hidden_in_the_other(home: DataHome) -> None:
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        told = con.execute(
            """
            select months.kpi_id, months.period_end, months.segment_type, months.segment_id
            from marts.fct_kpi_values as months
            inner join marts.fct_kpi_values as quarters using (kpi_id, period_end, segment_type, segment_id)
            where months.period_grain = 'month' and quarters.period_grain = 'quarter'
            and (months.status = 'suppressed') <> (quarters.status = 'suppressed')
            """
        ).fetchall()
    assert told == []


def test_nothing_shown_rests_on_fewer_than_five_people(home: DataHome) -> None:
    """People are counted here from the records, on the days on which there were any."""
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        headcounts = con.execute(
            "select team_id, group_id, event_date, denominator from intermediate.int_kpi_daily "
            "where kpi_id = 'total_attrition' and denominator > 0"
        ).fetchall()
        shown = con.execute(
            "select segment_type, segment_id, period_end from marts.fct_kpi_values "
            "where kpi_id = 'total_attrition' and value is not null"
        ).fetchall()
        charted = con.execute(
            "select count(*) from marts.fct_kpi_control_chart as charts "
            "inner join marts.fct_kpi_values as facts "
            "using (kpi_id, period_grain, period_start, segment_type, segment_id) "
            "where facts.status = 'suppressed' and charts.value is not null"
        ).fetchone()
    assert len(shown) > 100
    for segment_type, segment_id, end in shown:
        start = months_before(end)
        daily: dict[date, float] = defaultdict(float)
        for team, group, day, people in headcounts:
            if start <= day <= end and segment_id in ("org", team if segment_type == "team" else group):
                daily[day] += float(people)
        assert sum(daily.values()) / len(daily) >= 5
    assert charted == (0,)


def test_unsuppressed_figures_never_reach_the_marts(home: DataHome) -> None:
    """What holds small groups in clear stays in the schema that is never published."""
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        schemas = con.execute(
            "select distinct schema_name from duckdb_tables() where table_name like 'int_kpi%'"
        ).fetchall()
    assert schemas == [("intermediate",)]


def test_a_year_is_complete_once_twelve_months_of_people_are_known(home: DataHome) -> None:
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        first = con.execute(
            "select min(period_end) from marts.fct_kpi_values "
            "where kpi_id = 'total_attrition' and is_complete"
        ).fetchone()
    assert first == (date(2024, 6, 30),)
