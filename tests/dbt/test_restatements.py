"""What changed of a published number, by the records that moved: told exactly, and once."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.publishing.history import HISTORY, Remembered, remember_publication
from orchestration.publishing.marts import Mart
from tests.company.test_readme import MAY_BE_EMPTY
from tests.publishing.conftest import describe_run, record_build

from .kpi_house import BUILT, Row, fill_tables, found_house
from .project import PROJECT, run_dbt
from .test_kpi_values import LAST_DAY, SERVICES, tables

HISTORY_MODELS = (
    "path:models/intermediate/kpi_history",
    "fct_kpi_value_history",
    "fct_kpi_restatements",
    "fct_kpi_restatement_records",
    "path:tests/kpi_history",
)
MODELS = (*sorted({*BUILT} - {"fct_kpi_control_chart"}), "kpi_*_records", *HISTORY_MODELS)
# What lies between the records and the history; the rest is as the first build left it.
REBUILT = (
    *(
        "int_kpi_daily",
        "int_kpi_repeated_records",
        "int_kpi_percentiles",
        "int_kpi_measures",
        "int_kpi_spine",
        "fct_kpi_values",
    ),
    *HISTORY_MODELS,
)
MART = Mart(name=HISTORY, description="", columns=(), primary_key=(), systems=frozenset())
INCIDENTS, ACTIONS, OPENINGS = "major_incidents", "postmortem_action_completion", "hiring_time_to_fill"
MARCH, APRIL = date(2025, 3, 1), date(2025, 4, 1)


def record(kpi_id: str, record_id: str, day: date, **values: Any) -> Row:
    return {"kpi_id": kpi_id, "record_id": record_id, "event_date": day, "exclusion_reason": None, **values}


def hand_made() -> dict[str, list[Row]]:
    """A count, a share and a median small enough to reckon by eye, of KPIs that the drawn company has not."""
    march = [MARCH + timedelta(days=day) for day in range(31)]
    first = date(2025, 1, 1)
    count = {"service_id": "shop", "severity": "sev1", "numerator": 1, "denominator": 1}
    return {
        f"int_kpi_{INCIDENTS}_records": [
            record(INCIDENTS, name, day, **count)
            for name, day in {
                "first": first, "stays": march[3], "deleted": march[4], "dated anew": march[30],
                "april": APRIL,
            }.items()
        ]
        # One record on two services: it counts once for the organisation, whatever becomes of one of them.
        + [
            record(INCIDENTS, "on two", march[9], **{**count, "service_id": name})
            for name in ("shop", "till")
        ],
        f"int_kpi_{ACTIONS}_records": [
            record(ACTIONS, name, day, service_id="shop", numerator=done, denominator=1)
            for name, day, done in (
                ("first", first, 1), ("late", march[1], 0), ("done after all", march[2], 0),
                ("a twin", march[2], 1),
            )
        ],
        f"int_kpi_{OPENINGS}_records": [
            record(OPENINGS, name, day, team_id="web", measured=days)
            for name, day, days in (
                ("first", first, 9), ("short", march[1], 10), ("middle", march[2], 20),
                ("long", march[3], 30),
            )
        ],
    }  # fmt: skip


def correct_by_hand(given: Mapping[str, list[Row]]) -> None:
    incidents = given[f"int_kpi_{INCIDENTS}_records"]
    incidents[:] = [row for row in incidents if row["record_id"] != "deleted"]
    for row in incidents:
        if row["record_id"] == "dated anew":
            row["event_date"] = APRIL
        if row["record_id"] == "on two" and row["service_id"] == "till":
            row["service_id"] = "desk"
    count = {"service_id": "shop", "severity": "sev1", "numerator": 1, "denominator": 1}
    incidents += [record(INCIDENTS, f"came late {n}", MARCH, **count) for n in range(3)]
    for row in given[f"int_kpi_{ACTIONS}_records"]:
        if row["record_id"] == "done after all":
            row["numerator"] = 1
        if row["record_id"] == "a twin":
            row |= {"numerator": 0, "denominator": 0, "exclusion_reason": "duplicate"}
    for row in given[f"int_kpi_{OPENINGS}_records"]:
        if row["record_id"] == "middle":
            row["measured"] = 40


def correct_at_random(given: Mapping[str, list[Row]]) -> None:
    """Of the drawn company: records go, come, change their day, service, figures, and count or not."""
    chance = random.Random(11)
    names = [
        f"int_kpi_{kpi}_records" for kpi in ("deployment_frequency", "change_failure_rate", "time_to_restore")
    ]
    for name in names:
        rows = given[name]
        rows[:] = [row for row in rows if chance.random() > 0.05]
        for row in rows:
            what = chance.random()
            if what < 0.05:
                row["event_date"] -= timedelta(days=chance.randrange(60))
            elif what < 0.1:
                row["service_id"] = chance.choice(SERVICES)
            elif what < 0.15 and row.get("denominator"):
                row["numerator"] = 1 - row["numerator"]
            elif what < 0.2:
                row |= {"exclusion_reason": "duplicate", "measured": None}
                row |= {figure: 0 for figure in ("numerator", "denominator") if figure in row}
            elif what < 0.25 and row.get("measured"):
                row["measured"] /= 2
        rows += [{**row, "record_id": f"{row['record_id']} again"} for row in rows[:40]]
    # The catalogue learns that a service had another owner all the time.
    for owned in given["int_service_ownership"][:2]:
        owned["team_id"] = "team-2"


class House:
    """The KPI tables, built again and again, each build published."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.given: dict[str, list[Row]] = {**tables(), **hand_made()}
        self.given["int_team_groups"] = [
            {
                "team_id": "web",
                "group_id": "north",
                "valid_from": date(2020, 1, 1),
                "valid_to": date(9999, 12, 31),
            }
        ]
        landed = dict.fromkeys(
            (
                "github.deployments",
                "github.pull_requests",
                "pagerduty.incidents",
                "github.issues",
                "greenhouse.jobs",
            ),
            LAST_DAY,
        )
        self.home: DataHome = found_house(root, self.given, landed)

    def publish(self, name: str, models: Sequence[str] = MODELS, **variables: str | int) -> Remembered:
        """Builds the models, with the data tests of the history, and publishes; what was remembered."""
        with duckdb.connect(str(self.home.warehouse)) as con:
            fill_tables(con, self.given, self.root)
        words = json.dumps({"as_of_date": LAST_DAY.isoformat(), **variables})
        run_dbt(
            self.home, "build", "--exclude-resource-type", "unit_test", "--select", *models, "--vars", words
        )
        record_build(self.home)
        run = describe_run(self.home, name, marts=(MART,))
        remembered = remember_publication(self.home, run)
        assert remember_publication(self.home, run) == Remembered()
        return remembered

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.home.warehouse), read_only=True) as con:
            return con.execute(query).fetchall()

    def explain(self, kpi_id: str, start: date, segment: str) -> dict[str, tuple[Any, ...]]:
        """By reason: records, change of the sample, of the numerator and of the denominator."""
        rows = self.ask(
            f"""
            select reason, record_count, sample_size_change, numerator_change, denominator_change
            from marts.fct_kpi_restatements
            where kpi_id = '{kpi_id}' and period_grain = 'month' and period_start = date '{start}'
                and segment_type || ' ' || segment_id = '{segment}' and version = 2
            """
        )
        return {reason: tuple(None if x is None else int(x) for x in changes) for reason, *changes in rows}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    house = House(tmp_path_factory.mktemp("restated"))
    first = house.publish("first")
    assert first.values > 5000
    assert first.restatements == 0
    assert first.records > 2000
    correct_by_hand(house.given)
    correct_at_random(house.given)
    second = house.publish("corrected", REBUILT)
    assert second.restatements > second.values > 500
    return house


