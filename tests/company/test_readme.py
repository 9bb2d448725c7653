"""The table that a reader of the published marts begins with."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from orchestration.home import DataHome

# Nothing is restated where only one build was ever made; tests/dbt/test_restatements.py asks these of more.
MAY_BE_EMPTY = {
    "Which figures have changed since they were first published, and why?",
    "Why was a figure published anew: how many records came, went, moved or were corrected?",
    "What was a month under an earlier definition, beside the one in force?",
}


@pytest.fixture(scope="module")
def con(built_company: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built_company.warehouse), read_only=True) as connection:
        yield connection


def test_every_worked_query_answers_its_question(con: duckdb.DuckDBPyConnection) -> None:
    queries = con.execute(
        "select question, answer from marts.readme where topic = 'query' order by position"
    ).fetchall()
    assert len(queries) >= 5
    empty = {question for question, query in queries if not con.execute(query).fetchall()}
    assert empty <= MAY_BE_EMPTY


def test_every_table_is_listed_with_its_question(con: duckdb.DuckDBPyConnection) -> None:
    listed = con.execute("select answer from marts.readme where topic = 'table'").fetchall()
    built = con.execute(
        "select 'marts.' || table_name from information_schema.tables where table_schema = 'marts'"
    ).fetchall()
    assert sorted(listed) == sorted(built)
    assert len(listed) > 50
