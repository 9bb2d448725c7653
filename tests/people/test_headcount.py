"""Headcount and exits against a plain recomputation over the raw exports, day by day.

The recomputation reads the files with the standard library and shares nothing with the pipeline but the
rules of kpis.md. The exports are a generated company: backwards edits, rehires, transfers, contractors, a
rescinded hire, terminations that have not come; and a hand-made BambooHR account beside it.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import hmac
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.company.catalogue import build_catalogue
from orchestration.company.catalogue_files import write_catalogue
from orchestration.company.hr import write_hr
from orchestration.company.people import build_people
from orchestration.company.plan import Plan
from orchestration.company.stories import tell_stories
from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.load import ensure_tables, load_system
from orchestration.loading.warehouse import open_warehouse
from tests.dbt.project import PROJECT, run_dbt

PLAN = Plan(scale=0.2, months=8)
AS_OF = PLAN.last_day
NEVER = date(9999, 12, 31)
BAMBOO = {
    # Left for good, with regret; came back; an intern who became an employee; who will leave; a contractor.
    "employmentStatus": [
        {"id": "1", "employeeId": "1", "date": "2024-01-01", "employmentStatus": "Full-Time"},
        {"id": "2", "employeeId": "1", "date": "2026-02-27", "employmentStatus": "Terminated",
         "terminationType": "Resignation (Voluntary)", "terminationRegrettable": "Yes"},
        {"id": "3", "employeeId": "2", "date": "2024-01-01", "employmentStatus": "Full-Time"},
        {"id": "4", "employeeId": "2", "date": "2025-03-31", "employmentStatus": "Terminated",
         "terminationType": "Involuntary"},
        {"id": "5", "employeeId": "2", "date": "2026-04-01", "employmentStatus": "Part-Time"},
        {"id": "6", "employeeId": "3", "date": "2025-09-01", "employmentStatus": "Intern"},
        {"id": "7", "employeeId": "3", "date": "2026-03-01", "employmentStatus": "Full-Time"},
        {"id": "8", "employeeId": "4", "date": "2024-01-01", "employmentStatus": "Full-Time"},
        {"id": "9", "employeeId": "4", "date": "2026-12-31", "employmentStatus": "Terminated"},
        {"id": "10", "employeeId": "5", "date": "2024-01-01", "employmentStatus": "Contractor"},
    ],
}  # fmt: skip
# What a person who reads it would say: first and last day, and how the last day came about.
BAMBOO_STAYS = {
    "1": [(date(2024, 1, 1), date(2026, 2, 27), ("voluntary", True))],
    "2": [(date(2024, 1, 1), date(2025, 3, 31), ("involuntary", None)), (date(2026, 4, 1), NEVER, None)],
    "3": [(date(2026, 3, 1), NEVER, None)],
    "4": [(date(2024, 1, 1), NEVER, None)],
}


@dataclass
class Spell:
    """One employment as the exports tell it; ``places``: first day, first day after, organisation."""

    worker: str
    first: date
    last: date
    kind: str = ""
    regretted: bool | None = None
    counts: bool = True
    places: list[tuple[date, date, str]] = field(default_factory=list)

    def organisation(self, day: date) -> str | None:
        found = [place for place in self.places if place[0] <= day < place[1]]
        return found[-1][2] if found else None


def rows(folder: Path) -> list[dict[str, str]]:
    """The rows of every file of one delivery of a table."""
    found = []
    for path in sorted(folder.rglob("*.csv*")):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found += list(csv.DictReader(content.decode("utf-8-sig").splitlines()))
    return found


def deliveries(landing: Path, table: str) -> list[Path]:
    """The folders of a table of Workday, oldest first."""
    return sorted((landing / "workday" / table).iterdir())


def day(text: str, otherwise: date = NEVER) -> date:
    return date.fromisoformat(text[:10]) if text else otherwise


def read_workday(landing: Path) -> list[Spell]:
    """Employments of the newest histories: of each worker and first day the version that was told last."""
    versions: dict[tuple[str, str], dict[str, str]] = {}
    newest = deliveries(landing, "worker_history")[-1]
    for row in sorted(rows(newest), key=lambda r: r["_fivetran_start"]):
        versions[row["id"], row["hire_date"]] = row
    positions: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows(deliveries(landing, "worker_position_history")[-1]):
        positions[row["worker_id"]].append(row)
    organisations = {
        (row["worker_id"], row["position_id"]): row["organization_id"]
        for row in rows(deliveries(landing, "worker_position_organization_history")[-1])
        if row["index"] == "0"  # the second one is the cost centre, which no team is
    }
    spells = []
    for row in versions.values():
        if row["hire_rescinded"] == "true":
            continue
        category = row["primary_termination_category"].rpartition("_")[2].lower()
        told = {"true": True, "false": False}.get(row["regrettable_termination"])
        spell = Spell(row["id"], day(row["hire_date"]), day(row["termination_date"]), category, told)
        for position in sorted(positions[row["id"]], key=lambda p: p["effective_date"]):
            begins, ends = day(position["effective_date"]), day(position["end_date"])
            after = ends if ends == NEVER else ends + timedelta(days=1)
            if begins <= spell.last and after > spell.first:
                place = organisations[row["id"], position["position_id"]]
                spell.places.append((max(begins, spell.first), after, place))
                spell.counts = position["employee_type"] == "Regular"
        spells.append(spell)
    return spells


def read_roster(landing: Path) -> list[Spell]:
    """Employments of the newest roster; its rows repeat the employment for each time in an organisation."""
    spells: dict[tuple[str, str], Spell] = {}
    for row in rows(deliveries(landing, "roster")[-1]):
        told = {"true": True, "false": False}.get(row["regretted"])
        spell = spells.setdefault(
            (row["worker_id"], row["hired_on"]),
            Spell(
                row["worker_id"], day(row["hired_on"]), day(row["terminated_on"]),
                row["termination_kind"], told, row["worker_type"] == "employee",
            ),
        )  # fmt: skip
        spell.places.append((day(row["effective_from"]), day(row["effective_to"]), row["hr_organization_id"]))
    return list(spells.values())


@dataclass
class House:
    """The landed exports, what a plain reading of them gives, and the warehouse that the pipeline built."""

    home: DataHome
    spells: list[Spell]
    teams: dict[str, str]
    bamboo_team: str
    con: duckdb.DuckDBPyConnection

    def pseudonym(self, worker: str) -> str:
        key = self.home.pseudonym_key_file.read_bytes().strip()
        return "p_" + hmac.new(key, worker.strip().lower().encode(), hashlib.sha256).hexdigest()[:16]

    def team(self, spell: Spell, on: date) -> str:
        return self.teams[spell.organisation(on) or ""]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = DataHome(tmp_path_factory.mktemp("headcount") / "data")
    stories = tell_stories(PLAN)
    catalogue = build_catalogue(PLAN, stories)
    people = build_people(PLAN, stories, catalogue)
    branches = {service.repository: "main" for service in catalogue.services}
    write_catalogue(home.landing / "catalogue", PLAN, stories, catalogue, branches, identifiers=[])
    write_hr(home.landing / "workday", PLAN, catalogue, people)
    team = catalogue.teams[0]
    tables = {
        "employment_statuses": BAMBOO["employmentStatus"],
        "job_information": [
            {
                "id": str(number),
                "employeeId": str(number),
                "date": "2024-01-01",
                "department": team.hr_organisation,
            }
            for number in range(1, 6)
        ],
        "employees": {"employees": [{"id": str(number), "hireDate": "2024-01-01"} for number in range(1, 6)]},
    }
    for table, body in tables.items():
        path = home.landing / "bamboohr" / table / "2026-07-01" / f"{table}.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(body), encoding="utf-8")
    contracts = read_contracts(PROJECT)
    with open_warehouse(home, holder="test") as con:
        ensure_tables(con, contracts)
        for system in ("catalogue", "workday", "bamboohr"):
            load_system(con, home, contracts[system])
    types = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    variables = json.dumps({"as_of_date": AS_OF.isoformat()})
    run_dbt(home, "build", *types, "--select", "+fct_headcount_daily", "+fct_exits", "--vars", variables)
    spells = read_workday(home.landing) + read_roster(home.landing)
    teams = {known.hr_organisation: known.team_id for known in catalogue.teams}
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        yield House(home, spells, teams, team.team_id, con)


def every_day(first: date) -> Iterator[date]:
    while first <= AS_OF:
        yield first
        first += timedelta(days=1)


def test_headcount_equals_a_plain_recomputation_on_every_day(house: House) -> None:
    expected: Counter[tuple[str, date]] = Counter()
    for spell in house.spells:
        if spell.counts:
            for on in every_day(spell.first):
                if on > spell.last:
                    break
                expected[house.team(spell, on), on] += 1
    for stays in BAMBOO_STAYS.values():
        for first, last, _ in stays:
            expected.update((house.bamboo_team, on) for on in every_day(first) if on <= last)
    found = house.con.execute(
        "select team_id, headcount_date, headcount from marts_people.fct_headcount_daily"
    ).fetchall()
    assert len(expected) > 5_000
    assert {(team, on): count for team, on, count in found} == dict(expected)


def test_exits_equal_a_plain_recomputation_to_the_day(house: House) -> None:
    expected = sorted(
        [
            (spell.last, house.team(spell, spell.last), spell.kind, spell.regretted)
            for spell in house.spells
            if spell.counts and spell.last <= AS_OF
        ]
        + [
            (last, house.bamboo_team, *exit_)
            for stays in BAMBOO_STAYS.values()
            for _, last, exit_ in stays
            if exit_ is not None
        ],
        key=str,
    )
    found = house.con.execute(
        """select exit_date, team_id, termination_kind, is_regretted from marts_people.fct_exits
        where exit_scope = 'company' and exclusion_reason is null"""
    ).fetchall()
    assert len(expected) > 15
    assert sorted(found, key=str) == expected


def test_a_back_dated_edit_moves_the_first_day_and_makes_no_second_employment(house: House) -> None:
    older, newest = deliveries(house.home.landing, "worker_history")
    before = {row["id"]: row["hire_date"] for row in rows(older)}
    after = {row["id"]: row["hire_date"] for row in rows(newest) if row["rehire"] == "false"}
    edited = {worker for worker, hired in after.items() if before.get(worker, hired) != hired}
    assert edited
    for worker in edited:
        told = house.con.execute(
            "select hired_date from intermediate.int_employment_spells where worker_id = ?",
            [house.pseudonym(worker)],
        ).fetchall()
        assert told == [(day(after[worker]),)]


def test_a_rehire_is_a_second_employment_with_the_days_between_uncounted(house: House) -> None:
    by_worker: dict[str, list[Spell]] = defaultdict(list)
    for spell in house.spells:
        by_worker[spell.worker].append(spell)
    rehired = {worker: spells for worker, spells in by_worker.items() if len(spells) > 1}
    assert rehired
    for worker, (first, second) in rehired.items():
        found = house.con.execute(
            """select spell_number, hired_date, terminated_date from intermediate.int_employment_spells
            where worker_id = ? order by all""",
            [house.pseudonym(worker)],
        ).fetchall()
        assert found == [(1, first.first, first.last), (2, second.first, None)]
        between = house.con.execute(
            """select count(*) from intermediate.int_position_spells
            where worker_id = ? and valid_from < ? and valid_to > ?""",
            [house.pseudonym(worker), second.first, first.last + timedelta(days=1)],
        ).fetchone()
        assert between == (0,)


def test_a_future_termination_counts_as_staff_until_it_comes(house: House) -> None:
    leaving = [spell for spell in house.spells if AS_OF < spell.last < NEVER and spell.counts]
    assert leaving
    for spell in leaving:
        who = house.pseudonym(spell.worker)
        told = house.con.execute(
            "select terminated_date from intermediate.int_employment_spells where worker_id = ?", [who]
        ).fetchall()
        assert told == [(spell.last,)]
        gone = house.con.execute(
            "select count(*) from marts_people.fct_exits where worker_id = ? and exit_scope = 'company'",
            [who],
        ).fetchone()
        there = house.con.execute(
            """select count(*) from intermediate.int_position_spells
            where worker_id = ? and valid_from <= ? and valid_to > ? and counts_as_headcount""",
            [who, AS_OF, AS_OF],
        ).fetchone()
        assert (gone, there) == ((0,), (1,))


def test_a_transfer_leaves_a_team_and_not_the_company(house: House) -> None:
    moved = [
        (spell, old, new)
        for spell in house.spells
        for old, new in zip(spell.places, spell.places[1:], strict=False)
        if old[2] != new[2] and new[0] <= AS_OF
    ]
    assert moved
    for spell, old, new in moved:
        found = house.con.execute(
            """select exit_date, team_id, to_team_id from marts_people.fct_exits
            where worker_id = ? and exit_scope = 'team'""",
            [house.pseudonym(spell.worker)],
        ).fetchall()
        assert found == [(new[0] - timedelta(days=1), house.teams[old[2]], house.teams[new[2]])]
        company = house.con.execute(
            "select count(*) from marts_people.fct_exits where worker_id = ? and exit_scope = 'company'",
            [house.pseudonym(spell.worker)],
        ).fetchone()
        assert company == (int(spell.last <= AS_OF),)


def test_bamboohr_tells_kind_and_regret_and_an_intern_counts_once_employed(house: House) -> None:
    found = house.con.execute(
        """select spells.worker_id, spells.spell_number, spells.worker_type, spells.termination_kind,
            spells.is_regretted, count(distinct positions.worker_type)
        from intermediate.int_employment_spells as spells
        inner join intermediate.int_position_spells as positions
            using (source_system, worker_id, spell_number)
        where source_system = 'bamboohr' group by all"""
    ).fetchall()
    expected = [
        ("1", 1, "employee", "voluntary", True, 1), ("2", 1, "employee", "involuntary", None, 1),
        ("2", 2, "employee", None, None, 1), ("3", 1, "employee", None, None, 2),
        ("4", 1, "employee", "unmapped", None, 1), ("5", 1, "contractor", None, None, 1),
    ]  # fmt: skip
    assert sorted(found, key=str) == sorted([(house.pseudonym(w), *rest) for w, *rest in expected], key=str)
