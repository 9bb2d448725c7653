"""What Argo CD, Flux, Spinnaker and Jenkins tell, by files and real payloads, as deployments and runs."""

from __future__ import annotations

import json
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
SYSTEMS = ("argo_cd", "flux", "jenkins", "spinnaker")
FIRST, SECOND = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678", "b1b2c3d4e5f60718293a4b5c6d7e8f9012345678"

# Folders below landing/ into which each file is dropped.
DROPS = {
    "argo_cd/typical/applications_list.json": ["argo_cd/applications", "argo_cd/application_history"],
    "argo_cd/typical/notification_*.json": ["argo_cd/applications"],
    "argo_cd/wrong/sync_without_its_end.json": ["argo_cd/application_history"],
    "argo_cd/wrong/application_without_a_name.json": ["argo_cd/applications"],
    "flux/typical/helm_releases_page.json": ["flux/helm_releases/prod"],
    "flux/typical/kubectl_helm_release.yaml": ["flux/helm_releases"],
    "flux/typical/notification_*.json": ["flux/events/prod"],
    "flux/typical/kubernetes_events.json": ["flux/events/prod"],
    "flux/wrong/event_of_a_source.json": ["flux/events/prod"],
    "flux/wrong/release_that_was_never_installed.json": ["flux/helm_releases/prod"],
    "jenkins/typical/builds_exported_*": ["jenkins/builds"],
    "jenkins/typical/builds_of_*": ["jenkins/builds", "jenkins/build_changes"],
    "jenkins/typical/jobs_*": ["jenkins/jobs"],
    "jenkins/typical/stages_of_a_build.json": ["jenkins/stages"],
    "jenkins/wrong/build_without_its_time.json": ["jenkins/builds"],
    "jenkins/wrong/job_without_its_address.json": ["jenkins/jobs"],
    "jenkins/wrong/stage_without_its_build.json": ["jenkins/stages"],
    "spinnaker/typical/executions_search.json": ["spinnaker/executions", "spinnaker/stages"],
    "spinnaker/wrong/execution_with_stages_as_ids.json": ["spinnaker/executions", "spinnaker/stages"],
}
SAMPLE_DROPS = {
    "argocd/*.json": ["argo_cd/applications", "argo_cd/application_history"],
    "flux/helmrelease_*": ["flux/helm_releases"],
    "flux/notification_*": ["flux/events"],
    "jenkins/devlake_builds*": ["jenkins/builds"],
    "jenkins/devlake_stages.jsonl": ["jenkins/stages"],
    "spinnaker/armory_docs/*.json": ["spinnaker/executions", "spinnaker/stages"],
}


def drop(home: DataHome, root: Path, drops: dict[str, list[str]]) -> None:
    """Each file of ``root`` into its folders of the landing folder."""
    for pattern, folders in drops.items():
        files = sorted(root.glob(pattern))
        assert files, pattern
        for file in files:
            for folder in folders:
                target = home.landing / folder / file.name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)


def land(home: DataHome, folder: str, text: str) -> None:
    """``text`` as a file of the folder."""
    target = home.landing / folder
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")


def commit(repository: str, sha: str, day: int) -> str:
    """A commit as GitHub's list tells it, in one line."""
    instant = f"2026-05-{day:02d}T10:00:00Z"
    person = {"name": "N", "email": "n@acme.example", "date": instant}
    url = f"https://api.github.com/repos/{repository}/commits/{sha}"
    return json.dumps(
        {"sha": sha, "url": url, "commit": {"author": person, "committer": person, "message": "m"}}
    )


