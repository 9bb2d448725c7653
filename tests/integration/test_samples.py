"""Real payloads through the landing folder: each record is in a raw table, or in quarantine for a reason."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.loading.contract import read_contracts
from orchestration.loading.load import ensure_tables, load_system
from orchestration.loading.warehouse import open_warehouse
from tests.dbt.project import run_dbt

PROJECT = Path(__file__).resolve().parents[2]
SAMPLES = PROJECT.parent / "shared" / "samples"

pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout"),
]

# Where each payload is dropped: system, table, sample files.
DROPS = {
    ("github", "workflow_runs"): ["github/devlake_runs.jsonl"],
    ("github", "workflow_jobs"): ["github/devlake_jobs.jsonl"],
    ("github", "pull_requests"): ["github/devlake_pull_requests.jsonl"],
    ("github", "pull_request_commits"): ["github/devlake_pull_request_commits.jsonl"],
    ("github", "pull_request_reviews"): ["github/devlake_pull_request_reviews.jsonl"],
    ("github", "issues"): ["github/devlake_issues.jsonl"],
    ("github", "deployments"): [
        "github/devlake_graphql_deployment.jsonl",
        "github/octokit_webhook_examples/deployment__payload.json",
    ],
    ("github", "deployment_statuses"): ["github/octokit_webhook_examples/deployment_status__payload.json"],
    ("pagerduty", "incidents"): [
        "pagerduty/devlake_incidents.jsonl",
        "pagerduty/port_ocean/incidents__a.json",
        "pagerduty/port_ocean/incidents__b.json",
    ],
    ("pagerduty", "on_calls"): ["pagerduty/port_ocean/oncalls__a.json"],
    ("pagerduty", "services"): ["pagerduty/port_ocean/services__a.json"],
    ("focus", "charges"): ["cloud_billing/focus_1.0_sample_1000.csv"],
    ("workday", "worker_history"): ["hr/workday_worker_history_data.csv"],
    ("workday", "worker_position_history"): ["hr/workday_worker_position_history_data.csv"],
    ("workday", "worker_position_organization_history"): [
        "hr/workday_worker_position_organization_history_data.csv"
    ],
    ("workday", "organizations"): ["hr/workday_organization_data.csv"],
    ("surveys", "qualtrics_responses"): ["survey/qualtrics_survey_response.csv"],
    ("surveys", "qualtrics_question_responses"): ["survey/qualtrics_question_response.csv"],
    ("surveys", "qualtrics_embedded_data"): ["survey/qualtrics_survey_embedded_data.csv"],
    ("surveys", "qualtrics_distributions"): ["survey/qualtrics_distribution.csv"],
    ("surveys", "qualtrics_distribution_contacts"): ["survey/qualtrics_distribution_contact.csv"],
    ("prometheus", "slo_definitions"): [
        f"slo/{path.name}" for path in sorted((SAMPLES / "slo").glob("*.yaml"))
    ],
}
# Extracts of Workday that no KPI needs; most are personal. They are refused as files, and said to be.
NOT_TAKEN = [
    "job_family", "job_profile", "organization_role", "organization_role_worker", "person_name",
    "personal_information_history", "position", "position_organization", "worker_leave_status",
]  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = DataHome(tmp_path_factory.mktemp("samples") / "data")
    for (system, table), files in DROPS.items():
        for name in files:
            target = home.landing / system / table / Path(name).name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(SAMPLES / name, target)
    for table in NOT_TAKEN:
        target = home.landing / "workday" / table / f"workday_{table}_data.csv"
        target.parent.mkdir(parents=True)
        shutil.copyfile(SAMPLES / "hr" / target.name, target)
    contracts = read_contracts(PROJECT / "dbt_project")
    with open_warehouse(home, holder="test") as con:
        ensure_tables(con, contracts)
        for contract in contracts.values():
            load_system(con, home, contract)
    return home


@pytest.fixture
def warehouse(loaded: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(str(loaded.warehouse), read_only=True)
    yield con
    con.close()


def count_records(path: Path) -> int:
    """Records in a JSON, JSONL or YAML sample, counted without the loader."""
    if path.suffix == ".jsonl":
        return sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    if path.suffix == ".json":
        body = json.loads(path.read_text(encoding="utf-8"))
        for member in ("incidents", "oncalls", "services"):
            if isinstance(body, dict) and isinstance(body.get(member), list):
                return len(body[member])
        return 1
    raise ValueError(path)


@pytest.mark.parametrize(
    ("system", "table", "name"),
    [
        (system, table, name)
        for (system, table), names in DROPS.items()
        for name in names
        if name.endswith((".json", ".jsonl"))
    ],
)
def test_every_json_record_is_accounted_for(
    warehouse: duckdb.DuckDBPyConnection, system: str, table: str, name: str
) -> None:
    row = warehouse.execute(
        """
        select status, rows_read, rows_loaded + rows_duplicate + rows_superseded + rows_quarantined
        from ops.ingest_files where system = ? and table_name = ? and path like ?
        """,
        [system, table, f"%{Path(name).name}"],
    ).fetchone()
    assert row == ("loaded", count_records(SAMPLES / name), count_records(SAMPLES / name))


def test_every_quarantined_row_says_which_column_and_why(warehouse: duckdb.DuckDBPyConnection) -> None:
    rejects = warehouse.execute("select path, row_number, reason from ops.ingest_rejects").fetchall()
    assert all(reason and path and number is not None for path, number, reason in rejects)


def test_real_delivery_payloads_load_without_quarantine(warehouse: duckdb.DuckDBPyConnection) -> None:
    rejected = warehouse.execute(
        "select path, column_name, reason from ops.ingest_rejects where system in ('github', 'pagerduty')"
    ).fetchall()
    assert rejected == []


def test_slo_files_of_other_makers_are_refused_with_their_kind(warehouse: duckdb.DuckDBPyConnection) -> None:
    files = dict(
        warehouse.execute(
            """
            select split_part(split_part(path, '/', -1), '_', 1), sum(rows_loaded + rows_superseded)
            from ops.ingest_files where system = 'prometheus' group by all
            """
        ).fetchall()
    )
    # Four OpenSLO files; two of them define the same SLO, of which the newer stays.
    assert files == {"openslo": 5, "pyrra": 0, "sloth": 0}
    reasons = warehouse.execute("select distinct reason from ops.ingest_rejects where system = 'prometheus'")
    assert all("kind" in reason for (reason,) in reasons.fetchall())


def test_the_bill_equals_the_file_to_the_last_digit(warehouse: duckdb.DuckDBPyConnection) -> None:
    sample = str(SAMPLES / "cloud_billing" / "focus_1.0_sample_1000.csv")
    in_file = dict(
        duckdb.execute(
            """
            select "ProviderName", sum(cast("BilledCost" as decimal(38, 18)))
            from read_csv(?, all_varchar = true, header = true) group by all
            """,
            [sample],
        ).fetchall()
    )
    in_table = dict(
        warehouse.execute(
            "select provider_name, sum(billed_cost) from raw_focus.charges group by all"
        ).fetchall()
    )
    assert in_table == in_file
    assert sum(in_table.values()) == sum(in_file.values(), Decimal(0))
    counted = warehouse.execute("select count(*) from raw_focus.charges").fetchone()
    assert counted == (1000,)


def test_every_worker_row_is_loaded_or_refused_for_a_reason(warehouse: duckdb.DuckDBPyConnection) -> None:
    for table in ("worker_history", "worker_position_history", "organizations"):
        row = warehouse.execute(
            """
            select count(*), bool_and(status = 'loaded'),
                sum(rows_read) - sum(rows_loaded + rows_duplicate + rows_superseded + rows_quarantined)
            from ops.ingest_files where system = 'workday' and table_name = ?
            """,
            [table],
        ).fetchone()
        assert row == (1, True, 0), table


def test_every_row_of_the_survey_samples_is_loaded(warehouse: duckdb.DuckDBPyConnection) -> None:
    for (system, table), (name,) in ((drop, names) for drop, names in DROPS.items() if drop[0] == "surveys"):
        with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
            records = list(csv.DictReader(file))
        # Of the fields that somebody embedded, those that tell no team, function or wave are not taken.
        wanted = 0 if table == "qualtrics_embedded_data" else len(records)
        row = warehouse.execute(
            "select status, rows_read, rows_loaded from ops.ingest_files where system = ? and table_name = ?",
            [system, table],
        ).fetchone()
        assert row == ("loaded", wanted, wanted), table
        assert records


def test_a_response_of_the_samples_is_told_by_its_survey_and_its_instant(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    with (SAMPLES / "survey" / "qualtrics_survey_response.csv").open(encoding="utf-8", newline="") as file:
        given = sorted((row["survey_id"], row["recorded_date"][:19]) for row in csv.DictReader(file))
    found = warehouse.execute(
        """
        select survey_id, strftime(recorded_at, '%Y-%m-%d %H:%M:%S') from raw_surveys.qualtrics_responses
        where starts_with(response_id, 'p_') order by all
        """
    ).fetchall()
    assert found == given


def test_personal_values_of_the_survey_samples_are_nowhere_in_the_home(loaded: DataHome) -> None:
    personal = set()
    columns = ("ip_address", "recipient_email", "id", "survey_link", "contact_id", "contact_lookup_id")
    for name in ("survey_response", "distribution_contact"):
        with (SAMPLES / "survey" / f"qualtrics_{name}.csv").open(encoding="utf-8", newline="") as file:
            personal |= {row[c].encode() for row in csv.DictReader(file) for c in columns if row.get(c)}
    assert len(personal) > 10
    kept = [path for path in loaded.root.rglob("*") if path.is_file() and loaded.landing not in path.parents]
    for path in kept:
        content = path.read_bytes()
        assert not [value for value in personal if value in content], path


def test_extracts_without_a_contract_are_refused_and_named(warehouse: duckdb.DuckDBPyConnection) -> None:
    refused = warehouse.execute(
        "select table_name, reason from ops.ingest_files where system = 'workday' and status = 'failed'"
    ).fetchall()
    assert sorted(table for table, _ in refused) == sorted(NOT_TAKEN)
    assert all("contract" in reason for _, reason in refused)


def test_personal_values_of_the_hr_samples_are_nowhere_in_the_home(loaded: DataHome) -> None:
    canaries = [b"sbob", b"hsimpson", b"49258.1", b"1448422.8"]
    kept = [path for path in loaded.root.rglob("*") if path.is_file() and loaded.landing not in path.parents]
    assert kept
    for path in kept:
        content = path.read_bytes()
        assert not [canary for canary in canaries if canary in content], path


def test_the_marts_build_on_the_samples_alone(loaded: DataHome) -> None:
    variables = json.dumps({"as_of_date": "2026-06-30"})
    results = run_dbt(loaded, "build", "--exclude-resource-type", "unit_test", "--vars", variables)["results"]
    # An exposure is listed, and nothing is to be done for it.
    assert {result["status"] for result in results} <= {"success", "pass", "warn", "no-op"}
    warned = [result["unique_id"].split(".")[2] for result in results if result["status"] == "warn"]
    # Two of the Workday extracts were taken from different tenants: their ids do not join, and dbt says so.
    assert warned == ["positions_belong_to_a_worker"]
    with duckdb.connect(str(loaded.warehouse), read_only=True) as con:
        counts = dict(
            con.execute(
                """
                select kpi_id, sum(sample_size) from marts.fct_kpi_values
                where segment_type = 'org' and period_grain = 'month' group by kpi_id
                """
            ).fetchall()
        )
    # One deployment names production, by the webhook; runs that were cancelled are apart.
    assert counts["deployment_frequency"] == 1
    assert counts["pipeline_success_rate"] > 10
