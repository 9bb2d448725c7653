"""A KPI's version stands for a formula and knobs: none of them changes, and none is added, without it."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest

from orchestration.dbt_project import MetricsDbtProject
from orchestration.home import DataHome
from orchestration.kpi_definitions import (
    Input,
    find_inputs,
    find_unversioned,
    hash_formula,
    hash_values,
    main,
    read_inputs,
    write_inputs,
)

from .project import PROJECT

# Variables that the models behind KPIs read and that decide no figure of a period.
NO_KNOBS = {
    "as_of_date": "the last day that counts",
    "calendar_first_date": "a test says so if anything lies before it",
    "link_confidence": "told beside a link; which link wins is in the SQL",
    "max_chain_doublings": "how much is computed; a test says so if it is too little",
}
# Seeds that say what a tool's own words, fields and accounts mean. New spellings come all the time, and a
# version that each of them raised would say nothing.
TRANSLATIONS = {
    *("environment_tiers", "incident_fields", "jira_fields", "severity_map", "status_map"),
    *("cost_account_map", "cost_cluster_pools", "cost_resource_map", "cost_tag_keys"),
    *("hiring_application_statuses", "hiring_close_reasons", "hiring_departments", "hiring_offer_statuses"),
    *("hiring_rejection_patterns", "hr_employment_statuses", "hr_termination_kinds"),
    *("vulnerability_severities", "vulnerability_states"),
}
VARIABLE = re.compile(r"\bvar\(\s*['\"](\w+)['\"]")
MODEL = "int_kpi_change_failure_rate_records"


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    project = MetricsDbtProject(PROJECT, DataHome(PROJECT.parent / ".pytest_cache" / "parsed"))
    return project.prepare_manifest(os.environ)


def read_behind(manifest: dict[str, Any], kind: str) -> set[str]:
    """Variables, or seeds, on which records models depend over any distance."""
    nodes, macros = manifest["nodes"], manifest["macros"]
    waiting = [name for name, node in nodes.items() if "kpi_records" in node["fqn"]]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen and (name in nodes or name.startswith("macro.engineering_metrics.")):
            seen.add(name)
            node = nodes.get(name) or macros[name]
            waiting += node["depends_on"].get("nodes", []) + node["depends_on"]["macros"]
    if kind == "seed":
        return {
            nodes[name]["name"] for name in seen if name in nodes and nodes[name]["resource_type"] == "seed"
        }
    texts = (nodes[name]["raw_code"] if name in nodes else macros[name]["macro_sql"] for name in seen)
    return {found for text in texts for found in VARIABLE.findall(text)}


def rewrite(manifest: dict[str, Any], source: str, old: str, new: str) -> dict[str, Any]:
    """The manifest with another text of one model or macro."""
    kind, member = ("macros", "macro_sql") if source.startswith("macro") else ("nodes", "raw_code")
    text = manifest[kind][source][member]
    assert old in text
    changed = {**manifest[kind][source], member: text.replace(old, new)}
    return {**manifest, kind: {**manifest[kind], source: changed}}


def noted_names(kind: str) -> set[str]:
    return {row.name for row in read_inputs() if row.kind == kind}


def test_versions_stand_for_the_inputs_as_they_are(manifest: dict[str, Any]) -> None:
    noted = read_inputs()
    found = find_inputs(manifest, noted, PROJECT)
    assert find_unversioned(noted, found) == [], "raise definition_version; see orchestration.kpi_definitions"
    assert noted == found, "run python -m orchestration.kpi_definitions"


def test_no_knob_is_missing(manifest: dict[str, Any]) -> None:
    knobs = noted_names("variable")
    assert read_behind(manifest, "variable") - set(NO_KNOBS) <= knobs
    listed = manifest["macros"]["macro.engineering_metrics.kpi_variables"]["macro_sql"]
    assert set(re.findall(r"'(\w+)'", listed)) == knobs
    rules = noted_names("seed")
    assert rules & TRANSLATIONS == set()
    assert read_behind(manifest, "seed") == rules | TRANSLATIONS


def test_a_turned_knob_asks_for_a_version_and_a_raised_version_answers(manifest: dict[str, Any]) -> None:
    noted = read_inputs()
    turned = [row._replace(value="48") if row.name == "incident_lag_hours" else row for row in noted]
    told = find_unversioned(noted, turned)
    assert f"{MODEL}: variable incident_lag_hours is 48, was 24" in told
    assert {line.split(":")[0] for line in told} == {MODEL, "int_kpi_time_to_restore_records"}
    raised = [row._replace(value="2") if row.name == "change_failure_rate" else row for row in turned]
    assert {line.split(":")[0] for line in find_unversioned(noted, raised)} == {
        "int_kpi_time_to_restore_records"
    }


def test_a_formula_is_its_sql_down_to_the_links_whatever_its_spaces(manifest: dict[str, Any]) -> None:
    before = hash_formula(manifest, MODEL)

    def change(name: str, old: str, new: str) -> str:
        return hash_formula(rewrite(manifest, f"model.engineering_metrics.{name}", old, new), MODEL)

    assert change(MODEL, "from", "-- where from\n        from") == before
    assert change(MODEL, "is_production", "not is_production") != before
    assert change("int_failed_changes", "from", "from  nowhere") != before
    assert change("int_kpi_enps_records", "from", "from  nowhere") == before


@pytest.mark.parametrize(
    ("source", "old", "new"),
    [
        ("model.engineering_metrics.fct_kpi_values", "aggregation = 'median' then p50", "true then p75"),
        ("model.engineering_metrics.int_kpi_repeated_records", "min(in_segments.measured)", "max(1)"),
        ("macro.engineering_metrics.exact_mean", "decimal(38, 12)", "decimal(38, 2)"),
        ("macro.engineering_metrics.wilson_bound", "1.959963984540054e0", "2.575829303548901e0"),
        ("macro.engineering_metrics.default__percentile_of", "within group", "within a group"),
        ("macro.engineering_metrics.kpi_record_columns", "is null then", "is not null then"),
    ],
)
def test_what_makes_values_of_records_is_a_formula_of_every_kpi(
    manifest: dict[str, Any], source: str, old: str, new: str
) -> None:
    noted = read_inputs()
    changed = rewrite(manifest, source, old, new)
    told = find_unversioned(noted, find_inputs(changed, noted, PROJECT))
    assert f"all: formula values is {hash_values(changed)}, was {hash_values(manifest)}" in told


def test_what_holds_for_every_kpi_asks_every_model_for_a_version(manifest: dict[str, Any]) -> None:
    noted = read_inputs()
    turned = [row._replace(value="4") if row.name == "fiscal_year_first_month" else row for row in noted]
    assert [line.split(":")[0] for line in find_unversioned(noted, turned)] == ["all"]
    raised = [row._replace(value="99") if row.kind == "version" else row for row in turned]
    assert find_unversioned(noted, raised) == []


def test_another_aggregation_is_another_definition() -> None:
    noted = read_inputs()
    found = [row._replace(value="mean") if row[1:3] == ("aggregation", "enps") else row for row in noted]
    assert find_unversioned(noted, found) == ["int_kpi_enps_records: aggregation enps is mean, was ratio"]


def test_the_command_names_what_it_refuses_and_writes_what_it_is_told(
    manifest: dict[str, Any],
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("METRICS_HOME", str(PROJECT.parent / ".pytest_cache" / "parsed"))
    stale = tmp_path / "inputs.csv"
    rows = read_inputs()
    stale.write_text(
        write_inputs([row._replace(value="?") if row == rows[2] else row for row in rows]), encoding="utf-8"
    )
    assert main([], inputs=stale) == 1
    assert f"{rows[2].records_model}: {rows[2].kind} {rows[2].name} is {rows[2].value}, was ?" in (
        capsys.readouterr().err
    )
    assert main(["--same-figures", "--check"], inputs=stale) == 1
    assert main(["--same-figures"], inputs=stale) == 0
    assert read_inputs(stale) == rows
    assert main(["--check"], inputs=stale) == 0
    assert main(["--sames"], inputs=stale) == 2
    assert Input("all", "variable", "business_timezone", "UTC") in rows