def test_the_records_that_moved_add_up_to_every_difference(house: House) -> None:
    """By the data test that runs with every build; here only that it had something to say."""
    told = house.ask(
        """select reason, count(*) from marts.fct_kpi_restatements
        where publication = 2 group by reason order by reason"""
    )
    assert [reason for reason, _ in told] == [
        "added", "corrected", "moved_period", "moved_segment", "newly_excluded", "newly_included", "removed",
        "withdrawn",
    ]  # fmt: skip
    assert all(count >= 10 for reason, count in told if reason != "withdrawn")


def test_a_late_record_a_deletion_and_a_new_date_restate_a_count(house: House) -> None:
    assert house.explain(INCIDENTS, MARCH, "org org") == {
        "added": (3, 3, 3, None),
        "removed": (1, -1, -1, None),
        "moved_period": (1, -1, -1, None),
    }
    assert house.explain(INCIDENTS, APRIL, "org org") == {"moved_period": (1, 1, 1, None)}


def test_a_record_that_leaves_one_of_its_services_still_counts_once_for_the_organisation(
    house: House,
) -> None:
    assert house.explain(INCIDENTS, MARCH, "service till") == {
        "moved_segment": (1, -1, -1, None),
        "withdrawn": (0, 0, 0, None),
    }
    assert house.explain(INCIDENTS, MARCH, "service desk") == {}, "a figure of its own, published first"
    moved = house.ask(
        f"""select told, place_number, service_id, movement from marts.fct_kpi_restatement_records
        where kpi_id = '{INCIDENTS}' and record_id = 'on two' order by all"""
    )
    assert moved == [
        ("after", 1, "desk", "moved_segment"),
        ("after", 2, "shop", "moved_segment"),
        ("before", 1, "shop", "moved_segment"),
        ("before", 2, "till", "moved_segment"),
    ]


