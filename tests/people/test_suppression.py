"""Hidden figures of small groups stay hidden: whoever reads all that is published cannot work them out.

Thirty small companies, each with everything that the marts tell of it: every KPI, its numerators and
denominators, by organisation, group, team, service and tier, over weeks, months, quarters and overlapping
years.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from orchestration.home import DataHome

from .attack import Knowledge, bound, determined, exchangeable
from .small_companies import (
    PAGES,
    RATES,
    UNKNOWN,
    Company,
    Spot,
    Workshop,
    found_company,
    read_rows,
)

SEEDS = range(30)
THRESHOLD = 5
QUANTITIES = {
    "regrettable_attrition": ("regretted", "days"),
    "voluntary_attrition": ("voluntary", "days"),
    "involuntary_attrition": ("dismissed", "days"),
    "total_attrition": ("leavers", "days"),
    UNKNOWN: ("unknown", "voluntary"),
    PAGES: ("pages", "engineers"),
}
# Whose spots an attacker has to reckon with: those with people.
PEOPLE = {"pages": "engineers", "engineers": "engineers"}

Cell = frozenset[Spot]
Key = tuple[str, str, date, date]  # segment type and id, first and last day


@dataclass
class Published:
    """Cells by quantity: told with their sums, hidden, and hidden for being too small."""

    company: Company
    told: dict[str, dict[Cell, int]] = field(default_factory=lambda: defaultdict(dict))
    hidden: dict[str, dict[Key, Cell]] = field(default_factory=lambda: defaultdict(dict))
    small: dict[str, dict[Key, Cell]] = field(default_factory=lambda: defaultdict(dict))

    def cell(self, quantity: str, key: Key) -> Cell:
        kind, name, first, last = key
        return frozenset(
            (place, day)
            for place, day in self.company.amounts[PEOPLE.get(quantity, "days")]
            if first <= day <= last and place.lies_in(kind, name)
        )

    def amount(self, quantity: str, cell: Cell) -> int:
        amounts = self.company.amounts[quantity]
        return sum(amounts.get(spot, 0) for spot in cell)

    def tell(self, quantity: str, key: Key) -> None:
        cell = self.cell(quantity, key)
        if cell:
            self.told[quantity][cell] = self.amount(quantity, cell)

    def hide(self, quantity: str, key: Key) -> None:
        cell = self.cell(quantity, key)
        if cell:
            self.hidden[quantity][key] = cell

    def is_small(self, key: Key) -> bool:
        """Fewer than five people, on average over the days (here: months) on which there were any."""
        months: dict[date, int] = defaultdict(int)
        for place, day in self.cell("days", key):
            months[day] += self.company.amounts["days"][place, day]
        return bool(months) and sum(months.values()) / len(months) < THRESHOLD


def year_before(last: date, end: date) -> tuple[date, date]:
    after = end + timedelta(days=1)
    return after.replace(year=after.year - 1), last


def read_published(home: DataHome, company: Company) -> Published:
    published = Published(company)
    for row in read_rows(
        home,
        """select kpi_id, period_grain, period_start, period_end,
            least(period_end, date '2025-12-17') as last_day, segment_type, segment_id, status,
            numerator, denominator
        from marts.fct_kpi_values""",
    ):
        window = (row["period_start"], row["last_day"])
        if row["kpi_id"] != PAGES:
            window = year_before(row["last_day"], row["period_end"])
        key = (row["segment_type"], row["segment_id"], *window)
        for quantity, figure in zip(
            QUANTITIES[row["kpi_id"]], (row["numerator"], row["denominator"]), strict=True
        ):
            if row["status"] == "suppressed":
                published.hide(quantity, key)
            elif figure is not None:
                published.tell(quantity, key)
        if row["status"] == "suppressed" and row["kpi_id"] == RATES[0] and published.is_small(key):
            published.small["days"][key] = published.cell("days", key)
    for row in read_rows(home, "select * from marts.mart_attrition where period_grain = 'quarter'"):
        last = min(row["period_end"], date(2025, 12, 17))
        key = (row["segment_type"], row["segment_id"], row["period_start"], last)
        is_told = row["quarter_average_headcount"] is not None
        for quantity in ("regretted", "voluntary", "dismissed", "leavers", "days"):
            (published.tell if is_told else published.hide)(quantity, key)
        if not is_told and published.is_small(key):
            published.small["days"][key] = published.cell("days", key)
        assert is_told == (row["quarter_total_leavers"] is not None)
    return published


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module", params=SEEDS)
def built(request: pytest.FixtureRequest, workshop: Workshop) -> Iterator[tuple[DataHome, Published]]:
    company = found_company(request.param)
    home = workshop.build(company, f"company_{request.param}")
    yield home, read_published(home, company)
    home.warehouse.unlink()


def test_no_hidden_sum_is_a_combination_of_published_ones(built: tuple[DataHome, Published]) -> None:
    """Over siblings and parents, grains, overlapping years, KPIs that share a sum, all at once.

    Total is voluntary and involuntary together, and the three are told of the same cells: so each quantity
    may be attacked by itself, with all that any KPI tells of it.
    """
    _, published = built
    assert set(published.told["leavers"]) == set(published.told["dismissed"]) == set(published.told["days"])
    assert set(published.told["leavers"]) == set(published.told["voluntary"])
    checked = 0
    for quantity, hidden in published.hidden.items():
        known = Knowledge(published.told[quantity])
        # What a follower does not tell of its denominator, the leader may tell by right.
        secret = {key: cell for key, cell in hidden.items() if cell not in published.told[quantity]}
        found = [key for key, cell in secret.items() if known.holds(cell)]
        assert found == [], quantity
        checked += len(secret)
    assert checked > 50


def test_who_left_a_small_group_could_have_left_another(built: tuple[DataHome, Published]) -> None:
    """That amounts are whole and never negative does not help: another history gives the same figures."""
    _, published = built
    places = defaultdict(set)
    for place, day in published.company.amounts["days"]:
        places[day].add(place)
    inside = exchangeable(published.company.amounts["days"], list(published.told["days"]))
    for key, cell in published.small["days"].items():
        for place, day in cell:
            elsewhere = [
                other
                for other in places[day]
                if (other, day) not in cell and inside[other, day] == inside[place, day]
            ]
            assert elsewhere or not inside[place, day], (key, place, day)


def test_bounds_give_no_leaver_of_a_small_group_away(built: tuple[DataHome, Published]) -> None:
    _, published = built
    for quantity in ("leavers", "voluntary", "regretted", "dismissed"):
        least, most = bound(published.told[quantity])
        for key, cell in published.small["days"].items():
            assert not determined(cell, least, most), (quantity, key)


def test_what_stays_known_of_hidden_segments_together_rests_on_five_people(
    built: tuple[DataHome, Published],
) -> None:
    """That nobody left a small group can be known only as it is known of five people: no one of them did."""
    _, published = built
    headcount = published.company.amounts["days"]
    inside = exchangeable(headcount, list(published.told["days"]))
    pools: dict[Any, int] = defaultdict(int)
    for (place, day), cells in inside.items():
        pools[day, cells] += headcount[place, day]
    for key, cell in published.small["days"].items():
        sizes = [pools[day, inside[place, day]] for place, day in cell if inside[place, day]]
        if sizes:
            assert sum(sizes) / len(sizes) >= THRESHOLD, key


def test_nothing_told_rests_on_fewer_than_five_people(built: tuple[DataHome, Published]) -> None:
    """People are counted here from what happened, for years and for quarters by themselves."""
    home, published = built
    for row in read_rows(
        home,
        """select segment_type, segment_id, period_grain, period_start, period_end, average_headcount,
            quarter_average_headcount from marts.mart_attrition""",
    ):
        segment, last = (row["segment_type"], row["segment_id"]), min(row["period_end"], date(2025, 12, 17))
        windows = []
        if row["average_headcount"]:
            windows.append(year_before(last, row["period_end"]))
        if row["quarter_average_headcount"]:
            windows.append((row["period_start"], last))
        for window in windows:
            assert not published.is_small((*segment, *window)), (segment, window)
    for row in read_rows(
        home,
        "select denominator from marts.fct_kpi_values "
        f"where kpi_id in ('{PAGES}', '{UNKNOWN}') and value is not null",
    ):
        assert row["denominator"] >= THRESHOLD


def test_the_marts_hide_the_same_cells(built: tuple[DataHome, Published]) -> None:
    """Rates that share people, the year as month and quarter tell it, mart_attrition, the control chart."""
    home, _ = built
    hidden = defaultdict(set)
    for row in read_rows(
        home,
        """select kpi_id, period_grain, period_start, segment_type, segment_id, period_end
        from marts.fct_kpi_values where status = 'suppressed'""",
    ):
        hidden[row.pop("kpi_id")].add(tuple(row.values()))
    assert all(hidden[rate] == hidden[RATES[0]] for rate in RATES)
    known = {
        tuple(row.values())
        for row in read_rows(
            home,
            "select period_grain, period_start, segment_type, segment_id, period_end "
            f"from marts.fct_kpi_values where kpi_id = '{UNKNOWN}' and value is not null",
        )
    }
    assert not known & hidden[RATES[0]]
    ends = {(grain, end, *segment) for grain, _, *segment, end in hidden[RATES[0]]}
    assert {cell[1:] for cell in ends if cell[0] == "quarter"} <= {
        cell[1:] for cell in ends if cell[0] == "month"
    }
    marts = {
        tuple(row.values())
        for row in read_rows(
            home,
            """select period_grain, period_start, segment_type, segment_id, period_end
            from marts.mart_attrition where is_suppressed""",
        )
    }
    assert marts == hidden[RATES[0]]
    different = list(
        read_rows(
            home,
            """select * from marts.mart_attrition as mart
            inner join marts.fct_kpi_values as facts
            using (period_grain, period_start, segment_type, segment_id)
            where facts.kpi_id = 'total_attrition' and (
                mart.total_attrition_rate is distinct from facts.value
                or mart.average_headcount is distinct from facts.denominator
                or mart.total_leavers is distinct from facts.numerator
            )""",
        )
    )
    assert different == []
    charted = list(
        read_rows(
            home,
            """select * from marts.fct_kpi_control_chart as charts
            inner join marts.fct_kpi_values as facts
            using (kpi_id, period_grain, period_start, segment_type, segment_id)
            where facts.status = 'suppressed'
            and (charts.value is not null or charts.moving_range is not null)""",
        )
    )
    assert charted == []


def test_unsuppressed_figures_never_reach_the_marts(built: tuple[DataHome, Published]) -> None:
    """What holds small groups in clear stays in the schema that is never published."""
    home, _ = built
    schemas = list(
        read_rows(home, "select distinct schema_name from duckdb_tables() where table_name like 'int_kpi%'")
    )
    assert schemas == [{"schema_name": "intermediate"}]


def test_hiding_small_cells_alone_would_not_do(workshop: Workshop) -> None:
    """The attack works where nothing but size hides a cell, so its failure above says something."""
    found = told = 0
    for seed in range(5):
        company = found_company(seed)
        published = read_published(workshop.build(company, f"naive_{seed}"), company)
        small = set(published.small["days"].values())
        naive = set(published.told["days"]) | set(published.hidden["days"].values()) - small
        known = Knowledge(naive)
        told += len(published.told["days"])
        found += sum(known.holds(cell) for cell in small)
    assert found > 10
    assert told > 50


def test_a_people_kpi_needs_nothing_but_its_flag(workshop: Workshop) -> None:
    """Pages of a registry row that names neither population nor family are hidden at the same threshold."""
    company = found_company(1)
    home = workshop.build(company, "flagged")
    statuses = {
        (row["segment_type"], row["status"])
        for row in read_rows(
            home, f"select distinct segment_type, status from marts.fct_kpi_values where kpi_id = '{PAGES}'"
        )
    }
    assert ("service", "suppressed") in statuses
    assert ("org", "no_target") in statuses
