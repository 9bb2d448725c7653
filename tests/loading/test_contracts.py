"""Contracts: what is accepted, what is refused and how it is said, what tables they make."""

# ruff: noqa: E501  an example reads best in one line

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import orchestration.loading.contract as contract_module
from orchestration.loading.contract import ContractError, read_contract, read_contracts
from orchestration.loading.contract_model import ColumnOptions, Discriminator, LoadOptions, Tree
from orchestration.loading.paths import PathPattern, parse_json_path
from orchestration.loading.tables import ensure_tables
from tests.loading.conftest import Shop

REPOSITORY = Path(__file__).parents[2]


def entry(load: dict[str, Any] | None = None, column: dict[str, Any] | None = None) -> dict[str, Any]:
    """A minimal valid source entry with some options replaced."""
    return {
        "sources": [
            {
                "name": "raw_mini",
                "schema": "raw_mini",
                "tables": [
                    {
                        "name": "things",
                        "description": "One row per thing.",
                        "config": {"meta": {"load": {"mode": "merge", "key": ["id"], "path": "{site}/**"} | (load or {})}},
                        "columns": [
                            {"name": "id", "data_type": "string", "description": "Identity"},
                            {"name": "at", "data_type": "timestamp", "description": "When"},
                            {"name": "value", "data_type": "string", "description": "Value"} | (column or {}),
                        ],
                    }
                ],
            }
        ]
    }  # fmt: skip


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Any], Any]:
    """Reads a contract from an object or a text."""

    def read_it(content: Any) -> Any:
        file = tmp_path / "_mini__sources.yml"
        file.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return read_contract(file)

    return read_it


def test_all_contracts_of_the_project_are_valid() -> None:
    contracts = read_contracts(REPOSITORY / "dbt_project")
    assert {"github", "pagerduty", "focus", "workday"} <= set(contracts)


def options_in_docstring() -> dict[str, set[str]]:
    """Documented options of tables and of columns, as the reference lists them."""
    text = contract_module.__doc__ or ""
    table, column = text.split("Under ``config.meta`` of a column:")
    return {
        "table": set(re.findall(r"^- ``(\w+)``:", table, re.M)),
        "column": set(re.findall(r"^- ``(\w+)``:", column, re.M)),
    }


def test_the_reference_lists_every_option_and_no_other() -> None:
    documented = options_in_docstring()
    assert documented["table"] == set(LoadOptions.model_fields)
    assert documented["column"] == {f.alias or n for n, f in ColumnOptions.model_fields.items()}


TABLE_EXAMPLES: dict[str, dict[str, Any]] = {
    "mode": {"mode": "append"},
    "key": {"key": ["id", "value"]},
    "cursor": {"cursor": "at"},
    "partition": {"mode": "replace_partition", "key": [], "partition": ["value"]},
    "records": {"records": ["a.b", "items"]},
    "explode": {"explode": "a.b"},
    "path": {"path": "{site}/**"},
    "nulls": {"nulls": ["", "NULL"]},
    "encodings": {"encodings": ["utf-8"]},
    "time_column": {"time_column": "at"},
    "allow_empty": {"mode": "snapshot", "key": [], "allow_empty": True},
    "discriminator": {
        "discriminator": {
            "path": ["kind", "a.kind"],
            "equals": ["A"],
            "ignore": "Kind",
            "ignore_others": True,
        }
    },
    "ignored_files": {"ignored_files": "*manifest*.json"},
    "translated_headers": {"translated_headers": True},
    "tree": {"tree": {"records": "case", "roots": ["suite"], "counts": {"tests": "."}}},
    "decimal_comma": {"decimal_comma": True},
}
COLUMN_EXAMPLES: dict[str, dict[str, Any]] = {
    "path": {"path": ["a.b[0]", '"x.y".z']},
    "headers": {"headers": ["Value", "The value"]},
    "regex": {"regex": "a(b)"},
    "regex_required": {"regex": "a(b)", "regex_required": True},
    "capture": {"capture": "site"},
    "join": {"capture": ["site", "site"], "join": "/"},
    "required": {"required": True},
    "nulls": {"nulls": ["NaN"]},
    "formats": {"formats": ["epoch_s", "%d/%m/%Y"]},
    "format_of_file": {"formats": ["%m/%d/%Y", "%d/%m/%Y"], "format_of_file": True},
    "rounded": {"rounded": True},
    "time_zone": {"time_zone": "business"},
    "lower": {"lower": True},
    "pii": {"pii": "drop"},
    "keep_if": {"pii": "pseudonymise", "keep_if": "bot$"},
    "pseudonym_scope": {"pii": "pseudonymise", "pseudonym_scope": "surveys"},
    "extra": {"extra": "x_*", "path": "a.b"},
    "only": {"extra": "x_*", "only": "[0-9]+"},
    "json": {"json": True},
    "every_header": {"json": True, "every_header": True},
    "delivered_at": {"delivered_at": True},
}