def build(home: DataHome) -> None:
    """Everything loaded, and the models up to the commits of deployments."""
    load_everything(home)
    run_dbt(
        home, "build",
        "--select", "+int_deployment_commits", "+int_pipeline_runs", "stg_jenkins__build_changes",
        "--exclude-resource-types", "unit_test", "test",
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    """The fixtures of all four tools, beside a catalogue and the commits of code and configuration."""
    home = DataHome(tmp_path_factory.mktemp("delivery") / "data")
    drop(home, FIXTURES, DROPS)
    repositories = "repository,service_id\nAcme/Shop,shop\nacme/pay,pay\nacme/search,search\nacme/cart,cart\n"
    land(home, "catalogue/repositories/2026-05-01/repositories.csv", repositories)
    shas = [("acme/shop", FIRST, 1), ("acme/shop", SECOND, 2), ("acme/config", f"c{1:039d}", 3)]
    land(home, "github/commits/commits.jsonl", "\n".join(commit(*parts) for parts in shas))
    build(home)
    return home


@pytest.fixture
def warehouse(built: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.warehouse), read_only=True) as con:
        yield con


def deployments(con: duckdb.DuckDBPyConnection, system: str) -> list[tuple[Any, ...]]:
    return con.execute(
        """
        select strftime(created_at, '%d %H:%M'), service_id, environment, environment_tier, task, outcome,
            exclusion_reason
        from intermediate.int_deployments where source_system = ? order by created_at, service_id, environment
        """,
        [system],
    ).fetchall()


def test_every_fixture_of_the_folders_has_its_place() -> None:
    placed = {path for pattern in DROPS for path in FIXTURES.glob(pattern)}
    assert placed == {path for system in SYSTEMS for path in (FIXTURES / system).rglob("*") if path.is_file()}


