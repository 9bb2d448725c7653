"""Exports of Azure DevOps, SonarQube and LaunchDarkly, by hand and real, all the way into the marts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome
from tests.dbt.project import load_everything, run_dbt

PROJECT = Path(__file__).resolve().parents[2]
FIXTURES = PROJECT / "tests" / "fixtures"
SAMPLES = PROJECT.parent / "shared" / "samples"
SYSTEMS = ("azure_devops", "sonarqube", "launchdarkly")

samples = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout"),
]

# Where each payload of the samples is dropped, and how many records it holds.
DROPS = {
    "azuredevops/devlake_builds.jsonl": ("azure_devops/builds", 7),
    "azuredevops/devlake_timeline_records.jsonl": ("azure_devops/timeline_records", 5),
    "azuredevops/devlake_pull_requests.jsonl": ("azure_devops/pull_requests", 1),
    "azuredevops/devlake_pull_request_commits.jsonl": ("azure_devops/pull_request_commits", 1),
    "sonarqube/devlake_issues.jsonl": ("sonarqube/issues", 6),
    "launchdarkly/integration_framework_sample_context/flag__toggle.json": (
        "launchdarkly/audit_log_entries", 1,
    ),
    "launchdarkly/integration_framework_sample_context/flag__update-all-environments.json": (
        "launchdarkly/audit_log_entries", 1,
    ),
}  # fmt: skip
CATALOGUE = {
    "repositories": "repository,service_id,path_glob,default_branch\nshop/checkout,checkout,**,main\n",
    "service_identifiers": (
        "tool,identifier,service_id\nsonarqube,acme:shop,checkout\nlaunchdarkly,shop,checkout\n"
        "azure_devops,Shop/Checkout,checkout\n"
    ),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = DataHome(tmp_path_factory.mktemp("tools") / "data")
    for system in SYSTEMS:
        for kind in ("typical", "wrong"):
            shutil.copytree(FIXTURES / system / kind, home.landing / system, dirs_exist_ok=True)
    for table, text in CATALOGUE.items():
        folder = home.landing / "catalogue" / table / "2026-01-01"
        folder.mkdir(parents=True)
        (folder / f"{table}.csv").write_text(text, encoding="utf-8")
    if SAMPLES.is_dir():
        for name, (place, _) in DROPS.items():
            shutil.copyfile(SAMPLES / name, home.landing / place / Path(name).name)
    load_everything(home)
    marts = ("fct_deployments", "fct_changes", "fct_work_items", "fct_vulnerabilities", "fct_flag_changes")
    more = (
        "fct_code_quality_daily",
        "fct_pipeline_runs",
        "int_sprint_items",
        "int_test_runs",
        "int_unmapped",
    )
    selected = [f"+{model}" for model in (*marts, *more)]
    run_dbt(home, "build", "--select", *selected, "--exclude-resource-types", "unit_test", "test")
    return home


@pytest.fixture
def warehouse(built: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.warehouse), read_only=True) as con:
        yield con


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[Any]:
    return con.execute(query).fetchall()


def test_what_cannot_be_used_is_refused_with_its_column_and_reason(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    found = rows(
        warehouse,
        """
        select parse_filename(path), column_name, reason from ops.ingest_rejects
        where path not like '%devlake%' order by all
        """,
    )
    assert [row[:2] for row in found] == [
        ("not_a_number.json", "result_id"),
        ("of_no_build.json", "organization"),
        ("without_a_date.json", "happened_at"),
        ("without_an_id.json", "build_id"),
        ("without_dates.json", "created_at"),
    ]
    failed = rows(
        warehouse, "select parse_filename(path), status from ops.ingest_files where status <> 'loaded'"
    )
    assert failed == [("sign_in_page.json", "failed")]


def test_a_merged_pull_request_is_a_change_that_its_builds_deployment_carries(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """Failed once and run again: one deployment of two attempts."""
    assert rows(
        warehouse,
        """
        select number, state, cast(first_commit_at as varchar), cast(first_review_at as varchar), commit_count
        from intermediate.int_changes where repository = 'shop/checkout' order by number
        """,
    ) == [
        (7, "merged", "2026-05-12 08:30:00", "2026-05-13 11:00:00.25", 2),
        (8, "open", None, None, 0),
        (9, "closed", None, None, 0),
    ]
    assert rows(
        warehouse,
        """
        select deployment_id, service_id, outcome, attempt_count, change_count, caused_by_run_id
        from marts.fct_deployments where is_production and source_system = 'azure_devops'
        and exclusion_reason is null
        """,
    ) == [("azure_devops:acme/shop/4/21/Deploy/1", "checkout", "success", 2, 0, "azure_devops:acme/21")]
    assert rows(
        warehouse,
        """
        select change_id, deployment_id, method from intermediate.int_change_deployments
        where change_id = 'azure_devops:shop/checkout#7' and deployment_id like '%/Deploy/1'
        """,
    ) == [("azure_devops:shop/checkout#7", "azure_devops:acme/shop/4/21/Deploy/1", "merge_sha")]


def test_a_classic_release_is_placed_by_its_build_and_one_that_was_rejected_is_no_failure(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        """
        select environment, environment_tier, service_id, outcome, sha is not null
        from marts.fct_deployments where deployment_id like '%/release/%' order by environment
        """,
    ) == [
        ("Live", "production", "checkout", "cancelled", False),
        ("Staging", "staging", "checkout", "success", True),
    ]


def test_runs_of_pipelines_are_told_with_their_results(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        warehouse,
        """
        select run_id, attempt, status, is_default_branch, is_pull_request, service_id
        from intermediate.int_pipeline_runs where run_id like '%:acme/%' order by run_id
        """,
    ) == [
        ("azure_devops:acme/21", 2, "success", True, False, "checkout"),
        ("azure_devops:acme/22", 1, "failure", False, True, "checkout"),
        ("azure_devops:acme/23", 1, "running", True, False, "checkout"),
    ]


def test_work_items_have_the_history_of_their_revisions_and_a_csv_adds_what_is_not_in_the_report(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        """
        select work_item_id, work_type, state, started_at::varchar, done_at::varchar, service_id
        from intermediate.int_work_items order by work_item_id
        """,
    ) == [
        ("azure_devops:acme/101", "story", "done", "2026-05-11 09:00:00", "2026-05-15 16:30:00", "checkout"),
        ("azure_devops:acme/102", "bug", "todo", None, None, "checkout"),
        ("azure_devops:acme/103", "bug", "in_progress", None, None, "checkout"),
        ("azure_devops:acme/104", "epic", "in_progress", "2026-06-02 08:00:00", None, "checkout"),
    ]
    assert rows(
        warehouse, "select sprint_id, work_item_id, state_at_end from intermediate.int_sprint_items"
    ) == [("azure_devops:acme/Shop/Sprint 1", "azure_devops:acme/101", "done")]


def test_a_test_that_passed_on_its_second_try_is_seen_to_have_failed(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        """
        select test_name, has_passed, has_failed, commit_sha is not null, service_id
        from intermediate.int_test_runs order by test_name
        """,
    ) == [("Adds", True, True, True, "checkout"), ("Sums", True, False, True, "checkout")]


def test_security_issues_and_hotspots_are_vulnerabilities(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        warehouse,
        """
        select vulnerability_id, service_id, severity, state, exclusion_reason
        from marts.fct_vulnerabilities order by vulnerability_id
        """,
    ) == [
        ("sonarqube:A2", "checkout", "critical", "dismissed", "accepted_risk"),
        ("sonarqube:A3", "checkout", "high", "open", None),
        ("sonarqube:H1", "checkout", "high", "open", None),
    ]


def test_the_quality_of_a_day_is_what_was_measured_last_and_what_was_found(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        """
        select quality_date::varchar, coverage_share, debt_minutes, reliability_rating, new_issue_count,
            new_effort_minutes, closed_issue_count, open_issue_count
        from marts.fct_code_quality_daily
        where project_id = 'acme_shop' and quality_date in ('2026-06-01', '2026-06-09', '2026-06-10')
        order by quality_date
        """,
    ) == [
        ("2026-06-01", 0.815, 120, "C", 3, 90 + 2 * 480 + 5, 0, 3),
        ("2026-06-09", 0.815, 120, "C", 0, 0, 0, 2),
        ("2026-06-10", None, 30, "A", 0, 0, 1, 1),
    ]


def test_changes_of_flags_are_told_by_environment(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert rows(
        warehouse,
        """
        select entry_id, environment, change_kind, is_turned_on, is_production, service_id
        from marts.fct_flag_changes where entry_id like 'e%' order by entry_id, environment
        """,
    ) == [
        ("e1", "production", "toggle", True, True, "checkout"),
        ("e2", "all", "settings", None, False, "checkout"),
        ("e2", "production", "targeting", None, True, "checkout"),
        ("e2", "staging", "targeting", None, False, "checkout"),
        ("e4", "production", "toggle", False, True, "checkout"),
    ]


def test_nothing_personal_of_the_exports_is_kept(built: DataHome) -> None:
    names = [b"@acme.example", b"Ada Example", b"Bob Example", b"87f0dbe8@example.test"]
    texts = [b"remark about Bob", b"as agreed with Bob", b"says Ada", b"Expected by Ada", b"Henrietta"]
    kept = [path for path in built.root.rglob("*") if path.is_file() and built.landing not in path.parents]
    assert kept
    for path in kept:
        content = path.read_bytes()
        assert not [canary for canary in names + texts if canary in content], path


class TestSamples:
    """Real payloads: each is accounted for and reaches the concepts."""

    pytestmark = samples

    def test_every_sample_has_its_place(self) -> None:
        folders = ("azuredevops", "sonarqube", "launchdarkly")
        found = {
            path.relative_to(SAMPLES).as_posix()
            for folder in folders
            for path in (SAMPLES / folder).rglob("*")
            if path.is_file()
        }
        assert found == set(DROPS)

    def test_every_record_is_loaded_or_refused_for_a_reason(
        self, warehouse: duckdb.DuckDBPyConnection
    ) -> None:
        """Four timeline records name no build, and lie in no folder that would."""
        found = dict(
            rows(
                warehouse,
                """
                select parse_filename(path), [rows_read, rows_loaded + rows_duplicate + rows_superseded]
                from ops.ingest_files where path like '%devlake%' or path like '%flag\\_\\_%' escape '\\'
                """,
            )
        )
        expected = {Path(name).name: [count, count] for name, (_, count) in DROPS.items()}
        expected["devlake_timeline_records.jsonl"] = [5, 1]
        assert found == expected
        reasons = rows(
            warehouse, "select distinct reason from ops.ingest_rejects where path like '%devlake%'"
        )
        assert reasons == [("is required, and is null or absent",)]

    def test_every_record_reaches_its_concept(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        def count(query: str) -> int:
            return int(rows(warehouse, f"select count(*) from {query}")[0][0])

        assert count("intermediate.int_pipeline_runs where run_id like 'azure_devops:johndoe/%'") == 7
        assert count("intermediate.int_changes where repository = 'test-project/test-repo2'") == 1
        assert (
            count("intermediate.int_pull_request_commits where repository = 'test-project/test-repo2'") == 1
        )
        assert count("intermediate.int_code_issues where project_id <> 'acme_shop'") == 6
        assert count("intermediate.int_flag_changes where entry_id not like 'e%'") == 2

    def test_the_real_efforts_and_the_real_toggle_are_read(
        self, warehouse: duckdb.DuckDBPyConnection
    ) -> None:
        efforts = rows(
            warehouse,
            "select effort_minutes from intermediate.int_code_issues where project_id <> 'acme_shop'",
        )
        assert sorted(minutes for (minutes,) in efforts) == [2, 10, 10, 11, 55, 361]
        assert rows(
            warehouse,
            """
            select environment, change_kind, is_turned_on, is_production from intermediate.int_flag_changes
            where entry_id not like 'e%' order by happened_at
            """,
        ) == [("production", "toggle", True, True), ("all", "settings", None, False)]
