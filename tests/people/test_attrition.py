"""Headcount and exits against a count by hand, and the worked example of attrition, through the loader."""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.load import ensure_tables, load_system
from orchestration.loading.warehouse import open_warehouse
from tests.dbt.project import PROJECT, run_dbt

EDITED_HISTORY = Path(__file__).resolve().parents[1] / "fixtures" / "workday" / "edited_history"
AS_OF = date(2026, 6, 30)  # as_of_date of the dbt project
COUNTED_FROM = date(2024, 1, 1)
FOREVER = date(9999, 12, 30)


@dataclass(frozen=True)
class Stay:
    """Somebody who counts, in a team, first and last day; ``exit`` is how the last day came about."""

    first: date
    last: date
    team: str
    exit: tuple[str, bool | None] | None = None  # kind, regretted


# What a person who reads the fixture's newest export would say.
STAYS = {
    "ada, who moved": [
        Stay(date(2024, 3, 1), date(2026, 1, 31), "payments"),
        Stay(date(2026, 2, 1), FOREVER, "web"),
    ],
    "bob, who left on the last day of March": [
        Stay(date(2024, 3, 1), date(2026, 3, 31), "payments", ("voluntary", True))
    ],
    "cyd, who came back": [
        Stay(date(2024, 1, 1), date(2025, 6, 30), "web", ("voluntary", False)),
        Stay(date(2026, 1, 15), FOREVER, "web"),
    ],
    "dee, whose first day was corrected": [Stay(date(2025, 11, 1), FOREVER, "payments")],
    "eli, a contractor": [],
    "fay, an intern until February": [Stay(date(2026, 2, 1), FOREVER, "web")],
    "gus, who never came": [],
    "hal, who left before he came": [],
    "ivy, who will leave in July": [Stay(date(2025, 1, 1), FOREVER, "payments")],
    "jon, of unknown type": [Stay(date(2025, 1, 1), date(2026, 5, 20), "payments", ("involuntary", False))],
    "kim, whose regret is unknown": [Stay(date(2025, 1, 1), date(2026, 6, 30), "web", ("voluntary", None))],
    "lee, whose organisation is no team": [Stay(date(2025, 1, 1), FOREVER, "unmapped")],
    "mia, whose position ends before it starts": [Stay(date(2025, 1, 1), FOREVER, "unmapped")],
    "nia, of the roster": [Stay(date(2025, 2, 1), date(2026, 4, 30), "web", ("voluntary", True))],
}


def _land(home: DataHome, system: str, table: str, delivered: str, source: Path) -> None:
    target = home.landing / system / table / delivered / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _load(home: DataHome) -> None:
    contracts = read_contracts(PROJECT)
    with open_warehouse(home, holder="test") as con:
        ensure_tables(con, contracts)
        for system in ("catalogue", "workday"):
            load_system(con, home, contracts[system])


def _build(home: DataHome, selection: str) -> None:
    """Seeds and models only: many a test of the project reads marts beyond this selection."""
    types = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    run_dbt(home, "build", *types, "--select", selection)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = DataHome(tmp_path_factory.mktemp("edited_history") / "data")
    for folder in sorted(EDITED_HISTORY.iterdir()):
        for source in sorted(folder.iterdir()):
            system = "catalogue" if source.stem == "teams" else "workday"
            _land(home, system, source.stem, folder.name, source)
    _load(home)
    _build(home, "+kpi_regrettable_attrition_records")
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        yield con


def test_headcount_is_what_a_count_by_hand_gives_on_every_day(people: duckdb.DuckDBPyConnection) -> None:
    expected: Counter[tuple[str, date]] = Counter()
    day = COUNTED_FROM
    while day <= AS_OF:
        for stays in STAYS.values():
            expected.update((stay.team, day) for stay in stays if stay.first <= day <= stay.last)
        day += timedelta(days=1)
    found = people.execute(
        "select team_id, headcount_date, headcount from marts_people.fct_headcount_daily"
    ).fetchall()
    assert {(team, day): count for team, day, count in found} == dict(expected)


def test_exits_are_those_of_the_company_and_a_transfer_is_none_of_them(
    people: duckdb.DuckDBPyConnection,
) -> None:
    expected = sorted(
        (stay.last, stay.team, *stay.exit) for stays in STAYS.values() for stay in stays if stay.exit
    )
    found = people.execute(
        """select exit_date, team_id, termination_kind, is_regretted from marts_people.fct_exits
        where exit_scope = 'company' and exclusion_reason is null order by all"""
    ).fetchall()
    assert sorted(found) == expected
    moves = people.execute(
        "select exit_date, team_id, to_team_id from marts_people.fct_exits where exit_scope = 'team'"
    ).fetchall()
    assert moves == [(date(2026, 1, 31), "payments", "web")]


def test_the_records_add_up_to_the_count_by_hand(people: duckdb.DuckDBPyConnection) -> None:
    found = {
        kpi_id: (numerator, denominator)
        for kpi_id, numerator, denominator in people.execute(
            """select kpi_id, sum(numerator), sum(denominator)
            from marts_people.kpi_regrettable_attrition_records group by kpi_id"""
        ).fetchall()
    }
    days = people.execute("select sum(headcount) from marts_people.fct_headcount_daily").fetchone()
    assert days is not None
    exits = [stay.exit for stays in STAYS.values() for stay in stays if stay.exit]
    voluntary = [regretted for kind, regretted in exits if kind == "voluntary"]
    assert found == {
        "regrettable_attrition": (sum(regretted is True for _, regretted in exits), days[0]),
        "voluntary_attrition": (len(voluntary), days[0]),
        "involuntary_attrition": (len(exits) - len(voluntary), days[0]),
        "total_attrition": (len(exits), days[0]),
        "regretted_unknown_share": (voluntary.count(None), len(voluntary)),
    }