def test_a_correction_and_a_record_left_out_restate_a_share(house: House) -> None:
    assert house.explain(ACTIONS, MARCH, "org org") == {
        "corrected": (1, 0, 1, 0),
        "newly_excluded": (1, -1, -1, -1),
    }


def test_a_median_lists_the_record_that_moved_it(house: House) -> None:
    assert house.explain(OPENINGS, MARCH, "team web") == {"corrected": (1, 0, None, None)}
    listed = house.ask(
        f"""select record_id, movement, told, measured from marts.fct_kpi_restatement_records
        where kpi_id = '{OPENINGS}' order by all"""
    )
    assert listed == [("middle", "corrected", "after", 40.0), ("middle", "corrected", "before", 20.0)]
    values = house.ask(
        f"""select value, restated_by from marts.fct_kpi_value_history
        where kpi_id = '{OPENINGS}' and segment_type = 'org' and period_grain = 'month'
            and period_start = date '{MARCH}' order by version"""
    )
    assert values == [(20.0, "first"), (30.0, "data")]


def test_a_turned_knob_is_another_definition_that_stands_beside_the_old_one(house: House) -> None:
    """Last: it is published on top of the others. Of the KPIs without that knob nothing is told."""
    assert house.publish("another lag", ("dim_kpi", *REBUILT), incident_lag_hours=48).values > 100
    sides = house.ask(
        """
        select old.definition_version, new.definition_version, new.restated_by, count(*)
        from marts.fct_kpi_value_history as new
        inner join marts.fct_kpi_value_history as old
            using (kpi_id, period_grain, period_start, segment_type, segment_id)
        where new.kpi_id = 'change_failure_rate' and new.is_current
            and old.is_last_of_definition and old.definition_version <> new.definition_version
        group by all
        """
    )
    assert [side[:3] for side in sides] == [("1", "1+incident_lag_hours=48", "definition")]
    assert sides[0][3] > 100
    assert house.ask(
        "select distinct reason, record_count from marts.fct_kpi_restatements where publication = 3"
    ) == [("definition", 0)]
    with (PROJECT / "seeds" / "worked_queries.csv").open(encoding="utf-8", newline="") as file:
        worked = {row["question"]: row["query"] for row in csv.DictReader(file)}
    for question in MAY_BE_EMPTY:
        assert house.ask(worked[question]), question
    kpis = house.ask("select distinct kpi_id from marts.fct_kpi_value_history where publication = 3")
    assert ("change_failure_rate",) in kpis
    assert ("deployment_frequency",) not in kpis
