"""Hand-written reports of each format and dialect of retries, through the loader."""

# ruff: noqa: E501  an example reads best in one line

from __future__ import annotations

import gzip
import io
import zipfile
from datetime import datetime
from pathlib import Path

import pytest

from orchestration.loading.archives import Limits

from .conftest import House


def test_surefire_tells_other_runs_within_the_case(house: House) -> None:
    house.land_fixture("junit_test_cases", "surefire_retries.xml")
    assert house.load()["surefire_retries.xml"].rows_quarantined == 0
    assert house.query(
        """
        select test_name, duration_seconds, failure_count, skipped_count, flaky_failure_count, flaky_error_count,
            rerun_failure_count, rerun_error_count
        from raw_test_reports.junit_test_cases order by all
        """
    ) == [
        ("addsAnItem", 0.5, None, None, 1, 1, None, None),
        ("empties[1 of 2]", None, None, None, None, None, None, None),
        ("paysByCard", 1.25, 1, None, None, None, 1, 1),
        ("paysByInvoice", 0.0, None, 1, None, None, None, None),
    ]


def test_the_same_case_listed_twice_is_two_rows(house: House) -> None:
    house.land_fixture("junit_test_cases", "pytest_same_case_twice.xml")
    house.load()
    assert house.query(
        """
        select test_name, test_file, failure_count, recorded_at, repository, run_id, run_attempt, job, report
        from raw_test_reports.junit_test_cases order by _row
        """
    ) == [
        (name, "tests/test_search.py", failed, datetime(2026, 3, 2, 9, 15, 0, 123456), *place)
        for name, failed in (("test_ranking", None), ("test_ranking", 1), ("test_empty[de]", None))
        for place in [("acme/shop", "77", 2, "unit (ubuntu)", "pytest_same_case_twice.xml")]
    ]


def test_a_suite_that_miscounts_is_quarantined_and_its_tests_are_loaded(house: House) -> None:
    house.land_fixture("junit_test_cases", "nested_suites_that_miscount.xml")
    outcome = house.load()["nested_suites_that_miscount.xml"]
    assert (outcome.rows_read, outcome.rows_loaded, outcome.rows_quarantined) == (4, 3, 1)
    assert house.query(
        "select suite, test_name, recorded_at from raw_test_reports.junit_test_cases order by 2"
    ) == [
        ("inner", "a", datetime(2026, 3, 2, 9)),
        ("inner", "b", datetime(2026, 3, 2, 9)),
        ("outer", "c", datetime(2026, 3, 2, 9)),
    ]
    assert house.query("select reason from ops.ingest_rejects") == [
        ("testsuite says failures=0 and holds 1",)
    ]


def test_an_instant_behind_a_suites_name_and_a_home_folder_are_no_part_of_a_test(house: House) -> None:
    report = """
        <testsuite name="TestCart-20260302091500">
            <testcase name="a" file="/home/jane.canary/work/cart.py"/>
            <testcase name="b" file="C:\\Users\\jane.canary\\work\\cart.py"/>
            <testcase name="c" file="/builds/acme/cart.py"/>
        </testsuite>"""
    house.land("junit_test_cases", "acme/shop/77-1/unit/r.xml", report)
    house.load()
    assert house.query("select suite, test_file from raw_test_reports.junit_test_cases order by _row") == [
        ("TestCart", "work/cart.py"),
        ("TestCart", "work\\cart.py"),
        ("TestCart", "/builds/acme/cart.py"),
    ]


def test_a_report_that_comes_again_replaces_itself_and_another_attempt_does_not(house: House) -> None:
    one = '<testsuite name="s"><testcase name="a"/><testcase name="b"/></testsuite>'
    house.land("junit_test_cases", "acme/shop/77-1/unit/r.xml", one)
    house.load()
    house.land("junit_test_cases", "acme/shop/77-1/unit/r.xml", one.replace('<testcase name="b"/>', ""))
    house.land("junit_test_cases", "acme/shop/77-2/unit/r.xml", one)
    house.land("junit_test_cases", "acme/shop/77-2/lint/r.xml", one)
    house.load()
    assert house.query(
        "select run_attempt, job, count(*) from raw_test_reports.junit_test_cases group by all order by all"
    ) == [(1, "unit", 1), (2, "lint", 2), (2, "unit", 2)]