def test_every_documented_option_of_tables_is_accepted(read: Callable[[Any], Any]) -> None:
    assert set(TABLE_EXAMPLES) == options_in_docstring()["table"]
    for name, options in TABLE_EXAMPLES.items():
        assert read(entry(load=options)).tables["things"].load.mode, name


def test_every_documented_option_of_columns_is_accepted(read: Callable[[Any], Any]) -> None:
    assert set(COLUMN_EXAMPLES) == options_in_docstring()["column"]
    for name, options in COLUMN_EXAMPLES.items():
        types = {"formats": "timestamp", "format_of_file": "date", "delivered_at": "timestamp"}
        data_type = {**types, "rounded": "decimal(38, 9)"}.get(name, "string")
        column = {"data_type": data_type, "config": {"meta": options}}
        assert read(entry(column=column)).tables["things"].column("value"), name


def test_options_of_the_discriminator_and_the_tree_are_those_documented() -> None:
    assert set(Discriminator.model_fields) == {"path", "equals", "ignore", "ignore_others"}
    assert set(Tree.model_fields) == {"records", "roots", "counts"}


@pytest.mark.parametrize(
    ("load", "problem"),
    [
        ({"mode": "upsert"}, "option mode"),
        ({"modee": "merge"}, "unknown option modee"),
        ({"key": []}, "mode merge needs option key"),
        ({"key": ["nope"]}, "option key: nope is not a stored column"),
        ({"cursor": "nope"}, "option cursor: nope"),
        ({"mode": "append", "cursor": "at"}, "option cursor is not for mode append"),
        ({"mode": "snapshot"}, "option key is not for mode snapshot"),
        ({"mode": "replace_partition", "key": []}, "needs option partition"),
        ({"time_column": "value"}, "value is no timestamp or date"),
        ({"allow_empty": True}, "allow_empty is not for mode merge"),
        ({"records": ["a..b"]}, "is not a path"),
        ({"explode": "@.x"}, "reads an element"),
        ({"encodings": ["klingon"]}, "klingon is not known"),
        ({"path": "{a}/{a}"}, "captures a twice"),
        ({"discriminator": {"path": "kind"}}, "option equals is missing"),
        ({"tree": {"records": "case"}}, "option tree.roots is missing"),
        (
            {"tree": {"records": "case", "roots": "suite"}, "explode": "x"},
            "records and explode do not go with",
        ),
    ],
)
def test_a_wrong_table_option_is_named(
    read: Callable[[Any], Any], load: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ContractError, match=r"_mini__sources\.yml, table things: ") as raised:
        read(entry(load=load))
    assert problem in str(raised.value).replace("discriminator.", "")


@pytest.mark.parametrize(
    ("column", "problem"),
    [
        ({"data_type": "varchar"}, "'varchar' is not one of the types"),
        ({"data_type": "decimal(39, 9)"}, "no decimal of at most 38 digits"),
        ({"description": ""}, "needs a description"),
        ({"config": {"meta": {"requird": True}}}, "unknown option requird"),
        ({"config": {"meta": {"path": "@.x"}}}, "has no option explode"),
        ({"config": {"meta": {"regex": "(?=a)(b)"}}}, "option regex: Invalid Input Error"),
        ({"config": {"meta": {"regex": "a["}}}, "option regex"),
        ({"config": {"meta": {"regex": "ab"}}}, "needs a group"),
        ({"config": {"meta": {"capture": "nope"}}}, "nope is not in the table's path"),
        ({"config": {"meta": {"keep_if": "bot$"}}}, "keep_if needs pii: pseudonymise"),
        ({"config": {"meta": {"pseudonym_scope": "surveys"}}}, "pseudonym_scope needs pii: pseudonymise"),
        (
            {"config": {"meta": {"pii": "pseudonymise", "pseudonym_scope": "Our surveys"}}},
            "is no plain name",
        ),
        (
            {"config": {"meta": {"extra": "x_*", "path": ["a", "b"]}}},
            "option extra takes what no other column claims",
        ),
        ({"config": {"meta": {"every_header": True}}}, "every_header needs option json"),
        ({"config": {"meta": {"formats": ["epoch_s"]}}}, "formats is for timestamps and dates"),
        ({"data_type": "timestamp", "config": {"meta": {"formats": ["yyyy"]}}}, "neither epoch_s"),
        ({"data_type": "timestamp", "config": {"meta": {"time_zone": "Mars/Base"}}}, "is no IANA zone"),
        ({"data_type": "bigint", "config": {"meta": {"pii": "pseudonymise"}}}, "needs data_type string"),
        ({"name": "_row"}, "snake_case"),
        ({"name": "id"}, "declared twice"),
    ],
)
def test_a_wrong_column_option_is_named(
    read: Callable[[Any], Any], column: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ContractError, match="table things") as raised:
        read(entry(column=column))
    assert problem in str(raised.value)


