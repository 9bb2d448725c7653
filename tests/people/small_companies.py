"""Small made-up companies around the threshold of suppression, and the project's own models built over them.

dbt builds the models once, over empty tables; for each company its compiled SQL runs over its records.
"""

from __future__ import annotations

import json
import random
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from orchestration.home import DataHome
from tests.dbt.kpi_house import BUILT, NAMED_TESTS, Row, build_kpis, fill_tables
from tests.dbt.project import run_dbt

FIRST_DAY = date(2024, 1, 1)
PAGES_FROM = date(2025, 7, 1)
LAST_DAY = date(2025, 12, 17)  # in the middle of a month, a quarter and a week
FOREVER = date(9999, 12, 31)
RATES = ("regrettable_attrition", "voluntary_attrition", "involuntary_attrition", "total_attrition")
UNKNOWN = "regretted_unknown_share"
PAGES = "pages_per_engineer"
# A people KPI of which the registry says no more than that: weeks, services and tiers, the rest by default.
PAGES_IN_REGISTRY = {
    "kpi_id": PAGES,
    "headline_kpi_id": PAGES,
    "aggregation": "ratio",
    "grains": "week|month|quarter",
    "segments": "org|group|team|service|tier",
    "cadence": "week",
    "is_people": True,
    "sources": "workday.worker_history",
    "chart_kind": "xmr",
    "interval_method": "none",
    "population_basis": "",
    "suppression_family": "",
    "suppressed_with": "",
}


@dataclass(frozen=True, order=True)
class Place:
    """Where somebody is: the segments of a record."""

    group: str
    team: str
    service: str = ""
    tier: str = ""

    def lies_in(self, segment_type: str, segment_id: str) -> bool:
        return segment_type == "org" or getattr(self, segment_type) == segment_id


Spot = tuple[Place, date]


@dataclass
class Company:
    """What really happened: per quantity and spot, an amount; and the tables in which the models read it."""

    amounts: dict[str, dict[Spot, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    tables: dict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))


def months(first: date, last: date) -> list[date]:
    found = []
    day = first.replace(day=1)
    while day <= last:
        found.append(day)
        day = (day + timedelta(days=32)).replace(day=1)
    return found


def found_company(seed: int) -> Company:
    """Teams of nobody to twenty people that grow, shrink, end and move between groups; and services."""
    chance = random.Random(seed)
    company = Company()
    groups = ["north", "south", "west", "east"][: chance.randint(2, 4)]
    teams = [f"team-{number}" for number in range(chance.randint(3, 9))]
    homes = {team: _moves(chance, groups, chance.choice([0, 0, 1, 2])) for team in teams}
    company.tables["int_team_groups"] = [
        {"team_id": team, "group_id": group, "valid_from": start, "valid_to": end}
        for team in teams
        for start, end, group in homes[team]
    ]
    sizes = {team: chance.choice([0, 1, 2, 3, 4, 4, 5, 6, 7, 9, 14, 20]) for team in teams}
    for month in months(FIRST_DAY, LAST_DAY):
        for team in teams:
            if chance.random() < 0.3:
                sizes[team] = max(0, sizes[team] + chance.choice([-3, -1, 1, 2]))
            if chance.random() < 0.02:
                sizes[team] = 0
            if sizes[team]:
                _employ(company, chance, Place(_at(homes[team], month), team), month, sizes[team])
    _page(company, chance, teams, homes)
    return company


def _moves(chance: random.Random, names: list[str], times: int) -> list[tuple[date, date, str]]:
    starts = sorted({FIRST_DAY, *(chance.choice(months(FIRST_DAY, LAST_DAY)) for _ in range(times))})
    ends = [*starts[1:], FOREVER]
    return [(start, end, chance.choice(names)) for start, end in zip(starts, ends, strict=True)]


def _at(moves: list[tuple[date, date, str]], day: date) -> str:
    return next(name for start, end, name in moves if start <= day < end)


