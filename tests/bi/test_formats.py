"""What is generated can be read by each tool's reader, names only what exists, and keeps people apart."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import lkml
import pytest
from defusedxml import ElementTree

from orchestration.bi.folder import LEDGER
from orchestration.bi.labels import one_line
from orchestration.bi.powerbi import find_refresh_column
from orchestration.bi.registry import Registry
from orchestration.publishing.marts import PEOPLE_SCHEMA, SCHEMA
from tests.bi import miniature
from tests.bi.conftest import Project, read_model_tables, read_sources, read_views
from tests.bi.tmdl import TmdlError, read_tmdl, split_column
from tests.conftest import LAST_DAY

if TYPE_CHECKING:
    import psycopg

TOOLS = ("looker", "powerbi", "tableau")
BOTH = pytest.mark.parametrize("schema", [SCHEMA, PEOPLE_SCHEMA])


def registry_of(project: Project, schema: str) -> Registry:
    return project.registry if schema == SCHEMA else project.people


@pytest.mark.parametrize("tool", TOOLS)
def test_the_layout_is_what_was_looked_at(tool: str) -> None:
    """``python -m tests.bi.miniature`` writes the golden files anew where a change is meant."""
    folder = miniature.GOLDEN / tool
    golden = {
        path.relative_to(folder).as_posix(): path.read_bytes().decode()
        for path in folder.rglob("*")
        if path.is_file() and path.name != LEDGER
    }
    assert miniature.write(tool) == golden


def test_awkward_text_comes_back_from_every_format() -> None:
    trap = one_line(miniature.TRAP)
    view = read_views(miniature.write("looker"))["dim_team"]
    found = view["dimensions"][0]["description"].replace('\\"', '"').replace("\\\\", "\\")
    # Marks of templates are broken up by a space, so that they are none.
    assert found.replace("{ {", "{{").replace("{ %", "{%").replace("$ {", "${").replace("@ {", "@{") == trap
    assert not re.search(r"\{[{%]|[$@]\{", view["dimensions"][0]["description"])

    tables = read_model_tables(miniature.write("powerbi"))
    assert tables["dim_team"].all("column")[0].description == trap
    assert 'Frequency: how "often", it\'s 100%' in {
        measure.name for measure in tables["fct_kpi_values"].all("measure")
    }

    source = read_sources(miniature.write("tableau"))["dim_team"]
    assert source.find("column/desc/formatted-text/run").text == trap


def test_the_reader_of_tmdl_takes_no_odd_line() -> None:
    for text in (
        "table a\n\t\tcolumn b",
        "table a\n\tcolor: red",
        "table a b",
        "table a\n  isHidden",
        "table a\n\t/// of a flag\n\tisHidden",
        "/// of nothing",
    ):
        with pytest.raises(TmdlError):
            read_tmdl(text)


@BOTH
def test_every_view_is_its_mart_and_every_join_leads_to_fields(project: Project, schema: str) -> None:
    registry = registry_of(project, schema)
    files = project.write("looker", registry)
    views = read_views(files)
    assert set(views) == {table.name for table in registry.tables}
    fields: dict[str, set[str]] = {}
    for name, view in views.items():
        taken = [field["name"] for kind in ("dimensions", "measures") for field in view.get(kind, [])]
        for group in view.get("dimension_groups", []):
            taken += [f"{group['name']}_{frame}" for frame in group["timeframes"]]
        assert [field for field, count in Counter(taken).items() if count > 1] == []
        fields[name] = set(taken)
        of_columns = [*view.get("dimensions", []), *view.get("dimension_groups", [])]
        columns = {
            field["sql"].removeprefix('${TABLE}."').removesuffix('"')
            for field in of_columns
            if field["name"] != "row_key"
        }
        assert columns == {column.name for column in registry.table(name).columns}
        keys = [field for field in view.get("dimensions", []) if field.get("primary_key") == "yes"]
        assert len(keys) == (1 if registry.table(name).mart.primary_key else 0)
    (model,) = (lkml.load(text) for path, text in files.items() if path.endswith(".model.lkml"))
    assert {explore["name"] for explore in model["explores"]} == set(views)
    for explore in model["explores"]:
        aliases = {explore["name"]: explore["name"]}
        for join in explore.get("joins", []):
            assert join["relationship"] == "many_to_one"
            aliases[join["name"]] = join.get("from", join["name"])
            for view, field in re.findall(r"\$\{(\w+)\.(\w+)\}", join["sql_on"]):
                assert field in fields[aliases[view]], join
        for pair in explore.get("always_filter", {}).get("filters__all", [[]])[0]:
            ((name, value),) = pair.items()
            assert name.split(".")[1] in fields[explore["name"]]
            assert value


@BOTH
def test_the_model_names_only_what_exists_and_nothing_twice(project: Project, schema: str) -> None:
    registry = registry_of(project, schema)
    files = project.write("powerbi", registry)
    for path, text in files.items():
        if not path.endswith(".tmdl"):
            json.loads(text)
    tables = read_model_tables(files)
    assert set(tables) == {table.name for table in registry.tables}
    model = read_tmdl(next(text for path, text in files.items() if path.endswith("/model.tmdl")))
    assert {child.name for child in model.all("ref table")} == set(tables)
    columns = {name: {column.name for column in table.all("column")} for name, table in tables.items()}
    for table in registry.tables:
        assert columns[table.name] == {column.name for column in table.columns}
        source = tables[table.name].one("partition").properties["source"]
        assert f'[Schema = "{schema}", Item = "{table.name}"]' in source
        for field in re.findall(r"each \[(\w+)\]", source):
            assert field in columns[table.name]
    relationships = [
        relationship
        for path, text in files.items()
        if path.endswith("/relationships.tmdl")
        for relationship in read_tmdl(text).all("relationship")
    ]
    ends: Counter[tuple[str, str]] = Counter()
    for relationship in relationships:
        (many, column), (one, key) = (
            split_column(relationship.properties[end]) for end in ("fromColumn", "toColumn")
        )
        assert column in columns[many]
        assert registry.table(one).mart.primary_key == (key,)
        assert not registry.table(many).is_dimension, "a snowflake: a fact would be filtered on two ways"
        if relationship.properties.get("isActive") != "false":
            ends[many, one] += 1
    assert set(ends.values()) <= {1}, "two active relationships between two tables"
    tags = re.findall(r"lineageTag: (\S+)", "\n".join(files.values()))
    assert len(tags) == len(set(tags))
    names = [measure.name.casefold() for table in tables.values() for measure in table.all("measure")]
    assert len(names) == len(set(names))
    paths = {PurePosixPath(path).parts[0] for path in files}
    (pbip,) = (json.loads(text) for path, text in files.items() if path.endswith(".pbip"))
    (pbir,) = (json.loads(text) for path, text in files.items() if path.endswith(".pbir"))
    assert pbip["artifacts"][0]["report"]["path"] in paths
    assert pbir["datasetReference"]["byPath"]["path"].removeprefix("../") in paths


@BOTH
def test_every_source_names_only_what_exists_and_nothing_twice(project: Project, schema: str) -> None:
    registry = registry_of(project, schema)
    sources = read_sources(project.write("tableau", registry))
    assert set(sources) == {table.name for table in registry.tables}
    for source in sources.values():
        related = {relation.get("name") for relation in source.iter("relation") if relation.get("name")}
        fields = []
        for record in source.iter("metadata-record"):
            table = registry.table(record.findtext("parent-name").strip("[]"))
            assert table.name in related
            assert record.findtext("object-id") == f"[{table.name}]"
            assert table.has(record.findtext("remote-name"))
            fields.append(record.findtext("local-name"))
        columns = source.findall("column")
        calculated = [one.get("name") for one in columns if one.find("calculation") is not None]
        assert len({*fields, *calculated}) == len(fields) + len(calculated) == len(columns)
        assert {one.get("name") for one in columns} == {*fields, *calculated}
        captions = Counter(one.get("caption").casefold() for one in columns)
        assert [caption for caption, count in captions.items() if count > 1] == []
        mapped = {one.get("key"): one.get("value") for one in source.iter("map")}
        assert list(mapped) == fields
        for record in source.iter("metadata-record"):
            place = f"{record.findtext('parent-name')}.[{record.findtext('remote-name')}]"
            assert mapped[record.findtext("local-name")] == place
        filed = [item.get("name") for item in source.iter("folder-item")]
        assert sorted(filed) == sorted(name for name in calculated if name != "[Calculation_one_segment]")
        for relationship in source.iter("relationship"):
            for expression in relationship.find("expression"):
                assert expression.get("op") in fields
            for end in ("first-end-point", "second-end-point"):
                assert relationship.find(end).get("object-id") in related


@pytest.mark.parametrize("tool", TOOLS)
def test_people_are_in_a_project_of_their_own(project: Project, tool: str) -> None:
    for registry, other in ((project.registry, project.people), (project.people, project.registry)):
        text = "\n".join(project.write(tool, registry).values())
        for table in other.tables:
            assert not re.search(rf"""["\[']{table.name}["\]']""", text), (registry.schema, table.name)
    people = "\n".join(project.write(tool, project.people).values())
    assert "metrics_reader" not in people
    if tool == "tableau":
        assert 'username="metrics_people_reader"' in people


