"""The dbt project as a whole: an empty house stands, worked examples hold, everything is described."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.home import DataHome
from orchestration.report.publication import publish_report, report_folder
from orchestration.report.scorecard import EMPTY_REASONS
from tests.report.page import Page
from tests.report.published_company import copy_warehouse, publish_build

from .project import PROJECT, make_empty_home, parse_once, run_dbt

# KPIs whose worked examples and traps kpis.md spells out, with the model that shows each.
EXEMPLIFIED = {
    "int_kpi_deployment_frequency_records",
    "int_kpi_lead_time_for_changes_records",
    "int_kpi_change_failure_rate_records",
    "int_kpi_time_to_restore_records",
    "mart_slo_burn",
    "int_kpi_major_incidents_records",
    "int_kpi_pipeline_success_rate_records",
    "int_kpi_test_flakiness_records",
    "int_test_reports",
    "int_test_runs",
    "fct_flaky_tests",
    "int_kpi_regrettable_attrition_records",
    "int_kpi_vulnerability_sla_records",
    "int_pages",
    "int_interruptions",
    "int_on_call_weeks",
    "int_kpi_oncall_load_records",
    "int_incident_responses",
    "fct_alert_quality",
    "fct_bus_factor",
    "fct_manager_span",
    "int_kpi_hiring_time_to_fill_records",
    "int_kpi_quality_of_hire_records",
    "int_kpi_cycle_time_records",
    "int_kpi_throughput_records",
    "int_kpi_plan_vs_actual_records",
    "fct_sprints",
    "fct_sprint_items",
    "int_kpi_investment_ratio_records",
    "int_kpi_escaped_defect_rate_records",
    "int_kpi_postmortem_action_completion_records",
    "int_postmortem_actions",
}
PORTABLE = {
    "a clock": r"\b(current_date|current_timestamp|now\(\)|getdate\(\))",
    "what Spark does not know": r"\bqualify\b|\basof\s+join\b|::|\bquantile_cont|\bmedian\(|\btry_cast\(",
    "a series of its own": r"\bgenerate_series",
    "a file": r"\bread_(csv|json|parquet)",
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = make_empty_home(tmp_path_factory.mktemp("empty") / "data")
    run_dbt(home, "build", "--exclude-resource-type", "unit_test")
    return home


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(parse_once().with_name("manifest.json").read_text(encoding="utf-8"))
    return found


def test_every_worked_example_holds(empty: DataHome) -> None:
    found = run_dbt(empty, "test", "--select", "test_type:unit", succeeds=False)["results"]
    results = [result for result in found if result["unique_id"].startswith("unit_test.")]
    wrong = {r["unique_id"]: r["message"] for r in results if r["status"] != "pass"}
    assert wrong == {}
    tested = {result["unique_id"].split(".")[2] for result in results}
    assert tested >= EXEMPLIFIED


def test_a_house_without_any_source_publishes_its_empty_rows(empty: DataHome) -> None:
    with duckdb.connect(str(empty.warehouse), read_only=True) as con:
        statuses = con.execute("select distinct status from marts.fct_kpi_values").fetchall()
        assert {status for (status,) in statuses} <= {"no_data", "no_target", "met", "missed", "suppressed"}
        assert con.execute("select count(*) from marts.dim_kpi").fetchone() != (0,)


def test_a_house_without_any_source_has_a_report_that_says_so(empty: DataHome, tmp_path: Path) -> None:
    home = DataHome(tmp_path / "home")
    copy_warehouse(empty, home)
    publish_build(home, date(2026, 6, 30))
    publish_report(home, {})
    cells = Page((report_folder(home) / "index.html").read_text(encoding="utf-8")).cells
    assert len(cells) > 20
    assert {cell.empty_reason for cell in cells if cell.value is None} <= set(EMPTY_REASONS)
    assert "no_source" in {cell.empty_reason for cell in cells}
    words = "".join(Page((report_folder(home) / "weekly.html").read_text(encoding="utf-8")).words)
    assert "No source tells of incidents yet." in words
    assert "There is nothing to judge yet" in words
    assert "0 systems" in words


def test_every_model_and_column_is_described(manifest: dict[str, Any]) -> None:
    silent = []
    for node in manifest["nodes"].values():
        if node["resource_type"] not in ("model", "seed"):
            continue
        if not node["description"].strip():
            silent.append(node["name"])
        silent += [
            f"{node['name']}.{c['name']}" for c in node["columns"].values() if not c["description"].strip()
        ]
    for source in manifest["sources"].values():
        silent += [
            f"{source['name']}.{c['name']}" for c in source["columns"].values() if not c["description"]
        ]
    assert silent == []


def test_every_mart_says_which_question_it_answers(manifest: dict[str, Any]) -> None:
    asked = {
        node["name"]: node["config"]["meta"].get("question", "")
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] in ("marts", "marts_people")
    }
    assert len(asked) > 60
    assert [name for name, question in asked.items() if not question.endswith("?")] == []
    assert len(set(asked.values())) == len(asked)


def test_descriptions_of_models_begin_with_their_grain(manifest: dict[str, Any]) -> None:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    assert [node["name"] for node in models if not node["description"].startswith("One row per")] == []


def test_descriptions_are_comments_in_the_database(empty: DataHome) -> None:
    with duckdb.connect(str(empty.warehouse), read_only=True) as con:
        bare = con.execute(
            """
            select table_name, column_name from duckdb_columns()
            where schema_name in ('marts', 'marts_people') and coalesce(comment, '') = ''
            """
        ).fetchall()
    assert bare == []


def test_marts_have_enforced_contracts(manifest: dict[str, Any]) -> None:
    marts = [
        n
        for n in manifest["nodes"].values()
        if n["resource_type"] == "model" and n["schema"].startswith("marts")
    ]
    assert marts
    assert [node["name"] for node in marts if not node["contract"]["enforced"]] == []


def test_each_model_has_its_yml_beside_it() -> None:
    models = list((PROJECT / "models").rglob("*.sql"))
    assert [path.name for path in models if not path.with_suffix(".yml").exists()] == []


@pytest.mark.parametrize("what", PORTABLE)
def test_models_are_free_of(what: str) -> None:
    found = Counter[str]()
    for path in (PROJECT / "models").rglob("*.sql"):
        code = re.sub(r"\{#.*?#\}|--[^\n]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        found[path.name] += len(re.findall(PORTABLE[what], code, flags=re.IGNORECASE))
    assert +found == Counter()


def test_raw_tables_are_read_by_staging_alone(manifest: dict[str, Any]) -> None:
    readers = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and any(parent.startswith("source.") and ".raw_" in parent for parent in node["depends_on"]["nodes"])
        and not Path(node["original_file_path"]).is_relative_to("models/staging")
    }
    assert readers == set()


def test_every_concept_that_may_stay_unmapped_says_where_it_is_mapped() -> None:
    told = {
        concept
        for model in (PROJECT / "models").rglob("int_*unmapped.sql")
        for concept in re.findall(r"'([^']+)' as concept", model.read_text(encoding="utf-8"))
    }
    with (PROJECT / "seeds" / "unmapped_concepts.csv").open(encoding="utf-8", newline="") as file:
        explained = {row["concept"] for row in csv.DictReader(file)}
    assert told == explained