def test_what_does_not_count_says_why(people: duckdb.DuckDBPyConnection) -> None:
    found = people.execute(
        """select source_system, exclusion_reason, count(*) from intermediate.int_employment_spells
        where exclusion_reason is not null group by all order by all"""
    ).fetchall()
    assert found == [
        ("roster", "told_by_workday", 1),
        ("workday", "end_before_start", 1),
        ("workday", "hire_rescinded", 1),
        ("workday", "superseded_by_edit", 1),
    ]


def test_nothing_personal_reaches_the_warehouse_and_ids_join_all_the_same(
    people: duckdb.DuckDBPyConnection,
) -> None:
    columns = people.execute(
        """select table_schema, table_name, column_name from information_schema.columns
        where data_type = 'VARCHAR' and table_schema <> 'information_schema'"""
    ).fetchall()
    assert len(columns) > 100
    for schema, table, column in columns:
        leaked = people.execute(
            f"""select "{column}" from "{schema}"."{table}"
            where "{column}" like '%CANARY%' or "{column}" in ('ada', 'bob', 'kim') limit 1"""
        ).fetchall()
        assert leaked == [], f"{schema}.{table}.{column}"
    joined = people.execute(
        """select count(distinct h.worker_id) from raw_workday.worker_history as h
        inner join raw_workday.worker_position_history as p on p.worker_id = h.worker_id"""
    ).fetchone()
    # gus has no position, and nobody has one without an employment
    assert joined == (len(STAYS) - 2,)


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """100 people all year in one team; two of them, regretted, leave on its last day. Four sit in another."""
    home = DataHome(tmp_path_factory.mktemp("hundred") / "data")
    folder = home.landing / "workday" / "roster" / "2026-07-01"
    folder.mkdir(parents=True)
    header = ["worker_id", "worker_type", "hired_on", "terminated_on", "termination_kind", "regretted"]
    with (folder / "roster.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*header, "hr_organization_id"])
        for number in range(100):
            ending = ["2026-06-30", "voluntary", "true"] if number < 2 else ["", "", ""]
            writer.writerow(
                [f"w{number}", "employee", "2020-01-01", *ending, "big" if number < 96 else "small"]
            )
    teams = home.landing / "catalogue" / "teams" / "2026-07-01" / "teams.csv"
    teams.parent.mkdir(parents=True)
    teams.write_text(
        "team_id,team_name,group_id,group_name,hr_organization_id,valid_from,valid_to\n"
        "big,Big,all,All,big,2015-01-01,\nsmall,Small,all,All,small,2015-01-01,\n",
        encoding="utf-8",
    )
    _load(home)
    _build(home, "+mart_attrition")
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        yield con


def test_two_regretted_leavers_of_a_hundred_on_the_last_day_of_the_year_are_two_percent(
    hundred: duckdb.DuckDBPyConnection,
) -> None:
    assert hundred.execute(
        """select numerator, denominator, value from marts.fct_kpi_values
        where kpi_id = 'regrettable_attrition' and period_grain = 'quarter'
            and period_start = date '2026-04-01' and segment_type = 'org'"""
    ).fetchone() == (2, 100, 0.02)
    assert hundred.execute(
        """select regrettable_attrition_rate, voluntary_leavers, involuntary_leavers, average_headcount,
            quarter_regrettable_attrition_rate, quarter_average_headcount
        from marts.mart_attrition
        where period_grain = 'quarter' and period_start = date '2026-04-01' and segment_type = 'org'"""
    ).fetchone() == (0.02, 2, 0, 100, 2 / 100 * 365 / 91, 100)


def test_a_team_of_four_is_hidden_and_with_it_the_only_other_team(hundred: duckdb.DuckDBPyConnection) -> None:
    figures = [
        name
        for (name,) in hundred.execute(
            """select column_name from information_schema.columns
            where table_name = 'mart_attrition' and data_type in ('DOUBLE', 'BIGINT', 'DECIMAL(38,9)')"""
        ).fetchall()
    ]
    assert len(figures) == 20
    shown = " or ".join(f"{name} is not null" for name in figures if name != "target")
    # Before the first whole year nothing is told of anybody, nor of the organisation: nothing to hide.
    found = hundred.execute(
        f"""with told as (select *, {shown} as is_shown from marts.mart_attrition)
        select team.segment_id, org.status <> 'no_data', team.status, team.is_suppressed,
            bool_or(team.is_shown)
        from told as team
        inner join told as org
            on org.segment_type = 'org' and org.period_grain = team.period_grain
                and org.period_start = team.period_start
        where team.segment_type = 'team' and team.period_end <= date '2026-06-30'
        group by all order by all"""
    ).fetchall()
    assert found == [
        ("big", False, "no_data", False, False),
        ("big", True, "suppressed", True, False),
        ("small", False, "no_data", False, False),
        ("small", True, "suppressed", True, False),
    ]