def test_what_is_wrong_is_refused_with_its_reason_and_nothing_else_is(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    found = warehouse.execute(
        "select table_name, parse_filename(path), column_name, reason from ops.ingest_rejects order by all"
    ).fetchall()
    missing = "is required, and is null or absent"
    assert found == [
        ("application_history", "sync_without_its_end.json", "deployed_at", missing),
        ("applications", "application_without_a_name.json", "application", missing),
        ("builds", "build_without_its_time.json", "started_at", missing),
        ("helm_releases", "release_that_was_never_installed.json", None, "has no member status.history"),
        ("jobs", "job_without_its_address.json", "job", missing),
        ("stages", "execution_with_stages_as_ids.json", "stage_id", missing),
        ("stages", "stage_without_its_build.json", "job", missing),
    ]


def test_argo_cd_tells_syncs_and_a_notification_the_one_that_its_history_forgets(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert deployments(warehouse, "argo_cd") == [
        ("30 08:00", "cart", "staging", "staging", "deploy", "success", None),
        ("01 10:00", "shop", "prod-eu1/shop", "production", "deploy", "success", None),
        ("01 15:00", "shop", "prod-eu1/shop", "production", "deploy", "success", "resync"),
        ("02 11:00", "shop", "prod-eu1/shop", "production", "deploy", "failure", None),
        ("03 09:00", "shop", "prod-eu1/shop", "production", "deploy", "success", None),
    ]


def test_the_image_leads_back_to_the_code_although_the_configs_commit_is_known_too(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    found = warehouse.execute(
        """
        select strftime(deployments.created_at, '%d'), deployments.repository, deployments.sha, commits.method
        from intermediate.int_deployments as deployments
        inner join intermediate.int_deployment_commits as commits using (deployment_id)
        where source_system = 'argo_cd' order by deployments.created_at
        """
    ).fetchall()
    assert found == [("01", "acme/shop", FIRST, "sha"), ("03", "acme/shop", SECOND, "sha")]


def test_flux_tells_releases_by_their_history_and_kustomizations_by_changes_of_revision(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert deployments(warehouse, "flux") == [
        ("01 10:00", "cart", "production", "production", "deploy", "success", None),
        ("01 10:00", "pay", "production", "production", "deploy", "success", None),
        ("01 10:00", "search", "staging", "staging", "deploy", "success", None),
        # Failed its checks at eleven and was well at twelve, which only Kubernetes' own event says.
        ("01 11:00", "cart", "production", "production", "deploy", "success", None),
        ("04 10:00", "pay", "production", "production", "deploy", "failure", None),
        ("04 10:30", "pay", "production", "production", "rollback", "success", None),
    ]


def test_spinnaker_tells_stages_that_deploy_or_roll_back_and_began(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert deployments(warehouse, "spinnaker") == [
        ("01 11:00", "search", "prod-us/search", "production", "deploy", "success", None),
        ("01 11:30", "search", "prod-us/search", "production", "rollback", "failure", None),
        ("01 13:00", "shop", "aws", "staging", "deploy", "running", None),
    ]


def test_jenkins_tells_stages_and_jobs_whose_names_say_that_they_deploy(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    assert deployments(warehouse, "jenkins") == [
        ("01 10:05", "shop", "staging", "staging", "deploy", "success", None),
        ("01 10:17", "shop", "production", "production", "deploy", "failure", None),
        ("01 15:00", "cart", "production", "production", "deploy", "success", None),
    ]
    shas = warehouse.execute(
        "select distinct sha from intermediate.int_deployments where source_system = 'jenkins' order by 1"
    ).fetchall()
    assert shas == [(FIRST,), (SECOND,)]  # not the shared library's, which was checked out before


def test_jenkins_lists_the_commits_of_a_build_and_nobody_who_wrote_them(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """One change set for each repository that was checked out, the shared library's among them."""
    changes = warehouse.execute(
        "select job, build_number, strftime(started_at, '%d %H:%M'), sha "
        "from staging.stg_jenkins__build_changes order by sha"
    ).fetchall()
    assert changes == [
        ("team a/shop/main", 2, "01 10:00", SECOND),
        ("team a/shop/main", 2, "01 10:00", "d" * 40),
    ]
    kept = [
        name
        for (name,) in warehouse.execute(
            "select column_name from (describe raw_jenkins.build_changes)"
        ).fetchall()
    ]
    assert kept == ["job", "build_number", "started_at", "sha", "_file_id", "_row"]


def test_the_list_of_jobs_tells_whose_the_default_branch_and_the_pull_requests_are(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    jobs = warehouse.execute(
        "select job, branch, is_buildable, is_primary, is_change_request from staging.stg_jenkins__jobs"
        " order by all"
    ).fetchall()
    assert jobs == [
        ("team a/shop", None, True, False, False),
        ("team a/shop/PR-9", "PR-9", True, False, True),
        ("team a/shop/feature/cart", "feature/cart", True, False, False),
        ("team a/shop/main", "main", True, True, False),
        ("team a/shop/master", "master", False, True, False),
    ]
    told = warehouse.execute(
        "select native_run_id from intermediate.int_pipeline_attempts where is_primary_branch order by 1"
    ).fetchall()
    assert told == [(f"team a/shop/main#{number}",) for number in (1, 2, 3)]


def test_builds_and_executions_are_pipeline_runs_with_their_parents(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    found = warehouse.execute(
        """
        select run_id, repository, status, is_default_branch, duration_seconds, queue_seconds, parent_run_id
        from intermediate.int_pipeline_runs order by run_id, attempt
        """
    ).fetchall()
    build = "jenkins:team a/shop/main#"
    assert found == [
        ("jenkins:cart-deploy-production#77", "acme/shop", "failure", True, 60, 0, f"{build}2"),
        # Replayed twice: the cause tells it with the name of who did it, or without.
        ("jenkins:nightly#1", None, "failure", False, 600, 0, None),
        ("jenkins:nightly#1", None, "failure", False, 600, None, None),
        ("jenkins:nightly#1", None, "success", False, 600, None, None),
        (f"{build}1", "acme/shop", "success", True, 1200, 30, None),
        (f"{build}2", "acme/shop", "failure", True, 1800, 30, None),
        (f"{build}3", None, "running", True, None, 0, None),
        ("spinnaker:01JWEXAMPLE0000000000000A1", None, "failure", False, 10740, 60, None),
        ("spinnaker:01JWEXAMPLE0000000000000A2", "acme/shop", "running", True, None, 0, None),
    ]


def test_names_and_secrets_of_the_fixtures_are_nowhere_in_the_home(built: DataHome) -> None:
    kept = [path for path in built.root.rglob("*") if path.is_file() and built.landing not in path.parents]
    assert kept
    for path in kept:
        content = path.read_bytes()
        canaries = [b"rita@acme.example", b"Rita Example", b'"rita"', b"aHVudGVyMg"]
        assert not [canary for canary in canaries if canary in content], path


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = DataHome(tmp_path_factory.mktemp("samples") / "data")
    drop(home, SAMPLES, SAMPLE_DROPS)
    build(home)
    return home


def count_records(file: Path, table: str) -> int:
    """Rows that a sample makes in a table, counted without the loader."""
    if file.suffix == ".jsonl":
        return sum(1 for line in file.read_text(encoding="utf-8").splitlines() if line.strip())
    if file.suffix == ".yaml":
        return file.read_text(encoding="utf-8").count("chartName:")
    body = json.loads(file.read_text(encoding="utf-8"))
    if table == "stages":
        return len(body["stages"])
    records = body.get("items", [body])
    if table in ("application_history", "helm_releases"):
        return sum(len(record["status"]["history"]) for record in records)
    return len(records)


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout")
def test_every_record_of_the_samples_is_loaded_or_refused_for_a_reason(sampled: DataHome) -> None:
    with duckdb.connect(str(sampled.warehouse), read_only=True) as con:
        files = con.execute(
            """
            select parse_filename(path), table_name, status, rows_read,
                rows_loaded + rows_duplicate + rows_superseded + rows_quarantined
            from ops.ingest_files
            """
        ).fetchall()
        rejected = con.execute(
            "select parse_filename(path), column_name, reason from ops.ingest_rejects order by all"
        ).fetchall()
    names = {path.name: path for pattern in SAMPLE_DROPS for path in SAMPLES.glob(pattern)}
    folders = ("argocd", "flux", "jenkins", "spinnaker")
    assert set(names) == {p.name for folder in folders for p in (SAMPLES / folder).rglob("*") if p.is_file()}
    counted = [(name, table, count_records(names[name], table)) for name, table, *_ in files]
    assert sorted(files) == sorted((name, table, "loaded", count, count) for name, table, count in counted)
    # Abridged in the documents: stages told by their ids alone.
    assert rejected == [
        ("execution_deployManifest.json", "stage_id", "is required, and is null or absent"),
        ("execution_jenkins.json", "stage_id", "is required, and is null or absent"),
    ]


@pytest.mark.samples
@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout")
def test_the_samples_reach_deployments_and_pipeline_runs(sampled: DataHome) -> None:
    with duckdb.connect(str(sampled.warehouse), read_only=True) as con:
        attempts = con.execute(
            """
            select source_system, outcome, count(*) from intermediate.int_deployment_attempts
            group by all order by all
            """
        ).fetchall()
        runs = con.execute(
            """
            select source_system, count(*),
                (select count(distinct (job, build_number, started_at)) from staging.stg_jenkins__builds)
            from intermediate.int_pipeline_runs group by source_system order by 1
            """
        ).fetchall()
        branches = con.execute(
            """
            select distinct pipeline_name, is_pull_request from intermediate.int_pipeline_runs
            where pipeline_name like 'my-org%' order by all
            """
        ).fetchall()
    assert attempts == [
        ("argo_cd", "success", 1),
        ("flux", "failure", 1),
        ("flux", "success", 2),
        ("spinnaker", "running", 4),
    ]
    assert [(system, count) for system, count, _ in runs] == [("jenkins", runs[0][2]), ("spinnaker", 1)]
    assert runs[0][1] == 29  # 14 and 15 builds, none told twice
    # Also the builds that failed before they checked anything out are their project's.
    assert branches == [("my-org/devlake-jenkins", False), ("my-org/devlake-jenkins", True)]
