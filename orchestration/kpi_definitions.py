"""``python -m orchestration.kpi_definitions``: what each version of a KPI's definition stands for.

The seed ``kpi_definition_inputs`` holds, beside the versions in force, the knobs (variables, seeds of rules)
and the formula (a hash of the SQL) that they were given for. A knob that a run turns makes another definition
by itself: ``dim_kpi`` adds it to the version. A change that is committed has to raise the version in the seed
``kpis``; then this notes the new inputs. With ``--same-figures`` it notes them under the old version: for
what cannot change a figure, like a model written in another way. With ``--check`` nothing is written.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from orchestration.dbt_project import PROJECT_DIR, MetricsDbtProject
from orchestration.durable import replace_text
from orchestration.home import DataHome

INPUTS = PROJECT_DIR / "seeds" / "kpi" / "kpi_definition_inputs.csv"


class Input(NamedTuple):
    """One row of the seed. ``kind``: version (of the KPI ``name``), variable, seed or formula.

    What ``records_model`` 'all' has is a knob of every KPI: which day an instant belongs to, say.
    """

    records_model: str
    kind: str
    name: str
    value: str


def read_inputs(path: Path = INPUTS) -> list[Input]:
    """The seed as it is committed."""
    with path.open(encoding="utf-8", newline="") as file:
        return [Input(*row) for row in list(csv.reader(file))[1:]]


def find_inputs(manifest: Mapping[str, Any], noted: Sequence[Input], project: Path) -> list[Input]:
    """The rows that the seed should have: the knobs of ``noted`` as they are now, formulas and versions.

    Which knobs a KPI has is what the seed says; everything else comes from the project.
    """
    variables = yaml.safe_load((project / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    nodes: Mapping[str, Any] = manifest["nodes"]
    seeds = {node["name"]: node for node in nodes.values() if node["resource_type"] == "seed"}
    knobs: Mapping[str, Callable[[str], str]] = {
        "variable": lambda name: describe_variable(variables[name]),
        "seed": lambda name: str(seeds[name]["checksum"]["checksum"])[:8],
    }
    found = [row._replace(value=knobs[row.kind](row.name)) for row in noted if row.kind in knobs]
    versions = read_versions(project)
    formulas = [
        Input(model, "formula", "sql", hash_formula(nodes, model))
        for model in {row.records_model for row in versions}
    ]
    return sorted(found + versions + formulas)


def describe_variable(value: object) -> str:
    """A variable as one short word, as the macro ``variable_word`` writes it."""
    if isinstance(value, str | int | float):
        return str(value)
    return hashlib.md5(json.dumps(value).encode(), usedforsecurity=False).hexdigest()[:8]


def hash_formula(nodes: Mapping[str, Any], records_model: str) -> str:
    """Eight hex digits over the SQL that decides what counts, comments and spaces aside.

    That is the records model, the models that it reads, and the links below them.
    """
    top = next(node for node in nodes.values() if node["name"] == records_model)
    chosen = {top["unique_id"], *top["depends_on"]["nodes"]}
    waiting, seen = list(chosen), set(chosen)
    while waiting:
        for parent in nodes.get(waiting.pop(), {}).get("depends_on", {}).get("nodes", ()):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
    chosen |= {name for name in seen if name in nodes and "links" in nodes[name]["fqn"]}
    texts = [
        nodes[name]["name"] + ":" + _strip(nodes[name]["raw_code"])
        for name in sorted(chosen)
        if name in nodes and nodes[name]["resource_type"] == "model"
    ]
    return hashlib.md5("\n".join(texts).encode(), usedforsecurity=False).hexdigest()[:8]


def _strip(sql: str) -> str:
    bare = re.sub(r"\{#.*?#\}|--[^\n]*", " ", sql, flags=re.DOTALL)
    return re.sub(r"\s+", " ", bare).strip()


def read_versions(project: Path) -> list[Input]:
    """One row per KPI: the model of its records, and the version of its definition."""
    with (project / "seeds" / "kpi" / "kpis.csv").open(encoding="utf-8", newline="") as file:
        kpis = {row["kpi_id"]: row for row in csv.DictReader(file)}
    found = []
    for kpi_id, kpi in kpis.items():
        headline = kpi["headline_kpi_id"]
        # As dim_kpi has it: what tells of people stands apart from a headline that does not.
        is_apart = kpi["is_people"] == "true" and kpis[headline]["is_people"] != "true"
        model = f"int_kpi_{kpi_id if is_apart else headline}_records"
        found.append(Input(model, "version", kpi_id, kpi["definition_version"]))
    return found


def find_unversioned(noted: Sequence[Input], found: Sequence[Input]) -> list[str]:
    """Inputs that changed while no KPI of their model has another version, a line each."""
    before = {row[:3]: row.value for row in noted}
    after = {row[:3]: row.value for row in found}
    raised = {
        row.records_model
        for row in found
        if row.kind == "version" and before.get(row[:3], row.value) != row.value
    }
    return [
        f"{model}: {kind} {name} is {after.get((model, kind, name), 'gone')}, "
        f"was {before.get((model, kind, name), 'not noted')}"
        for model, kind, name in sorted({*before, *after})
        if before.get((model, kind, name)) != after.get((model, kind, name))
        and kind != "version"
        and model not in raised
    ]


def write_inputs(rows: Sequence[Input]) -> str:
    """The seed's text."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("records_model", "input_kind", "input_name", "input_value"))
    writer.writerows(rows)
    return text.getvalue()


def main(arguments: Sequence[str], project: Path = PROJECT_DIR, inputs: Path = INPUTS) -> int:
    """Exit code: 1 where a version has to be raised first, or ``--check`` finds the seed stale; else 0."""
    if unknown := {*arguments} - {"--check", "--same-figures"}:
        print(f"unknown: {', '.join(sorted(unknown))}; there is --check and --same-figures", file=sys.stderr)
        return 2
    manifest = MetricsDbtProject(project, DataHome.from_environment(os.environ)).prepare_manifest(os.environ)
    noted = read_inputs(inputs)
    found = find_inputs(manifest, noted, project)
    unversioned = find_unversioned(noted, found)
    if unversioned and "--same-figures" not in arguments:
        print(*unversioned, sep="\n", file=sys.stderr)
        print(
            "Raise definition_version in seeds/kpi/kpis.csv for the KPIs whose figures this can change, then "
            "run python -m orchestration.kpi_definitions; with --same-figures if it can change none.",
            file=sys.stderr,
        )
        return 1
    if "--check" in arguments:
        if noted != found:
            print(f"{inputs.name} is stale: run python -m orchestration.kpi_definitions", file=sys.stderr)
        return int(noted != found)
    replace_text(inputs, write_inputs(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