def test_playwright_tells_one_row_per_test_and_browser(house: House) -> None:
    house.land_fixture("playwright_tests", "playwright_shards_and_retries.json")
    house.load()
    assert house.query(
        """
        select test_name, project, status, suite, outer_suite, test_file, duration_ms, second_duration_ms
        from raw_test_reports.playwright_tests order by _row
        """
    ) == [
        ("opens", "chromium", "expected", "cart.spec.ts", None, "cart.spec.ts", 120.0, None),
        ("by card", "chromium", "flaky", "paying", "cart.spec.ts", "cart.spec.ts", 5000.0, 900.0),
        ("by card", "webkit", "unexpected", "paying", "cart.spec.ts", "cart.spec.ts", 700.0, None),
        ("by card", "firefox", "skipped", "paying", "cart.spec.ts", "cart.spec.ts", None, None),
    ]


def test_jest_tells_how_often_a_test_ran(house: House) -> None:
    house.land_fixture("jest_tests", "jest_invocations.json")
    assert house.load()["jest_invocations.json"].rows_quarantined == 0
    assert house.query(
        "select test_name, status, invocation_count, duration_ms, test_file, recorded_at"
        " from raw_test_reports.jest_tests order by _row"
    ) == [
        ("cart adds", "passed", 1, 12.0, "work/web/src/cart.test.ts", datetime(2026, 3, 2, 9, 0, 1)),
        ("cart pays", "passed", 2, 40.0, "work/web/src/cart.test.ts", datetime(2026, 3, 2, 9, 0, 1)),
        ("cart ships", "failed", 3, 30.0, "work/web/src/cart.test.ts", datetime(2026, 3, 2, 9, 0, 1)),
        ("cart returns", "pending", None, None, "work/web/src/cart.test.ts", datetime(2026, 3, 2, 9, 0, 1)),
    ]


def test_mochawesome_tells_tests_of_nested_suites(house: House) -> None:
    house.land_fixture("mochawesome_tests", "mochawesome_cypress.json")
    house.load()
    assert house.query(
        "select test_name, state, is_pending, duration_ms, test_file, recorded_at"
        " from raw_test_reports.mochawesome_tests order by test_name"
    ) == [
        (name, state, pending, duration, "cypress/e2e/cart.cy.js", datetime(2026, 3, 2, 9, 30))
        for name, state, pending, duration in (
            ("cart adds", "passed", False, 210.0),
            ("cart deep ships", "passed", False, 90.0),
            ("cart pays", "failed", False, 4000.0),
            ("cart returns", None, True, 0.0),
        )
    ]


def test_a_sidecar_tells_of_all_reports_below_its_folder(house: House) -> None:
    house.land_fixture("report_contexts", "sidecar.json", "Nightly")
    house.land(
        "junit_test_cases", "Nightly/deep/er/TEST-a.xml", '<testsuite><testcase name="a"/></testsuite>'
    )
    house.load()
    assert house.query(
        "select bundle, repository, commit_sha, run_id, run_attempt, job from raw_test_reports.report_contexts"
    ) == [
        ("nightly", "acme/billing/api", "0123456789abcdef0123456789abcdef01234567", "build-12", 1, "nightly")
    ]
    assert house.query("select bundle, report, run_id from raw_test_reports.junit_test_cases") == [
        ("nightly", "deep/er/TEST-a.xml", None)
    ]


