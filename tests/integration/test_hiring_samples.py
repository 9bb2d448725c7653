"""Real payloads of HR and hiring: each is taken or refused for a reason; what is taken reaches the models."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.load import ensure_tables, load_system
from orchestration.loading.warehouse import open_warehouse
from tests.dbt.project import PROJECT, run_dbt

SAMPLES = PROJECT.parents[1] / "shared" / "samples"
# Harvest v3 has no published payloads: these are written by hand, a folder per table, a file per day.
HARVEST_V3 = Path(__file__).parents[1] / "fixtures" / "greenhouse" / "harvest_v3"
CONTRACTS = read_contracts(PROJECT)

pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout"),
]

# Harvest's examples are named for their page of the documentation, the CSV seeds for their table.
PAGES = {
    "jobs": "jobs", "job_openings": "job_openings", "applications": "applications", "offers": "offers",
    "candidates": "candidates", "job_stages": "job_stages", "departments": "departments",
    "close_reasons": "close_reasons", "rejection_reasons": "rejection_reasons",
    "activity_feed": "activity_feed",
}  # fmt: skip
SEEDS = {
    "job": "jobs", "job_opening": "job_openings", "application": "applications", "candidate": "candidates",
    "job_stage": "job_stages", "department": "departments", "activity": "activity_feed",
    "application_history": "application_history", "job_application": "job_applications",
    "job_department": "job_departments",
}  # fmt: skip
WORKDAY = {
    "worker_history": "worker_history", "worker_position_history": "worker_position_history",
    "worker_position_organization_history": "worker_position_organization_history",
    "organization": "organizations",
}  # fmt: skip
CANDIDATE_OF_FEED = "69306314"


def place(path: Path) -> tuple[str, str]:
    """System and table into whose folder somebody would drop the sample, whether a table takes it or not."""
    if found := re.fullmatch(r"greenhouse_harvest_(\w+?)__.*", path.stem):
        return "greenhouse", PAGES.get(found[1], found[1])
    if path.stem.startswith("greenhouse_"):
        name = path.stem.removeprefix("greenhouse_")
        return "greenhouse", SEEDS.get(name, name)
    if path.stem.startswith("workday_"):
        name = path.stem.removeprefix("workday_").removesuffix("_data")
        return "workday", WORKDAY.get(name, name)
    return "workday", "roster"  # a list of employees of no system that we know


def samples() -> list[Path]:
    """Every file of the two folders; none where the samples are absent."""
    return sorted(path for folder in ("hr", "hiring") for path in (SAMPLES / folder).glob("*.*"))


def takes(path: Path) -> bool:
    system, table = place(path)
    return table in CONTRACTS[system].tables


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = DataHome(tmp_path_factory.mktemp("hiring_samples") / "data")
    for path in samples():
        system, table = place(path)
        folder = home.landing / system / table
        if table == "activity_feed" and path.suffix == ".json":
            folder /= CANDIDATE_OF_FEED
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.name)
    for path in HARVEST_V3.glob("*/*.json"):
        folder = home.landing / "greenhouse" / path.parent.name / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / path.name)
    with open_warehouse(home, holder="test") as con:
        ensure_tables(con, CONTRACTS)
        for system in ("greenhouse", "workday"):
            load_system(con, home, CONTRACTS[system])
    selected = (
        "+fct_hiring_funnel",
        "+fct_openings",
        "+fct_applications",
        "+fct_headcount_daily",
        "+fct_exits",
    )
    types = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    variables = json.dumps({"as_of_date": "2026-06-30"})
    run_dbt(home, "build", *types, "--select", *selected, "--vars", variables)
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        yield con


def count_records(path: Path) -> int:
    """Records of a sample, counted without the loader."""
    if path.suffix == ".csv":
        return len(list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())))
    body = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(body, dict):
        return len(body["activities"]) if "activities" in body else 1
    return len(body)


@pytest.mark.parametrize("path", [p for p in samples() if takes(p)], ids=lambda path: path.stem)
def test_every_record_is_loaded_or_accounted_for(warehouse: duckdb.DuckDBPyConnection, path: Path) -> None:
    row = warehouse.execute(
        """
        select status, reason, rows_read, rows_loaded + rows_duplicate + rows_superseded + rows_quarantined
        from ops.ingest_files where system = ? and table_name = ? and sha256 = ?
        """,
        # By content, as the ledger knows files: some of Harvest's examples are the same bytes twice.
        [*place(path), hashlib.sha256(path.read_bytes()).hexdigest()],
    ).fetchone()
    if path.stem.startswith("ibm_"):
        # A teaching set of 1,470 people without one date or a worker's id: nothing could be computed from it.
        assert row is not None
        assert (row[0], row[2]) == ("failed", 0)
        assert "worker_id" in row[1]
        return
    assert row == ("loaded", None, count_records(path), count_records(path))


def test_only_what_no_figure_needs_is_refused_and_says_that_no_table_takes_it(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    refused = {place(path) for path in samples() if not takes(path)}
    assert ("greenhouse", "eeoc") in refused
    found = warehouse.execute(
        "select system, table_name, reason from ops.ingest_files "
        "where status = 'failed' and table_name <> 'roster'"
    ).fetchall()
    assert {(system, table) for system, table, _ in found} == refused
    assert all("contract" in reason for _, _, reason in found)


def test_nothing_of_the_samples_is_quarantined(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert warehouse.execute("select path, column_name, reason from ops.ingest_rejects").fetchall() == []


def test_openings_of_both_forms_reach_the_mart(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = {
        row[0]: row[1:]
        for row in warehouse.execute(
            """select opening_id, opening_status, accepted_date, close_kind, time_to_fill_days,
                exclusion_reason
            from marts.fct_openings"""
        ).fetchall()
    }
    # In the seeds one was filled, and one closed without an application: cancelled, not filled.
    assert found["4275804003"] == ("filled", date(2021, 1, 25), None, 94, None)
    assert found["4360416003"] == ("cancelled", None, None, None, "cancelled")
    # In Harvest's example: closed by a hire the day it was opened.
    assert found["126"] == ("filled", date(2016, 2, 3), "filled", 0, None)
    # Its opening 123 is open, and yet has an application and an end: the status is believed.
    assert found["123"][0] == "open"


def test_harvest_v3_tells_the_same_in_another_shape(warehouse: duckdb.DuckDBPyConnection) -> None:
    def ask(sql: str) -> list[tuple[object, ...]]:
        return warehouse.execute(f"{sql} order by all").fetchall()

    assert ask(
        "select opening_id, opening_status, accepted_date, close_kind, time_to_fill_days"
        " from marts.fct_openings where opening_id like '91%'"
    ) == [("9101", "filled", date(2026, 5, 20), "filled", 49), ("9102", "open", None, None, None)]
    assert ask(
        "select application_id, application_status, ended_by from intermediate.int_applications"
        " where application_id like '93%'"
    ) == [("9301", "hired", None), ("9302", "rejected", "candidate"), ("9303", "active", None)]
    assert ask(
        "select application_id, version, version_count, offer_status from intermediate.int_offers"
        " where application_id like '93%'"
    ) == [("9301", 2, 2, "accepted"), ("9303", 1, 1, "pending")]
    assert ask(
        "select stage_name, canonical_stage, told_by from intermediate.int_application_stages"
        " where application_id = '9301' and told_by = 'history'"
    ) == [
        ("Application Review", "applied", "history"),
        ("Offer", "offer", "history"),
        ("Technical Interview", "interview", "history"),
    ]
    # What changed without an activity is newer than what was told of the same activity.
    assert ask(
        "select current_stage_name from raw_greenhouse.applications where application_id = '9303'"
    ) == [("Technical Interview",)]


def test_applications_and_offers_count_once(warehouse: duckdb.DuckDBPyConnection) -> None:
    applications = dict(
        warehouse.execute(
            "select application_id, exclusion_reason from intermediate.int_applications"
        ).fetchall()
    )
    assert applications["69306509"] == "prospect"  # although its status is hired
    assert applications["69306314"] is None
    offers = warehouse.execute(
        "select application_id, version, version_count, offer_status from intermediate.int_offers"
    ).fetchall()
    # Version 2 is the latest and nobody has settled it; version 1 was accepted before it was edited.
    assert ("91078894", 2, 3, "pending") in offers
    assert len(offers) == len({offer[0] for offer in offers})


def test_a_sentence_of_the_feed_becomes_a_stage_and_nothing_else_of_it_is_kept(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    told = warehouse.execute(
        "select activity_kind, moved_into from raw_greenhouse.activity_feed where moved_into is not null"
    ).fetchall()
    assert told == [("Candidate Stage Change", "Recruiter Phone Screen for Accounting Manager")]


def test_no_name_or_address_of_the_samples_is_in_any_column(warehouse: duckdb.DuckDBPyConnection) -> None:
    private = [
        "Squarepants",
        "Patrick",
        "Boone",
        "Locke",
        "mysterious",
        "my mom",
        "example.test",
        "81.5k",
        "sbob",
        "quillane",
    ]
    columns = warehouse.execute(
        """select table_schema, table_name, column_name from information_schema.columns
        where data_type = 'VARCHAR' and table_schema <> 'information_schema'"""
    ).fetchall()
    assert len(columns) > 100
    for schema, table, column in columns:
        condition = " or ".join(f"contains(lower(\"{column}\"), '{text.lower()}')" for text in private)
        leaked = warehouse.execute(
            f'select "{column}" from "{schema}"."{table}" where {condition} limit 1'
        ).fetchall()
        assert leaked == [], f"{schema}.{table}.{column}"


def test_workers_of_the_samples_reach_the_spells(warehouse: duckdb.DuckDBPyConnection) -> None:
    raw = warehouse.execute("select count(distinct worker_id) from raw_workday.worker_history").fetchone()
    spells = warehouse.execute(
        "select count(distinct worker_id) from intermediate.int_employment_spells "
        "where source_system = 'workday'"
    ).fetchone()
    assert raw == spells
    assert raw != (0,)
