"""``python -m orchestration.reference``: the README's tables, made from contracts, models and seeds.

A table stands in the README between ``<!-- generated: <name> -->`` and ``<!-- /generated -->``. With
``--check`` nothing is written, and the exit code says whether the README is what it should be.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.connectors.pull import CONNECTORS
from orchestration.dbt_project import PROJECT_DIR, MetricsDbtProject
from orchestration.durable import replace_text
from orchestration.home import DataHome
from orchestration.loading.contract import SystemContract, read_contracts
from orchestration.publishing.marts import PEOPLE_SCHEMA, SCHEMA

README = PROJECT_DIR.parent / "README.md"
KPIS = PROJECT_DIR / "seeds" / "kpi" / "kpis.csv"


def refresh(text: str, tables: Mapping[str, str]) -> str:
    """``text`` with each generated part replaced by the table of its name.

    Raises KeyError for a part whose name no table has, ValueError for a table that no part asks for.
    """
    asked: set[str] = set()

    def write(found: re.Match[str]) -> str:
        asked.add(found[2])
        return f"{found[1]}\n{tables[found[2]]}\n<!-- /generated -->"

    pattern = r"(<!-- generated: ([a-z_]+) -->)\n.*?<!-- /generated -->"
    refreshed = re.sub(pattern, write, text, flags=re.DOTALL)
    if unasked := sorted(set(tables) - asked):
        raise ValueError(f"no place for {', '.join(unasked)}: write <!-- generated: {unasked[0]} -->")
    return refreshed


def systems_table(contracts: Mapping[str, SystemContract], manifest: Mapping[str, Any]) -> str:
    """Markdown: system × raw tables × by file × by API × the concepts that its records reach."""
    concepts = concepts_by_system(manifest)
    rows = [
        (
            f"`{name}`",
            ", ".join(f"`{table}`" for table in contract.tables),
            "yes",
            "yes" if name in CONNECTORS else "",
            ", ".join(concepts.get(f"raw_{name}", ())),
        )
        for name, contract in sorted(contracts.items())
    ]
    return _markdown(("system", "tables", "file", "API", "concepts"), rows)


def concepts_by_system(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """For each source of ``manifest``, the intermediate models that its staging models feed, in words."""
    children: Mapping[str, Sequence[str]] = manifest["child_map"]
    nodes: Mapping[str, Any] = manifest["nodes"]
    reached: dict[str, set[str]] = {}
    for source_id, source in manifest["sources"].items():
        waiting, seen = [source_id], set()
        while waiting:
            for child in children[waiting.pop()]:
                if not child.startswith("model.") or child in seen:
                    continue
                seen.add(child)
                name = nodes[child]["name"]
                if name.startswith("int_"):
                    reached.setdefault(source["source_name"], set()).add(
                        name.removeprefix("int_").replace("_", " ")
                    )
                else:
                    waiting.append(child)
    return {source: sorted(concepts) for source, concepts in reached.items()}


def kpi_table(kpis: Sequence[Mapping[str, str]]) -> str:
    """Markdown: KPI (with its companions) × unit × better × grains, and a mark per segment type."""
    segments = list(dict.fromkeys(name for kpi in kpis for name in kpi["segments"].split("|")))
    rows = [
        (
            f"`{kpi['kpi_id']}`" if kpi["kpi_id"] == kpi["headline_kpi_id"] else f"– `{kpi['kpi_id']}`",
            kpi["unit"],
            kpi["direction"],
            kpi["grains"].replace("|", ", "),
            *("●" if segment in kpi["segments"].split("|") else "" for segment in segments),
        )
        for kpi in kpis
    ]
    return _markdown(("KPI (– companion)", "unit", "better", "by", *segments), rows)


def marts_table(manifest: Mapping[str, Any]) -> str:
    """Markdown: published table × the question that it answers; all tables of records in one row."""
    rows = [
        (f"`{node['alias']}`" + (" (restricted)" if node["schema"] == PEOPLE_SCHEMA else ""), question)
        for node in sorted(manifest["nodes"].values(), key=lambda node: node["name"])
        if node["resource_type"] == "model" and node["schema"] in (SCHEMA, PEOPLE_SCHEMA)
        if not re.fullmatch("kpi_.*_records", node["alias"])
        and (question := node["config"]["meta"]["question"])
    ]
    records = ("`kpi_<kpi_id>_records`", "Which records are behind each KPI, and which were left out, why?")
    return _markdown(("mart", "question"), [*rows, records])


def _markdown(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def make_tables(environ: Mapping[str, str]) -> dict[str, str]:
    """Every generated table by its name. Raises ContractError, DbtParseError."""
    project = MetricsDbtProject(PROJECT_DIR, DataHome.from_environment(environ))
    with KPIS.open(encoding="utf-8", newline="") as file:
        kpis = list(csv.DictReader(file))
    manifest = project.prepare_manifest(environ)
    return {
        "systems": systems_table(read_contracts(PROJECT_DIR), manifest),
        "marts": marts_table(manifest),
        "kpis": kpi_table(kpis),
    }


def main(arguments: Sequence[str], readme: Path = README) -> int:
    """Exit code: 1 where ``--check`` finds the README stale, else 0."""
    text = readme.read_text(encoding="utf-8")
    refreshed = refresh(text, make_tables(os.environ))
    if "--check" in arguments:
        if refreshed != text:
            print("README.md is stale: run python -m orchestration.reference", file=sys.stderr)
        return int(refreshed != text)
    replace_text(readme, refreshed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