def test_a_file_that_is_no_yaml_is_named(read: Callable[[Any], Any]) -> None:
    with pytest.raises(ContractError, match=r"_mini__sources\.yml: not YAML"):
        read("sources: [")


def test_a_source_that_is_not_raw_is_no_contract(read: Callable[[Any], Any]) -> None:
    assert read({"sources": [{"name": "ops", "tables": []}]}) is None


def test_a_file_must_bear_the_name_of_its_system(tmp_path: Path) -> None:
    file = tmp_path / "_other__sources.yml"
    file.write_text(yaml.safe_dump(entry()))
    with pytest.raises(ContractError, match=r"must be named _mini__sources\.yml"):
        read_contract(file)


@pytest.mark.parametrize(
    ("text", "segments", "in_element"),
    [
        ("a.b", ("a", "b"), False),
        ("a[0].b", ("a", 0, "b"), False),
        ('labels."acme.io/tier"', ("labels", "acme.io/tier"), False),
        ('"quoted\\"name"', ('quoted"name',), False),
        ("@", (), True),
        ("@[1]", (1,), True),
        ("@.x.y", ("x", "y"), True),
    ],
)
def test_paths_are_read_as_written(text: str, segments: tuple[Any, ...], in_element: bool) -> None:
    assert (parse_json_path(text).segments, parse_json_path(text).in_element) == (segments, in_element)


@pytest.mark.parametrize("text", ["", ".a", "a..b", "a[x]", 'a."b', "a."])
def test_what_is_no_path_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        parse_json_path(text)


@pytest.mark.parametrize(
    ("pattern", "path", "captures"),
    [
        ("{owner}/{repo}/**", "acme/web/2026/p1.json", {"owner": "acme", "repo": "web"}),
        ("{owner}/{repo}/**", "acme/p1.json", {}),
        ("{day}.csv", "2026-06-30.csv", {"day": "2026-06-30"}),
        ("*/{day}-{part}.csv", "x/2026-1.csv", {"day": "2026", "part": "1"}),
        ("**/{day}/*", "a/b/c/p.json", {"day": "c"}),
        ("{job}/{report**}", "unit/a/b.xml", {"job": "unit", "report": "a/b.xml"}),
        ("{job}/{report**}", "b.xml", {}),
    ],
)
def test_landing_paths_are_captured(pattern: str, path: str, captures: dict[str, str]) -> None:
    assert PathPattern((pattern,)).captures(path) == captures


def test_raw_tables_are_there_before_the_first_file(shop: Shop) -> None:
    shop.load()
    assert shop.rows("orders") == []
    columns = shop.query("describe raw_shop.orders")
    assert [(name, data_type) for name, data_type, *_ in columns][-2:] == [
        ("_file_id", "VARCHAR"),
        ("_row", "BIGINT"),
    ]
    assert ("amount", "DECIMAL(38,9)") in [(name, data_type) for name, data_type, *_ in columns]
    (comment,) = shop.query(
        "select comment from duckdb_tables() where schema_name = 'raw_shop' and table_name = 'orders'"
    )
    assert comment == ("One row per order, newest version.",)


def test_a_dropped_personal_column_is_not_in_the_raw_table(shop: Shop) -> None:
    shop.load()
    assert [row[0] for row in shop.query("describe raw_shop.people")] == [
        "person_id",
        "hired_on",
        "_file_id",
        "_row",
    ]


def test_a_contract_that_gains_and_loses_columns_changes_its_table(
    shop: Shop, read: Callable[[Any], Any]
) -> None:
    before = {"mini": read(entry())}
    after = {"mini": read(entry(column={"name": "other", "data_type": "bigint"}))}
    with shop.open() as con:
        ensure_tables(con, before)
        con.execute("insert into raw_mini.things values ('1', null, 'old', 'f', 1)")
        ensure_tables(con, after)
        names = [row[0] for row in con.execute("describe raw_mini.things").fetchall()]
        assert set(names) == {"id", "at", "other", "_file_id", "_row"}
        assert con.execute("select id, other from raw_mini.things").fetchall() == [("1", None)]
        con.execute("drop schema raw_mini cascade; delete from ops.table_state")


def test_a_type_that_changes_under_rows_is_an_error_that_names_the_column(
    shop: Shop, read: Callable[[Any], Any]
) -> None:
    before = {"mini": read(entry())}
    after = {"mini": read(entry(column={"data_type": "bigint"}))}
    with shop.open() as con:
        ensure_tables(con, before)
        ensure_tables(con, after)  # no rows yet: the table is made anew
        ensure_tables(con, before)
        con.execute("insert into raw_mini.things values ('1', null, 'old', 'f', 1)")
        with pytest.raises(ContractError, match="table things, column value: is VARCHAR in the warehouse"):
            ensure_tables(con, after)
        con.execute("drop schema raw_mini cascade; delete from ops.table_state")