def test_nothing_that_tests_print_or_complain_of_reaches_the_warehouse(house: House) -> None:
    house.land_fixture("junit_test_cases", "surefire_retries.xml")
    house.land_fixture("playwright_tests", "playwright_shards_and_retries.json")
    house.land_fixture("jest_tests", "jest_invocations.json")
    house.land_fixture("mochawesome_tests", "mochawesome_cypress.json")
    assert {outcome.status for outcome in house.load().values()} == {"loaded"}
    house.query("checkpoint")
    files: list[Path] = [house.home.warehouse, *house.home.temporary.rglob("*")]
    assert not [f for f in files if f.is_file() and b"canary" in f.read_bytes()]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("laughs.xml", '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><testsuite>&b;</testsuite>', "DTDForbidden"),
        ("file.xml", '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><testsuite>&e;</testsuite>', "DTDForbidden"),
        ("dtd.xml", '<!DOCTYPE a SYSTEM "http://acme.example/a.dtd"><testsuite/>', "DTDForbidden"),
        ("undeclared.xml", '<testsuite name="&nbsp;"/>', "undefined entity"),
        ("cut.xml", '<testsuite><testcase name="a"/>', "no element found"),
        ("cdata.xml", '<testsuite><testcase name="a"><failure><![CDATA[x</failure></testcase></testsuite>', "unclosed CDATA"),
        ("deep.xml", "<testsuite>" * 101, "nested deeper than 100 levels"),
        ("deep_in_case.xml", '<testsuite><testcase name="a">' + "<x>" * 101, "nested deeper than 100 levels"),
        ("page.xml", "<html><testcase/></html>", "another kind of document: its root is html"),
        ("large.xml", "<testsuite>" + " " * 20_000 + "</testsuite>", "more than 20000 bytes"),
        ("long.xml", f'<testsuite><testcase name="{"x" * 3000}"/></testsuite>', "a record of more than 2500 characters"),
        ("wide.xml", f'<testsuite name="{"x" * 900}">' + '<testcase name="a"/>' * 400 + "</testsuite>", "unpacks to more than 4 times its size"),
        ("report.json", '{"suites": 1}', "has no member testsuites or testsuite"),
        ("words.xml", "all tests passed", "is not JSON"),
    ],
)  # fmt: skip
def test_a_report_that_cannot_be_trusted_fails_with_its_reason(
    house: House, name: str, content: str, reason: str
) -> None:
    house.limits = Limits(document_bytes=20_000, line_bytes=10_000, ratio=4, ratio_free_bytes=100_000)
    house.land("junit_test_cases", f"acme/shop/77-1/unit/{name}", content)
    house.land(
        "junit_test_cases", "acme/shop/77-1/unit/good.xml", '<testsuite><testcase name="a"/></testsuite>'
    )
    outcomes = house.load()
    assert outcomes[name].status == "failed"
    assert reason in (outcomes[name].reason or "")
    assert outcomes["good.xml"].rows_loaded == 1


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cut.json", '{"testResults": [', "is not JSON"),
        ("deep.json", '{"testResults": ' + '{"a": ' * 101 + "1" + "}" * 102, "nested deeper"),
        ("endless.json", '{"testResults": ' + "[" * 100_000, "is not JSON"),
        ("large.json", '{"testResults": []' + " " * 2000 + "}", "at most 1000 are parsed"),
        ("other.json", '{"results": []}', "has no member testResults"),
        ("list.json", "[]", "has no member testResults"),
    ],
)
def test_a_json_report_is_read_within_limits(house: House, name: str, content: str, reason: str) -> None:
    house.limits = Limits(parsed_bytes=200_000 if name != "large.json" else 1000)
    house.land("jest_tests", f"acme/shop/77-1/unit/{name}", content)
    outcome = house.load()[name]
    assert outcome.status == "failed"
    assert reason in (outcome.reason or "")


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", ""), ("iso-8859-15", 'encoding="ISO-8859-15"'), ("utf-16", 'encoding="utf-16"'), ("cp1252", 'encoding="UTF-8"')],
)  # fmt: skip
def test_the_encoding_is_the_declared_one_where_it_fits(house: House, encoding: str, declared: str) -> None:
    text = f'<?xml version="1.0" {declared}?><testsuite><testcase name="größer als 1 €"/></testsuite>'
    house.land("junit_test_cases", "acme/shop/77-1/unit/r.xml", text.encode(encoding))
    house.load()
    assert house.query("select test_name from raw_test_reports.junit_test_cases") == [("größer als 1 €",)]


def test_reports_come_in_archives_and_compressed(house: House) -> None:

    report = b'<testsuite><testcase name="%s"/></testsuite>'
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("TEST-a.xml", report % b"a")
        archive.writestr("TEST-b.xml", report % b"b")
    house.land("junit_test_cases", "acme/shop/77-1/unit/artifact.zip", buffer.getvalue())
    house.land("junit_test_cases", "acme/shop/77-1/it/r.xml.gz", gzip.compress(report % b"c"))
    house.load()
    assert house.query("select test_name, job from raw_test_reports.junit_test_cases order by all") == [
        ("a", "unit"),
        ("b", "unit"),
        ("c", "it"),
    ]