def _employ(company: Company, chance: random.Random, place: Place, month: date, size: int) -> None:
    """A month of one team: its people, on the month's first day, and who left on that day."""
    records, spot = company.tables["int_kpi_regrettable_attrition_records"], (place, month)
    where = {"event_date": month, "team_id": place.team}
    company.amounts["days"][spot] += size
    records += [
        {"kpi_id": rate, "record_id": f"{place.team} {month}", **where, "numerator": 0, "denominator": size}
        for rate in RATES
    ]
    for number in range(sum(chance.random() < 0.04 for _ in range(size))):
        left = {"record_id": f"{place.team} {month} {number}", **where, "numerator": 1, "denominator": 0}
        told = chance.choice(["regretted", "not", "unknown", "dismissed"])
        company.amounts["leavers"][spot] += 1
        counted = {"total_attrition"}
        if told == "dismissed":
            company.amounts["dismissed"][spot] += 1
            counted.add("involuntary_attrition")
        else:
            company.amounts["voluntary"][spot] += 1
            company.amounts["unknown"][spot] += told == "unknown"
            records.append({"kpi_id": UNKNOWN, **left, "numerator": int(told == "unknown"), "denominator": 1})
            counted.add("voluntary_attrition")
        if told == "regretted":
            company.amounts["regretted"][spot] += 1
            counted.add("regrettable_attrition")
        records += [{"kpi_id": rate, **left, "numerator": int(rate in counted)} for rate in RATES]


def _page(
    company: Company, chance: random.Random, teams: list[str], homes: dict[str, list[tuple[date, date, str]]]
) -> None:
    """Weeks on call: engineers and pages by service; a service has a tier and now and then a new team."""
    records = company.tables["int_kpi_regrettable_attrition_records"]
    for number in range(chance.randint(2, 7)):
        service, tier = f"service-{number}", chance.choice(["tier-1", "tier-2", "tier-3"])
        owners = _moves(chance, teams, chance.choice([0, 0, 1]))
        for start, end, team in owners:
            for valid_from, valid_to, group in homes[team]:
                if max(start, valid_from) < min(end, valid_to):
                    company.tables["int_service_ownership"].append(
                        {
                            "service_id": service,
                            "team_id": team,
                            "group_id": group,
                            "tier": tier,
                            "valid_from": max(start, valid_from),
                            "valid_to": min(end, valid_to),
                        }
                    )
        engineers = chance.choice([1, 2, 3, 5, 6, 9])
        day = PAGES_FROM + timedelta(days=chance.randint(0, 6))
        while day <= LAST_DAY:
            team = _at(owners, day)
            spot = (Place(_at(homes[team], day), team, service, tier), day)
            people = max(0, engineers + chance.choice([-1, 0, 0, 1]))
            pages = sum(chance.random() < 0.3 for _ in range(people))
            if people:
                company.amounts["engineers"][spot] += people
                company.amounts["pages"][spot] += pages
                records.append(
                    {
                        "kpi_id": PAGES,
                        "record_id": f"{service} {day}",
                        "event_date": day,
                        "service_id": service,
                        "numerator": pages,
                        "denominator": people,
                    }
                )
            day += timedelta(days=7)


class Workshop:
    """Builds the models over empty tables with dbt, then runs the SQL that it compiled over each company."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._home = build_kpis(root, {}, {"workday.worker_history": LAST_DAY}, LAST_DAY)
        with duckdb.connect(str(self._home.warehouse)) as con:
            replaced = ", ".join(f"? as {name}" for name in PAGES_IN_REGISTRY)
            con.execute(
                f"insert into seeds.kpis select * replace ({replaced}) from seeds.kpis where kpi_id = ?",
                [*PAGES_IN_REGISTRY.values(), UNKNOWN],
            )
        wanted = ("dim_kpi", "path:models/intermediate/kpi", "fct_kpi_values", "fct_kpi_control_chart")
        assert set(wanted) <= set(BUILT)
        variables = json.dumps({"as_of_date": LAST_DAY.isoformat()})
        more = ("mart_attrition", "kpi_registry_is_consistent", *NAMED_TESTS)
        built = run_dbt(self._home, "build", "--select", *wanted, *more, "--vars", variables)
        self._compiled = [
            (result["relation_name"], result["compiled_code"])
            for result in built["results"]
            if result["unique_id"].startswith("model.")
        ]

    def build(self, company: Company, name: str) -> DataHome:
        home = DataHome(self._root / name)
        home.warehouse.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self._home.warehouse, home.warehouse)
        with duckdb.connect(str(home.warehouse)) as con:
            con.execute("set threads = 1")
            fill_tables(con, company.tables, home.warehouse.parent)
            for relation, sql in self._compiled:
                # Its contract went with the table that dbt made; its rows are the same.
                con.execute(f"create or replace table {relation} as {sql}")
        return home


def read_rows(home: DataHome, query: str) -> Iterator[dict[str, Any]]:
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        found = con.execute(query)
        names = [column[0] for column in found.description]
        yield from (dict(zip(names, row, strict=True)) for row in found.fetchall())
