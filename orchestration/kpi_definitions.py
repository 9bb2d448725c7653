"""``python -m orchestration.kpi_definitions``: what each version of a KPI's definition stands for.

The seed ``kpi_definition_inputs`` holds, beside the versions in force, the knobs (variables, seeds of rules)
and the formula (a hash of the SQL that makes the records, and one of the SQL that makes values of them) that
they were given for. A knob that a run turns makes another definition by itself: ``dim_kpi`` adds it to the
version. A change that is committed has to raise the version in the seed ``kpis``; then this notes the new
inputs. With ``--same-figures`` it notes them under the old version: for what cannot change a figure, like a
model written in another way. With ``--check`` nothing is written.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from orchestration.dbt_project import PROJECT_DIR, MetricsDbtProject
from orchestration.durable import replace_text
from orchestration.home import DataHome

INPUTS = PROJECT_DIR / "seeds" / "kpi" / "kpi_definition_inputs.csv"


class Input(NamedTuple):
    """One row of the seed. ``kind``: version or aggregation (of the KPI ``name``), variable, seed or formula.

    What ``records_model`` 'all' has holds for every KPI: which day an instant belongs to, say.
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
    kpis = read_kpis(project)
    formulas = [
        Input(model, "formula", "sql", hash_formula(manifest, model))
        for model in {row.records_model for row in kpis}
    ]
    formulas.append(Input("all", "formula", "values", hash_values(manifest)))
    return sorted(found + kpis + formulas)


def describe_variable(value: object) -> str:
    """A variable as one short word, as the macro ``variable_word`` writes it."""
    if isinstance(value, str | int | float):
        return str(value)
    return hashlib.md5(json.dumps(value).encode(), usedforsecurity=False).hexdigest()[:8]


def hash_formula(manifest: Mapping[str, Any], records_model: str) -> str:
    """Eight hex digits over the SQL that decides what counts, comments and spaces aside.

    That is the records model, the models that it reads, and the links below them.
    """
    nodes: Mapping[str, Any] = manifest["nodes"]
    top = _named(nodes, records_model)
    chosen = {top["unique_id"], *top["depends_on"]["nodes"]}
    chosen |= {name for name in _behind(nodes, chosen, "nodes") if "links" in nodes[name]["fqn"]}
    return _hash(nodes[name] for name in chosen if name in nodes)


def hash_values(manifest: Mapping[str, Any]) -> str:
    """Eight hex digits over the SQL that makes values of records: numerators, medians, intervals, periods.

    That is fct_kpi_values, the models of the folder ``kpi`` behind it, the calendar, and the project's macros
    that any of them or a records model calls.
    """
    nodes: Mapping[str, Any] = manifest["nodes"]
    macros: Mapping[str, Any] = manifest["macros"]
    top = _named(nodes, "fct_kpi_values")
    behind = _behind(nodes, {top["unique_id"]}, "nodes")
    chosen = [
        nodes[name] for name in behind if "kpi" in nodes[name]["fqn"] or nodes[name]["name"] == "dim_date"
    ]
    project = {name: macro for name, macro in macros.items() if macro["package_name"] == top["package_name"]}
    callers = [*chosen, *(nodes[name] for name in behind if "kpi_records" in nodes[name]["fqn"])]
    called = _behind(project, {name for node in callers for name in node["depends_on"]["macros"]}, "macros")
    words = {project[name]["name"] for name in called}
    # Of a macro that each engine has in its own words, the parser sees only its own engine's.
    for_engines = {name for name, macro in project.items() if macro["name"].partition("__")[2] in words}
    return _hash([*chosen, *(project[name] for name in _behind(project, called | for_engines, "macros"))])


def _named(nodes: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(node for node in nodes.values() if node["name"] == name)
    return found


def _behind(known: Mapping[str, Any], names: Iterable[str], kind: str) -> set[str]:
    """``names`` and what they depend on over any distance, as far as it is ``known``."""
    waiting, seen = list(names), set()
    while waiting:
        name = waiting.pop()
        if name in known and name not in seen:
            seen.add(name)
            waiting += known[name]["depends_on"].get(kind, ())
    return seen


def _hash(sources: Iterable[Mapping[str, Any]]) -> str:
    texts = {
        source["unique_id"]: source["name"] + ":" + _strip(source.get("macro_sql") or source["raw_code"])
        for source in sources
        if source["resource_type"] in ("model", "macro")
    }
    told = "\n".join(texts[name] for name in sorted(texts))
    return hashlib.md5(told.encode(), usedforsecurity=False).hexdigest()[:8]


def _strip(sql: str) -> str:
    bare = re.sub(r"\{#.*?#\}|--[^\n]*", " ", sql, flags=re.DOTALL)
    return re.sub(r"\s+", " ", bare).strip()


def read_kpis(project: Path) -> list[Input]:
    """Two rows per KPI, with the model of its records: the version of its definition, and its aggregation."""
    with (project / "seeds" / "kpi" / "kpis.csv").open(encoding="utf-8", newline="") as file:
        kpis = {row["kpi_id"]: row for row in csv.DictReader(file)}
    found = []
    for kpi_id, kpi in kpis.items():
        headline = kpi["headline_kpi_id"]
        # As dim_kpi has it: what tells of people stands apart from a headline that does not.
        is_apart = kpi["is_people"] == "true" and kpis[headline]["is_people"] != "true"
        model = f"int_kpi_{kpi_id if is_apart else headline}_records"
        found.append(Input(model, "version", kpi_id, kpi["definition_version"]))
        found.append(Input(model, "aggregation", kpi_id, kpi["aggregation"]))
    return found


def find_unversioned(noted: Sequence[Input], found: Sequence[Input]) -> list[str]:
    """Inputs that changed while no KPI of their model has another version, a line each."""
    before = {row[:3]: row.value for row in noted}
    after = {row[:3]: row.value for row in found}
    versions = [row for row in found if row.kind == "version"]
    raised = {row.records_model for row in versions if before.get(row[:3], row.value) != row.value}
    if raised == {row.records_model for row in versions}:
        raised.add("all")
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
