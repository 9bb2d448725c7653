"""The registry of this project, what is generated from it for each tool, and the marts on a real server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import lkml
import pytest
from defusedxml import ElementTree

from orchestration.bi.command import NAMES, WRITERS
from orchestration.bi.connection import Connection
from orchestration.bi.kpis import read_kpis
from orchestration.bi.registry import Registry, read_registry
from orchestration.bi.sums import sums_of
from orchestration.dbt_project import MetricsDbtProject
from orchestration.home import DataHome
from orchestration.publishing.marts import PEOPLE_SCHEMA, SCHEMA, read_marts
from orchestration.publishing.snapshot import publish
from tests.bi.expressions import translate_dax, translate_tableau
from tests.bi.tmdl import Node, read_tmdl
from tests.dbt.project import PROJECT
from tests.publishing.conftest import describe_run, record_build

if TYPE_CHECKING:
    import psycopg

    from tests.postgres_cluster import Cluster

# SQL of each measure over the alias t, by mart and KPI.
Measures = dict[str, dict[str, str]]


@dataclass(frozen=True)
class Project:
    """Both registries and what the tools are given of the one that everybody may read."""

    manifest: Mapping[str, Any]
    registry: Registry
    people: Registry

    def write(self, tool: str, registry: Registry | None = None) -> dict[str, str]:
        registry = registry or self.registry
        name = NAMES[registry.schema]
        connection = Connection("db.acme.example", 5432, "metrics", registry.schema, name)
        return WRITERS[tool](registry, connection, name)


@pytest.fixture(scope="session")
def project() -> Project:
    home = DataHome(PROJECT.parent / ".pytest_cache" / "parsed")
    manifest = MetricsDbtProject(PROJECT, home).prepare_manifest(os.environ)
    kpis = read_kpis(manifest, PROJECT)
    return Project(manifest, read_registry(manifest, kpis), read_registry(manifest, kpis, PEOPLE_SCHEMA))


def read_views(files: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Views of a LookML project by name."""
    views = [lkml.load(text)["views"][0] for path, text in files.items() if path.startswith("views/")]
    return {view["name"]: view for view in views}


def read_model_tables(files: Mapping[str, str]) -> dict[str, Node]:
    """Tables of a Power BI project by name."""
    tables = [read_tmdl(text).one("table") for path, text in files.items() if "/tables/" in path]
    return {table.name: table for table in tables}


def read_sources(files: Mapping[str, str]) -> dict[str, Any]:
    """Tableau's data sources, parsed, by the mart that they are about."""
    return {path.split(".")[-2]: ElementTree.fromstring(text) for path, text in files.items()}


def _read_looker(project: Project) -> Measures:
    read = {}
    for name, view in read_views(project.write("looker")).items():
        sql = {measure["name"]: measure.get("sql", "") for measure in view["measures"]}
        plain = {key: text.replace("${one_segment}", sql.get("one_segment", "")) for key, text in sql.items()}
        read[name] = {key: text.replace("${TABLE}", "t") for key, text in plain.items()}
    return read


def _read_powerbi(project: Project) -> Measures:
    read = {}
    names = {kpi.name: kpi.kpi_id for kpi in project.registry.kpis}
    names |= {one.full_label: one.name for table in project.registry.tables for one in sums_of(table)}
    for name, table in read_model_tables(project.write("powerbi")).items():
        dax = {measure.name: measure.expression for measure in table.all("measure")}
        read[name] = {
            names.get(label.removesuffix(" (from records)"), label): translate_dax(formula, dax)
            for label, formula in dax.items()
        }
    return read


def _read_tableau(project: Project) -> Measures:
    read = {}
    for name, source in read_sources(project.write("tableau")).items():
        columns = {
            record.findtext("local-name").strip("[]"): record.findtext("remote-name")
            for record in source.iter("metadata-record")
        }
        formulas = {
            column.get("name").strip("[]"): column.find("calculation").get("formula")
            for column in source.findall("column")
            if column.find("calculation") is not None
        }
        read[name] = {
            key.removeprefix("Calculation_"): translate_tableau(formula, columns, formulas)
            for key, formula in formulas.items()
        }
    return read


_READERS: dict[str, Callable[[Project], Measures]] = {
    "looker": _read_looker,
    "powerbi": _read_powerbi,
    "tableau": _read_tableau,
}


@pytest.fixture(scope="session", params=sorted(_READERS))
def measures(request: pytest.FixtureRequest, project: Project) -> Measures:
    """What a tool computes, as SQL."""
    return _READERS[request.param](project)


@pytest.fixture(scope="session")
def server(
    project: Project,
    built_company: DataHome,
    postgres_cluster: Cluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[psycopg.Connection[Any]]:
    """The built company's marts as they are published to PostgreSQL, seen by who may read them."""
    from orchestration.publishing.postgres import publish_postgres

    home = DataHome(tmp_path_factory.mktemp("bi") / "home")
    home.root.mkdir()
    shutil.copyfile(built_company.warehouse, home.warehouse)
    record_build(home)
    marts, people = (read_marts(project.manifest, schema) for schema in (SCHEMA, PEOPLE_SCHEMA))
    publish(home, describe_run(home, marts=marts, people_marts=people))
    postgres_cluster.ensure_database("bi")
    publish_postgres(home, postgres_cluster.dsn("bi"), "bi")
    with postgres_cluster.connect("bi") as con:
        con.execute("set role metrics_reader")
        yield con
