"""Real payloads of the scanners through the landing folder into the intermediate model."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.home import DataHome
from tests.dbt.project import load_everything, run_dbt

PROJECT = Path(__file__).resolve().parents[2]
SAMPLES = PROJECT.parent / "shared" / "samples" / "security"

pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout"),
]

# Where each payload is dropped, and how many findings it holds, counted by hand or by `records_in`.
DROPS = {
    "github_webhook_dependabot_alert_*.json": ("dependabot", "alerts"),
    "github_webhook_code_scanning_alert_*.json": ("dependabot", "code_scanning_alerts"),
    # Named for GraphQL, and yet the REST answer of code scanning, its nulls written as Python does.
    "dependabot_graphql_issue_9582.json": ("dependabot", "code_scanning_alerts"),
    "dependabot_graphql_github*.json": ("dependabot", "graphql_alerts"),
    "snyk_rest_issues_*.json": ("snyk", "issues"),
    "wiz_*_finding*.csv": ("wiz", "issues"),
    "wiz_sca_format.csv": ("wiz", "vulnerability_findings"),
}


def places() -> dict[str, tuple[str, str]]:
    """System and table of each sample file."""
    return {path.name: place for pattern, place in DROPS.items() for path in sorted(SAMPLES.glob(pattern))}


def records_in(path: Path) -> int:
    """Findings in a sample, counted without the loader."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return sum(1 for _ in csv.DictReader(file))
    body = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(body, list):
        return len(body)
    if "alert" in body:
        return 1
    data = body["data"]
    if isinstance(data, list):
        return len(data)
    repositories = data["search"]["nodes"] if "search" in data else [data["repository"]]
    return sum(len(repository["vulnerabilityAlerts"]["nodes"]) for repository in repositories)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = DataHome(tmp_path_factory.mktemp("security") / "data")
    for name, (system, table) in places().items():
        target = home.landing / system / table / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(SAMPLES / name, target)
    load_everything(home)
    without_tests = ("--exclude-resource-types", "unit_test", "test")
    run_dbt(home, "build", "--select", "+fct_vulnerabilities", *without_tests)
    return home


@pytest.fixture
def warehouse(built: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.warehouse), read_only=True) as con:
        yield con


def test_every_sample_of_the_folder_has_its_place() -> None:
    assert set(places()) == {path.name for path in SAMPLES.iterdir()}


def test_every_record_is_loaded_none_is_refused(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Also those with a trap: Go's instants, Python's nulls, no dates, a header without an end of line."""
    found = warehouse.execute(
        "select parse_filename(path), status, rows_read, rows_loaded + rows_duplicate + rows_superseded "
        "from ops.ingest_files"
    ).fetchall()
    counts = {name: records_in(SAMPLES / name) for name in places()}
    assert {row[0]: row[1:] for row in found} == {n: ("loaded", c, c) for n, c in counts.items()}
    assert warehouse.execute("from ops.ingest_rejects").fetchall() == []


def test_every_finding_reaches_the_model_once(warehouse: duckdb.DuckDBPyConnection) -> None:
    """As many as the raw tables know ids; nothing is folded, since no two samples show one problem twice."""
    raw = warehouse.execute(
        """
        select count(*) from (
            select 'snyk:' || issue_id from raw_snyk.issues
            union select 'dependabot:' || coalesce(repository || '#' || alert_number, alert_id)
            from raw_dependabot.graphql_alerts
            union select 'dependabot:' || repository || '#' || alert_number from raw_dependabot.alerts
            union select 'scan:' || repository || '#' || alert_number from raw_dependabot.code_scanning_alerts
            union select 'wiz:' || issue_id from raw_wiz.issues
            union select 'wiz:' || finding_id from raw_wiz.vulnerability_findings
        )
        """
    ).fetchone()
    counted = warehouse.execute("select count(*) from intermediate.int_vulnerabilities").fetchone()
    assert counted == raw


def test_what_is_left_out_says_why(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = warehouse.execute(
        "select source_system, exclusion_reason, count(*) from marts.fct_vulnerabilities "
        "where exclusion_reason is not null group by all order by all"
    ).fetchall()
    assert found == [
        ("code_scanning", "finish_unknown", 1),  # the webhook of a fixed alert tells no instant
        ("dependabot", "no_detection_date", 5),  # the query did not ask for it
        ("dependabot", "unmapped_dismissal", 4),  # nor for the reason
        ("snyk", "accepted_risk", 4),  # ignored
        ("wiz", "accepted_risk", 3),  # two ignored, one whose control was switched off
        ("wiz", "not_in_policy", 29),  # informational
    ]


def test_gos_instants_are_read_by_their_offset(warehouse: duckdb.DuckDBPyConnection) -> None:
    """``+0000 CET`` contradicts itself: the offset is believed."""
    resolved = warehouse.execute(
        "select distinct cast(resolved_at as varchar) from raw_wiz.issues where resolved_at is not null"
    ).fetchall()
    assert set(resolved) == {("2025-04-03 20:20:00.43042",), ("1999-01-25 00:19:27",)}


def test_personal_texts_of_the_samples_are_nowhere_in_the_home(built: DataHome) -> None:
    """Names of guests in a directory, addresses, logins, remarks."""
    canaries = [b"Liran Benodis", b"Look at this issue", b"10.110.208.6", b"user-c2fd1a47", b"DemoTeam"]
    kept = [path for path in built.root.rglob("*") if path.is_file() and built.landing not in path.parents]
    assert kept
    for path in kept:
        content = path.read_bytes()
        assert not [canary for canary in canaries if canary in content], path
