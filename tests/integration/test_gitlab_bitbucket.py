"""Exports of GitLab and Bitbucket, by hand and real, all the way into the marts."""

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
DROPS = {"gitlab": ("typical", "wrong"), "bitbucket": ("typical", "data_center", "wrong")}

samples = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout"),
]

# Where each payload of the samples is dropped, and how many records it holds.
PAYLOADS = {
    "gitlab/devlake_merge_requests.jsonl": ("gitlab/merge_requests", 18),
    "gitlab/devlake_merge_request_commits.jsonl": ("gitlab/merge_request_commits", 37),
    "gitlab/devlake_merge_request_notes.jsonl": ("gitlab/merge_request_notes", 26),
    "gitlab/devlake_pipeline.jsonl": ("gitlab/pipelines", 29),
    "gitlab/devlake_pipeline_details.jsonl": ("gitlab/pipeline_details", 16),
    "gitlab/devlake_deployments.jsonl": ("gitlab/deployments", 8),
    "gitlab/devlake_issues.jsonl": ("gitlab/issues", 16),
    "bitbucket/devlake_pull_requests.jsonl": ("bitbucket/pull_requests", 57),
    "bitbucket/devlake_pipelines.jsonl": ("bitbucket/pipelines", 10),
    "bitbucket/devlake_pipeline_steps.jsonl": ("bitbucket/pipeline_steps", 27),
    "bitbucket/devlake_deployments.jsonl": ("bitbucket/deployments", 19),
}
CATALOGUE = (
    "repository,service_id,path_glob,default_branch\nAcme/Platform/Shop,shop,**,\nacme/cart,cart,**,trunk\n"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = DataHome(tmp_path_factory.mktemp("hosts") / "data")
    for system, kinds in DROPS.items():
        for kind in kinds:
            shutil.copytree(FIXTURES / system / kind, home.landing / system, dirs_exist_ok=True)
    folder = home.landing / "catalogue" / "repositories" / "2026-01-01"
    folder.mkdir(parents=True)
    (folder / "repositories.csv").write_text(CATALOGUE, encoding="utf-8")
    if SAMPLES.is_dir():
        for name, (place, _) in PAYLOADS.items():
            shutil.copyfile(SAMPLES / name, home.landing / place / Path(name).name)
    load_everything(home)
    marts = ("fct_deployments", "fct_changes", "fct_pipeline_runs", "fct_work_items", "fct_incidents")
    selected = [f"+{model}" for model in (*marts, "int_unmapped")]
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
    found = rows(warehouse, "select system, parse_filename(path), column_name from ops.ingest_rejects")
    assert sorted(found) == [
        ("bitbucket", "error.json", "repository"),
        ("bitbucket", "without_a_date.json", "created_at"),
        ("gitlab", "error.json", "repository"),
        ("gitlab", "of_no_project.json", "repository"),
        ("gitlab", "without_a_date.json", "created_at"),
    ]
    failed = rows(warehouse, "select parse_filename(path) from ops.ingest_files where status = 'failed'")
    assert sorted(failed) == [("cut_off.json",), ("sign_in_page.json",)]


def test_a_merge_request_is_a_change_that_begins_with_its_own_work_and_is_reviewed_by_another(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """The target merged into the branch, GitLab's own notes and the author's remark count for nothing."""
    assert rows(
        warehouse,
        """
        select number, state, is_bot, is_default_branch, first_commit_at::varchar, first_review_at::varchar,
            merged_at::varchar, left(merge_sha, 1), is_hotfix, reverts_change_id
        from intermediate.int_changes
        where repository = 'acme/platform/shop' and change_kind = 'pull_request' order by number
        """,
    ) == [
        (3, "merged", False, True, None, None, "2026-04-02 11:00:00", None, False, None),
        (7, "merged", False, True, "2026-05-12 08:30:00", "2026-05-13 11:00:00.25",
         "2026-05-13 12:00:00.4", "d", False, None),
        (8, "open", True, True, None, None, None, None, False, None),
        (9, "merged", False, True, None, None, "2026-05-14 09:30:00", "f", True,
         "gitlab:acme/platform/shop#7"),
    ]  # fmt: skip


def test_what_was_squashed_into_a_merge_is_no_direct_commit(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = rows(
        warehouse,
        """
        select source_system, left(sha, 1) from intermediate.int_direct_commits
        where repository in ('acme/platform/shop', 'acme/cart')
        """,
    )
    assert sorted(found) == [("bitbucket", "5"), ("gitlab", "a")]


def test_a_retried_job_is_another_attempt_and_a_child_does_not_count_beside_its_parent(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        """
        select run_id, first_status, final_status, attempt_count, service_id, is_default_branch,
            is_pull_request, parent_run_id, exclusion_reason
        from marts.fct_pipeline_runs where repository = 'acme/platform/shop' order by run_id
        """,
    ) == [
        ("gitlab:501", "failure", "success", 2, "shop", True, False, None, None),
        ("gitlab:502", "failure", "failure", 1, "shop", False, True, None, None),
        ("gitlab:503", "success", "success", 1, "shop", True, False, "gitlab:501", "child_pipeline"),
        ("gitlab:504", "running", "running", 1, "shop", True, False, None, "running"),
    ]


def test_deployments_are_placed_by_the_tier_of_their_environment_and_carry_the_change(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        """
        select deployment_id, service_id, environment_tier, outcome, finished_at::varchar, caused_by_run_id
        from marts.fct_deployments where repository = 'acme/platform/shop' order by deployment_id
        """,
    ) == [
        ("gitlab:76", "shop", "unmapped", "success", "2026-05-12 11:05:00", None),
        ("gitlab:77", "shop", "production", "success", "2026-05-13 14:20:00", "gitlab:501"),
        ("gitlab:78", "shop", "production", "success", "2026-05-14 10:05:00", None),
        ("gitlab:79", "shop", "production", "running", None, None),
    ]
    assert rows(
        warehouse,
        """
        select change_id, deployment_id, method from intermediate.int_change_deployments
        where change_id in ('gitlab:acme/platform/shop#7', 'gitlab:acme/platform/shop#9') order by change_id
        """,
    ) == [
        ("gitlab:acme/platform/shop#7", "gitlab:77", "commit_graph"),
        ("gitlab:acme/platform/shop#9", "gitlab:78", "commit_graph"),
    ]


def test_an_incident_names_its_deployment_and_issues_are_work_items(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        """
        select incident_id, service_id, severity, resolved_at::varchar, caused_by_deployment_id,
            exclusion_reason
        from intermediate.int_incidents where source_system = 'gitlab'
        """,
    ) == [("gitlab:acme/platform/shop#2", "shop", "sev1", "2026-05-13 16:00:00", "gitlab:77", None)]
    assert rows(
        warehouse,
        """
        select item_key, work_type, state, exclusion_reason from intermediate.int_work_items
        where repository = 'acme/platform/shop' order by item_key
        """,
    ) == [
        ("acme/platform/shop#1", "bug", "done", None),
        ("acme/platform/shop#2", "incident", "done", None),
        ("acme/platform/shop#3", "bug", "done", "duplicate"),
        ("acme/platform/shop#4", "unmapped", "todo", "no_work"),
        ("acme/platform/shop#5", "story", "todo", None),
    ]


def test_a_pull_request_of_the_cloud_is_merged_when_its_activity_says_so(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        """
        select repository, number, state, is_bot, first_commit_at::varchar, first_review_at::varchar,
            merged_at::varchar, left(merge_sha, 1), length(merge_sha), is_revert
        from intermediate.int_changes
        where repository in ('acme/cart', 'pay/ledger') and change_kind = 'pull_request' order by number
        """,
    ) == [
        ("pay/ledger", 5, "merged", False, "2026-05-12 08:00:00", "2026-05-13 11:00:00",
         "2026-05-13 12:00:00", "7", 40, True),
        ("pay/ledger", 6, "open", False, None, None, None, None, None, False),
        ("acme/cart", 40, "merged", False, "2026-05-12 08:00:00", "2026-05-13 11:00:00.25",
         "2026-05-13 12:00:00.5", "2", 40, False),
        ("acme/cart", 41, "closed", False, None, None, None, None, None, False),
        ("acme/cart", 42, "open", True, None, None, None, None, None, False),
    ]  # fmt: skip


def test_a_run_of_bitbucket_has_the_attempts_that_its_steps_tell_of(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        """
        select run_id, first_status, final_status, attempt_count, service_id, is_default_branch,
            is_pull_request
        from marts.fct_pipeline_runs where repository = 'acme/cart' order by run_id
        """,
    ) == [
        ("bitbucket:{p-1}", "failure", "success", 2, "cart", True, False),
        ("bitbucket:{p-2}", "failure", "failure", 1, "cart", False, True),
        ("bitbucket:{p-3}", "running", "running", 1, "cart", True, False),
    ]


def test_whether_a_deployment_of_bitbucket_succeeded_is_told_by_its_step(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert rows(
        warehouse,
        """
        select deployment_id, environment_tier, outcome, caused_by_run_id
        from marts.fct_deployments where repository = 'acme/cart' order by deployment_id
        """,
    ) == [
        ("bitbucket:{d-1}", "production", "success", "bitbucket:{p-1}"),
        ("bitbucket:{d-2}", "testing", "failure", "bitbucket:{p-1}"),
        ("bitbucket:{d-3}", "production", "running", "bitbucket:{p-1}"),
    ]
    assert rows(
        warehouse,
        """
        select deployment_id from intermediate.int_change_deployments
        where change_id = 'bitbucket:acme/cart#40'
        """,
    ) == [("bitbucket:{d-1}",)]


def test_nothing_personal_of_the_exports_is_kept(built: DataHome) -> None:
    names = [b"@acme.example", b"Ada Example", b"Bob Example", b"712020:ada", b"{ada-uuid}"]
    texts = [b"Ada asked Bob", b"says Ada", b"Bob wonders", b"Ada saw it first", b"Ada remarks", b"Says Ada"]
    kept = [path for path in built.root.rglob("*") if path.is_file() and built.landing not in path.parents]
    assert kept
    for path in kept:
        content = path.read_bytes()
        assert not [canary for canary in names + texts if canary in content], path


class TestSamples:
    """Real payloads: each is accounted for and reaches the concepts."""

    pytestmark = samples

    def test_every_sample_has_its_place(self) -> None:
        found = {f"{system}/{path.name}" for system in DROPS for path in (SAMPLES / system).iterdir()}
        assert found == set(PAYLOADS)

    def test_every_record_is_loaded_and_none_is_refused(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        found = rows(
            warehouse,
            """
            select system || '/' || parse_filename(path), rows_read,
                rows_loaded + rows_duplicate + rows_superseded
            from ops.ingest_files where path like '%devlake%'
            """,
        )
        assert sorted(found) == sorted((name, count, count) for name, (_, count) in PAYLOADS.items())

    def test_every_record_reaches_its_concept(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        def count(query: str) -> int:
            return int(rows(warehouse, f"select count(*) from {query}")[0][0])

        changes = "intermediate.int_changes where change_kind = 'pull_request' and repository"
        assert count(f"{changes} = 'gitlab-data/snowflake_spend'") == 18
        assert count(f"{changes} = 'likyh/likyhphp'") == 57
        assert count("intermediate.int_commits where repository = 'gitlab-data/snowflake_spend'") == 37
        assert count("intermediate.int_pipeline_runs where repository like 'merico-dev/ee/%'") == 45
        assert count("intermediate.int_pipeline_runs where repository = 'likyh/likyhphp'") == 10
        assert count("intermediate.int_deployment_attempts where repository = 'merico-dev/ee/vdev.co'") == 8
        assert count("intermediate.int_deployment_attempts where repository = 'likyh/likyhphp'") == 19
        assert count("intermediate.int_work_items where repository = 'gitlab-data/snowflake_spend'") == 16

    def test_of_real_notes_only_those_of_people_and_approvals_are_reviews(
        self, warehouse: duckdb.DuckDBPyConnection
    ) -> None:
        """Most are GitLab's own log; the approvals are of requests that are not among the samples."""
        found = rows(
            warehouse,
            """
            select pull_number, review_state, count(*) from intermediate.int_pull_request_reviews
            where repository = 'gitlab-data/snowflake_spend' group by all order by all
            """,
        )
        assert found == [(1, "commented", 1), (3, "commented", 3)]

    def test_a_real_retry_moves_the_end_of_a_pipeline_and_not_its_duration(
        self, warehouse: duckdb.DuckDBPyConnection
    ) -> None:
        assert rows(
            warehouse,
            """
            select duration_seconds, date_diff('second', started_at, finished_at) > 60000
            from intermediate.int_pipeline_runs where run_id = 'gitlab:1078343570'
            """,
        ) == [(1512, True)]

    def test_states_that_no_gitlab_has_are_kept_and_shown(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        found = rows(
            warehouse,
            """
            select raw_value from intermediate.int_unmapped
            where system = 'gitlab' and concept = 'deployment state'
            """,
        )
        assert sorted(found) == [("completed",), ("undeployed",)]
