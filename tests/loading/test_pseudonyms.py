"""Personal data: pseudonyms that only the key explains, and no clear text anywhere in the warehouse."""

from __future__ import annotations

import hashlib
import hmac
import logging
import stat
from collections.abc import Callable

import duckdb
import pytest

from orchestration.loading.contract import read_contracts
from orchestration.loading.identifiers import Parameters
from orchestration.loading.pseudonym import PseudonymKey, read_pseudonym_key
from tests.dbt.project import PROJECT
from tests.loading.conftest import KEY, Shop

PEOPLE = """e-mail,full name,hired on
Ada@Example.org,Ada,2026-01-01
 ada@example.ORG ,Ada,2026-01-01
deploy[bot],,2026-01-01
grace@example.org,Grace,some day
,Nobody,2026-01-01
"""


def expected(text: str, scope: str | None = None) -> str:
    """The pseudonym by Python's own HMAC."""
    named = text.strip().lower() if scope is None else f"{scope}\x1f{text.strip().lower()}"
    return "p_" + hmac.new(KEY.encode(), named.encode(), hashlib.sha256).hexdigest()[:16]


@pytest.mark.parametrize("secret", [b"0123456789abcdef", b"x" * 64, b"a longer key " * 20])
@pytest.mark.parametrize("text", ["", "ada@example.org", "Ünïcode ß", "x" * 500])
def test_sql_computes_the_hmac_of_rfc_2104(secret: bytes, text: str) -> None:
    parameters = Parameters()
    key = PseudonymKey.from_secret(secret)
    digest = key.digest(parameters.add(text), parameters)
    with duckdb.connect() as con:
        (computed,) = con.execute(f"select {digest}", parameters.values).fetchone() or ("",)
    assert computed == hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def test_people_get_pseudonyms_and_bots_keep_their_names(shop: Shop) -> None:
    shop.land("people/a.csv", PEOPLE)
    shop.load()
    assert [row[0] for row in shop.rows("people")] == sorted([expected("ada@example.org"), "deploy[bot]"])


def test_a_scope_gives_the_same_person_a_pseudonym_that_joins_no_other_table(shop: Shop) -> None:
    shop.land("people/a.csv", "e-mail\nada@example.org\n")
    shop.land("feedback/a.csv", "answer_id,e-mail,forwarded_by\n1,Ada@example.org,ada@example.org\n")
    shop.load()
    assert shop.rows("feedback") == [
        (1, expected("ada@example.org", "feedback"), expected("ada@example.org"))
    ]
    joined = shop.query("select 1 from raw_shop.people inner join raw_shop.feedback using (person_id)")
    assert joined == []


def test_people_of_surveys_have_pseudonyms_of_their_own() -> None:
    tables = read_contracts(PROJECT)["surveys"].tables.values()
    scopes = {c.options.pseudonym_scope for t in tables for c in t.columns if c.options.pii == "pseudonymise"}
    assert scopes == {"surveys"}


def test_no_clear_text_of_a_person_reaches_the_warehouse(shop: Shop) -> None:
    shop.land("people/a.csv", PEOPLE)
    shop.land("people/b.jsonl", '{"email": "grace@example.org", "hired_on": "never", "full_name": "Grace"}\n')
    shop.land("people/c.csv", "e-mail,hired on\ngrace@example.org,2026-01-01,Grace Hopper\n")
    shop.land("people/d.csv", "grace@example.org,Grace Hopper\n")
    shop.land("people/e.json", '{"email": "grace@example.org')
    outcomes = shop.load()
    assert sum(o.rows_quarantined for o in outcomes) == 4
    tables = shop.query("select schema_name || '.' || table_name from duckdb_tables() where not temporary")
    for (table,) in tables:
        for row in shop.query(f"select t::varchar from {table} as t"):
            assert "grace" not in row[0].lower(), table
    content = shop.home.warehouse.read_bytes().lower()
    assert b"grace@" not in content
    assert b"ada@example" not in content
    assert shop.query("select distinct length(raw_text) from ops.ingest_rejects") == [(64,)]


def test_another_key_makes_other_pseudonyms(new_shop: Callable[..., Shop]) -> None:
    seen = set()
    for key in ("one key of sixteen", "other key of sixteen"):
        made = new_shop(key)
        made.land("people/a.csv", "e-mail\nada@example.org\n")
        with made.open() as con:
            made.load_in(con, {"METRICS_PSEUDONYM_KEY": key})
        seen.update(made.rows("people"))
    assert len(seen) == 2


def test_a_key_is_made_once_for_the_owner_alone_and_told(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        made = read_pseudonym_key(shop.home, {})
    assert "made a key for pseudonyms" in caplog.text
    assert stat.S_IMODE(shop.home.pseudonym_key_file.stat().st_mode) == 0o600
    assert made == read_pseudonym_key(shop.home, {})
    assert shop.home.pseudonym_key_file.read_text() not in caplog.text


def test_a_short_key_is_refused(shop: Shop) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        read_pseudonym_key(shop.home, {"METRICS_PSEUDONYM_KEY": "short"})


def test_a_member_named_like_a_person_is_noted_by_a_pseudonym(shop: Shop) -> None:
    """Documents are keyed by people now and then; a new column of the contract's own words stays readable."""
    shop.land(
        "people/a.jsonl", '{"email": "a@b.example", "Ada Lovelace": 1, "full_email": 2, "a@b.example": 3}\n'
    )
    shop.land("people/b.csv", "e-mail,Ada Lovelace,hired name\na@b.example,1,2\n")
    shop.load()
    drift = {member for (member,) in shop.query("select member from ops.schema_drift")}
    assert {name for name in drift if not name.startswith("p_")} == {"full_email", "hired name"}
    assert len(drift) == 4