def test_looker_can_ask_for_every_field_of_every_view(
    project: Project, server: psycopg.Connection[Any]
) -> None:
    """As metrics_reader, with the SQL as it stands; a key made of several columns tells all rows apart."""
    files = project.write("looker")
    for name, view in read_views(files).items():
        fields = [*view.get("dimensions", []), *view.get("dimension_groups", [])]
        sql = ", ".join(field["sql"].replace("${TABLE}", name) for field in fields)
        table = view["sql_table_name"].replace("@{schema}", SCHEMA)
        server.execute(f"select {sql} from {table} as {name} limit 1".encode())
        key = next((field["sql"] for field in fields if field["name"] == "row_key"), None)
        if key:
            counted = (
                f"select count(*) - count(distinct {key.replace('${TABLE}', name)}) from {table} as {name}"
            )
            assert server.execute(counted.encode()).fetchone() == (0,), name
    (model,) = (lkml.load(text) for path, text in files.items() if path.endswith(".model.lkml"))
    trigger = model["datagroups"][0]["sql_trigger"].replace("@{schema}", SCHEMA)
    (published_at,) = server.execute(trigger.encode()).fetchone() or (None,)
    assert published_at is not None


def test_refreshing_a_fact_in_parts_loses_no_row(project: Project, server: psycopg.Connection[Any]) -> None:
    """A row without a date would be in no part, and one after today in none yet."""
    tables = read_model_tables(project.write("powerbi"))
    refreshed = {name for name, table in tables.items() if table.all("refreshPolicy")}
    assert {"fct_kpi_values", "fct_kpi_control_chart", "fct_slo_daily"} <= refreshed
    for name in refreshed:
        column = find_refresh_column(project.registry.table(name))
        assert (
            f"[{column}] >= Date.From(RangeStart)"
            in tables[name].one("refreshPolicy").properties["sourceExpression"]
        )
        asked = f"select count(*) - count({column}), max({column}) from marts.{name}"
        missing, last = server.execute(asked.encode()).fetchone() or (None, None)
        assert missing == 0, name
        assert (last or date.min) <= LAST_DAY, name


def test_the_golden_data_sources_are_xml_that_says_what_it_is_in() -> None:
    for text in miniature.write("tableau").values():
        assert text.startswith("<?xml version='1.0' encoding='utf-8' ?>")
        assert ElementTree.fromstring(text.encode()).tag == "datasource"
