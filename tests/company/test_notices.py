"""What is told of a real scorecard is what it holds, in words that people can read."""

from __future__ import annotations

import re

import duckdb

from orchestration.home import DataHome
from orchestration.notices.findings import SIGNALS, SOURCES, TARGETS
from orchestration.notices.kpi_findings import review_publication

TABLES = ("kpi_scorecard", "fct_risk_register", "meta_source_freshness")


def test_every_missed_target_is_found_once_and_the_greatest_risk_first(built_company: DataHome) -> None:
    with duckdb.connect() as con:
        con.execute(f"attach '{built_company.warehouse}' as warehouse (read_only)")
        for table in TABLES:
            con.execute(f"create table {table} as from warehouse.marts.{table}")
        reviews = {review.subject: review.found for review in review_publication(con)}
        missed = con.execute(
            """
            select kpi_id || '/' || segment_type || '/' || segment_id
            from fct_risk_register where segment_type <> 'customer' order by risk_rank
            """
        ).fetchall()
        stale = con.execute("select count(*) from meta_source_freshness where is_stale").fetchone()
        people = con.execute(
            "select worker_id from warehouse.marts_people.fct_exits where worker_id is not null"
        ).fetchall()
    assert [(finding.key,) for finding in reviews[TARGETS]] == missed
    assert len(missed) > 10
    assert reviews[SIGNALS]
    assert (len(reviews[SOURCES]),) == stale
    texts = [finding.text for findings in reviews.values() for finding in findings]
    shape = re.compile(
        r"[^:]+: −?[\d.,]+\D* in the (week|month|quarter) from \d+ \w{3} \d{4}, "
        r"(target [≤≥−\d]|two of|a run|a steady|beyond).+\."
    )
    assert all(shape.fullmatch(finding.text) for finding in (*reviews[TARGETS], *reviews[SIGNALS])), texts
    assert not [text for text in texts for (person,) in people if person in text]
