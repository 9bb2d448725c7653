"""The code location, loaded as the server loads it, with lineage whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from orchestration.dbt_project import PROJECT_DIR, DbtParseError, MetricsDbtProject
from orchestration.definitions import build_definitions
from orchestration.deployment import DeploymentError, read_deployment
from orchestration.home import DataHome
from tests.dagster.conftest import NOW, Line
from tests.dbt.project import copy_parsed

ROOT = PROJECT_DIR.parent


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    """The product's own definitions over an empty home."""
    home = DataHome(tmp_path_factory.mktemp("product"))
    copy_parsed(home)
    return build_definitions(read_deployment(os.environ, lambda: NOW, home=home))


def test_the_server_loads_the_code_location_from_a_fresh_clone(tmp_path: Path) -> None:
    """As `dagster dev` and `dg dev` do: by workspace.yaml, in a process of its own, with nothing prepared."""
    environ = {**os.environ, "METRICS_HOME": str(tmp_path / "data"), "DAGSTER_HOME": ""}
    result = subprocess.run(
        [str(Path(sys.executable).with_name("dagster")), "definitions", "validate", "-w", "workspace.yaml"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "All code locations passed validation" in result.stdout + result.stderr
    assert not (tmp_path / "data" / "warehouse.duckdb").exists()


def test_importing_the_definitions_does_nothing(tmp_path: Path) -> None:
    """No file, no environment, no process: only calling them reads anything."""
    subprocess.run(
        [sys.executable, "-c", "import orchestration.definitions"],
        cwd=ROOT,
        env={**os.environ, "METRICS_HOME": str(tmp_path), "METRICS_BUSINESS_TIMEZONE": "No/Where"},
        check=True,
    )
    assert list(tmp_path.iterdir()) == []


def test_every_table_that_a_model_reads_is_an_asset_or_the_loaders_own(product: dg.Definitions) -> None:
    graph = product.resolve_asset_graph()
    outside = {
        key.to_user_string()
        for key in graph.get_all_asset_keys()
        if not graph.get(key).is_materializable and key.path[0] != "ops"
    }
    assert outside == set()


def test_lineage_leads_from_each_landing_folder_to_the_published_files(product: dg.Definitions) -> None:
    graph = product.resolve_asset_graph()
    landing = {key for key in graph.get_all_asset_keys() if key.path[0] == "landing"}
    upstream = dg.AssetSelection.assets(
        dg.AssetKey(["published", "marts"]), dg.AssetKey(["published", "marts_people"])
    ).upstream()
    assert landing
    assert landing <= upstream.resolve(graph)


def test_descriptions_of_all_assets_begin_with_their_grain(product: dg.Definitions) -> None:
    graph = product.resolve_asset_graph()
    wrong = [
        key.to_user_string()
        for key in sorted(graph.get_all_asset_keys())
        if not (graph.get(key).description or "").startswith("One ")
    ]
    assert wrong == []


def test_groups_are_the_layers_of_the_project(product: dg.Definitions) -> None:
    """Seeds stood in groups of their folders' names, and what no asset wrote in one called default."""
    graph = product.resolve_asset_graph()
    layers = {graph.get(key).group_name.split("_")[0] for key in graph.get_all_asset_keys()}
    assert layers == {"landing", "raw", "ops", "seeds", "staging", "intermediate", "marts", "published"}


def test_all_that_touches_the_warehouse_is_in_its_pool(product: dg.Definitions) -> None:
    job = product.resolve_job_def("daily")
    pools = {node.name: node.definition.pool for node in job.graph.nodes}
    assert pools.pop("landing") == "landing"
    assert set(pools.values()) == {"warehouse"}


def test_dbt_tests_are_checks_and_unit_tests_are_none(line: Line) -> None:
    graph = build_definitions(line.deployment).resolve_asset_graph()
    checks = {(key.asset_key.path[-1], key.name) for key in graph.asset_check_keys}
    # A test over several models is shown on the one furthest down.
    assert ("fct_ticket_counts", "no_ticket_is_lost") in checks
    assert any(name.startswith("accepted_values_fct_tickets_severity") for _, name in checks)
    assert not any("counts_zero" in name for _, name in checks)


def test_each_raw_table_is_checked_for_its_rows_its_quarantine_and_its_age(line: Line) -> None:
    graph = build_definitions(line.deployment).resolve_asset_graph()
    names = {key.name for key in graph.asset_check_keys if key.asset_key.path == ["raw_tickets", "tickets"]}
    assert {"rows_add_up", "little_is_quarantined", "fresh"} <= names


def test_the_manifest_is_parsed_again_only_when_the_project_changes(line: Line, tmp_path: Path) -> None:
    project = MetricsDbtProject(line.deployment.project.directory, line.home)
    (manifest,) = (line.home.root / "dbt" / "manifests").glob("*/manifest.json")
    before = manifest.stat().st_mtime_ns
    project.prepare_manifest(os.environ)
    assert manifest.stat().st_mtime_ns == before
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(line.deployment.project.directory), str(copy)], check=True)
    (copy / "seeds" / "severities.csv").write_text("severity,rank\nhigh,1\n")
    assert MetricsDbtProject(copy, line.home).content_hash != project.content_hash


def test_a_project_that_dbt_cannot_parse_says_what_dbt_says(line: Line, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(line.deployment.project.directory), str(copy)], check=True)
    (copy / "models" / "broken.sql").write_text("select * from {{ ref('nobody') }}")
    with pytest.raises(DbtParseError, match="nobody"):
        MetricsDbtProject(copy, line.home).prepare_manifest(os.environ)


def test_a_time_zone_that_is_none_is_refused_by_name(deploy: Callable[..., Line]) -> None:
    with pytest.raises(DeploymentError, match="METRICS_BUSINESS_TIMEZONE='Mars/Olympus'"):
        deploy({"METRICS_BUSINESS_TIMEZONE": "Mars/Olympus"})
