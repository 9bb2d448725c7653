"""Real payloads, read in place: each record reaches a raw table or the quarantine with a true reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from orchestration.loading.contract import read_contracts
from orchestration.loading.load import ensure_tables, load_system
from tests.loading.conftest import KEY, Shop

REPOSITORY = Path(__file__).parents[2]
SAMPLES = REPOSITORY.parent / "shared" / "samples"
pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no real payloads at {SAMPLES}"),
]

# Sample, table, records in it.
PAYLOADS = [
    ("github/devlake_pull_requests.jsonl", "github/pull_requests", 50),
    ("github/devlake_pull_request_commits.jsonl", "github/pull_request_commits", 90),
    ("github/devlake_pull_request_reviews.jsonl", "github/pull_request_reviews", 30),
    ("github/devlake_runs.jsonl", "github/workflow_runs", 20),
    ("github/devlake_jobs.jsonl", "github/workflow_jobs", 20),
    ("github/devlake_issues.jsonl", "github/issues", 41),
    ("github/devlake_graphql_deployment.jsonl", "github/deployments", 7),
    ("github/octokit_webhook_examples/deployment__payload.json", "github/deployments", 1),
    ("github/octokit_webhook_examples/deployment_status__payload.json", "github/deployment_statuses", 1),
    ("pagerduty/devlake_incidents.jsonl", "pagerduty/incidents", 3),
    ("pagerduty/port_ocean/incidents__a.json", "pagerduty/incidents", 1),
    ("pagerduty/port_ocean/incidents__b.json", "pagerduty/incidents", 1),
    ("pagerduty/port_ocean/oncalls__a.json", "pagerduty/on_calls", 1),
    ("pagerduty/port_ocean/services__a.json", "pagerduty/services", 1),
    ("cloud_billing/focus_1.0_sample_1000.csv", "focus/charges/2024-10-05", 1000),
    ("hr/workday_worker_history_data.csv", "workday/worker_history", 7),
    ("hr/workday_worker_position_history_data.csv", "workday/worker_position_history", 7),
    ("hr/workday_organization_data.csv", "workday/organizations", 5),
    ("survey/qualtrics_survey_response.csv", "surveys/qualtrics_responses", 5),
    ("survey/qualtrics_question_response.csv", "surveys/qualtrics_question_responses", 5),
    # Its fields tell neither a team nor a function nor a wave: not one is taken.
    ("survey/qualtrics_survey_embedded_data.csv", "surveys/qualtrics_embedded_data", 0),
    ("survey/qualtrics_distribution.csv", "surveys/qualtrics_distributions", 5),
    ("survey/qualtrics_distribution_contact.csv", "surveys/qualtrics_distribution_contacts", 5),
]


def test_every_record_of_real_payloads_is_loaded_or_quarantined(shop: Shop) -> None:
    contracts = read_contracts(REPOSITORY / "dbt_project")
    for sample, table, _ in PAYLOADS:
        target = shop.home.landing / table / sample.replace("/", "_")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SAMPLES / sample, target)
    outcomes = {}
    with shop.open() as con:
        ensure_tables(con, contracts)
        for system in ("github", "pagerduty", "focus", "workday", "surveys"):
            for outcome in load_system(
                con, shop.home, contracts[system], environ={"METRICS_PSEUDONYM_KEY": KEY}
            ):
                outcomes[outcome.path] = outcome
        reasons = con.execute("select path, column_name, value, reason from ops.ingest_rejects").fetchall()
        for path, column, value, reason in reasons:
            assert reason, (path, column, value)
        costs = con.execute(
            "select sum(billed_cost), count(*) filter (where contracted_cost is null) from raw_focus.charges"
        ).fetchone()
        for name in ("ops.ingest_files", "ops.ingest_rejects", "ops.table_state"):
            con.execute(f"delete from {name}")  # the shop's own checks know the shop's tables only
    for sample, table, records in PAYLOADS:
        outcome = outcomes[f"{table}/{sample.replace('/', '_')}"]
        assert (outcome.status, outcome.reason, outcome.rows_read) == ("loaded", None, records), sample
        assert outcome.rows_quarantined == 0, (sample, reasons)
    # Measured in the file: nulls that are spelled NULL or left empty, costs exact to the last digit.
    assert costs is not None
    assert costs[1] == 7


def test_openslo_documents_are_objectives_and_others_are_refused_by_kind(shop: Shop) -> None:
    contracts = read_contracts(REPOSITORY / "dbt_project")
    for sample in sorted((SAMPLES / "slo").glob("*.yaml")):
        target = shop.home.landing / "prometheus" / "slo_definitions" / sample.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(sample, target)
    with shop.open() as con:
        ensure_tables(con, contracts)
        outcomes = load_system(con, shop.home, contracts["prometheus"])
        for name in ("ops.ingest_files", "ops.ingest_rejects", "ops.table_state"):
            con.execute(f"delete from {name}")
    assert {o.status for o in outcomes} == {"loaded"}
    for outcome in outcomes:
        refused = outcome.rows_quarantined == outcome.rows_read > 0
        assert refused == ("openslo_" not in outcome.path), outcome.path
