"""Real reports through the landing folder: their own counts come out, or quarantine says why they do not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from orchestration.home import DataHome
from tests.dbt.project import load_everything, run_dbt

PROJECT = Path(__file__).resolve().parents[2]
SAMPLES = PROJECT.parent / "shared" / "samples" / "test_reports"

pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout"),
]

TABLES = {"junit": "junit_test_cases", "playwright": "playwright_tests", "jest": "jest_tests"}
# Files that are no reports, and why.
FAILED = {
    "enricomi__pytest__corrupt-xml.xml": "is not XML that is read: ExpatError('no element found: line 11",
    "enricomi__non-junit.xml": "is another kind of document: its root is suites",
}
# Reports whose own numbers are not those of the cases that they list.
MISCOUNTED = {
    "dorny__python-xunit-pytest.xml": ["testsuite says tests=15 and holds 10"],
    "dorny__test-errors__jest__jest-test-results.xml": [
        "testsuite says tests=0 and holds 1",
        "testsuite says tests=0 and holds 1",
        "testsuites says tests=0 and holds 2",
    ],
    "enricomi__no-cases-but-tests.xml": [
        "testsuite says tests=6 and holds 0, says failures=1 and holds 0, says skipped=2 and holds 0"
    ],
    "enricomi__xunit__xunit.xml": ["testsuites says tests=173 and holds 2"],
    "jenkins_flaky__junit-report-1233.xml": ["testsuite says tests=456 and holds 5"],
}
NAMELESS = {"enricomi__no-attributes.xml": ["is required, and is null or absent"] * 4}


def samples() -> list[Path]:
    return sorted(path for path in SAMPLES.rglob("*") if path.is_file())


def table_of(path: Path) -> str:
    return TABLES["junit" if path.suffix == ".xml" else path.name.split("__")[0]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> DataHome:
    home = DataHome(tmp_path_factory.mktemp("reports") / "data")
    for path in samples():
        folder = home.landing / "test_reports" / table_of(path) / path.stem
        folder.mkdir(parents=True)
        shutil.copyfile(path, folder / path.name)
        told = home.landing / "test_reports" / "report_contexts" / path.stem / "context.json"
        told.parent.mkdir(parents=True)
        told.write_text(
            json.dumps(
                {
                    "repository": "acme/samples",
                    "commit": path.stem,
                    "job": "unit",
                    "finished_at": "2026-03-02T10:00:00Z",
                }
            )
        )
    load_everything(home)
    run_dbt(
        home,
        "build",
        "--select",
        "+kpi_test_flakiness_records",
        "--exclude-resource-types",
        "unit_test",
        "test",
    )
    return home


@pytest.fixture
def warehouse(built: DataHome) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.warehouse), read_only=True) as con:
        yield con


def reasons(con: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Why rows of the sample are in quarantine."""
    rows = con.execute(
        "select reason from ops.ingest_rejects where path like $path order by row_number",
        {"path": f"%/{name}"},
    ).fetchall()
    return [reason for (reason,) in rows]


def told_by(path: Path) -> list[tuple[int, dict[str, int]]]:
    """What each outermost group that has counts says, and the number of cases below it, by another parser."""
    found: list[tuple[int, dict[str, int]]] = []

    def walk(element: ElementTree.Element) -> None:
        if "tests" in element.attrib:
            counts = {
                name: int(element.attrib[name])
                for name in ("tests", "failures", "errors", "skipped")
                if name in element.attrib
            }
            found.append((len(list(element.iter("testcase"))), counts))
        else:
            for child in element:
                walk(child)

    walk(ElementTree.parse(path).getroot())
    return found


XML = [path for path in samples() if path.suffix == ".xml" and path.name not in FAILED]


@pytest.mark.parametrize("path", XML, ids=lambda path: path.stem)
def test_a_report_gives_its_own_counts_or_quarantine_explains_the_difference(
    warehouse: duckdb.DuckDBPyConnection, path: Path
) -> None:
    row = warehouse.execute(
        """
        select count(*), count(*) filter (failure_count > 0), count(*) filter (error_count > 0),
            count(*) filter (skipped_count > 0)
        from raw_test_reports.junit_test_cases where report = $name
        """,
        {"name": path.name},
    ).fetchone()
    assert row is not None
    loaded = dict(zip(("tests", "failures", "errors", "skipped"), row, strict=True))
    explained = reasons(warehouse, path.name)
    assert explained == MISCOUNTED.get(path.name, NAMELESS.get(path.name, []))
    listed = sum(1 for element in ElementTree.parse(path).iter("testcase"))
    assert loaded["tests"] + (listed if path.name in NAMELESS else 0) == listed
    told: dict[str, int] = {}
    for _, counts in told_by(path):
        for name, count in counts.items():
            told[name] = told.get(name, 0) + count
    wrong = {name for name, count in told.items() if count != loaded[name]}
    assert wrong == {name for name in told if any(f" says {name}=" in reason for reason in explained)}


@pytest.mark.parametrize("name", sorted(FAILED))
def test_a_file_that_is_no_report_fails_with_its_reason(
    warehouse: duckdb.DuckDBPyConnection, name: str
) -> None:
    found = warehouse.execute(
        "select status, reason from ops.ingest_files where path like $path", {"path": f"%/{name}"}
    ).fetchall()
    assert [(status, reason.startswith(FAILED[name])) for status, reason in found] == [("failed", True)]


def test_jest_gives_its_own_counts(warehouse: duckdb.DuckDBPyConnection) -> None:
    body = json.loads((SAMPLES / "json" / "jest__artiomtr__jsonReport.json").read_bytes())
    assert warehouse.execute(
        """
        select count(*), count(*) filter (status = 'passed'), count(*) filter (status = 'failed')
        from raw_test_reports.jest_tests
        """
    ).fetchone() == (body["numTotalTests"], body["numPassedTests"], body["numFailedTests"])
    assert reasons(warehouse, "jest__artiomtr__jsonReport.json") == []


def test_playwright_gives_every_test_of_every_nested_suite(warehouse: duckdb.DuckDBPyConnection) -> None:
    text = (SAMPLES / "json" / "playwright__daun__report-valid.json").read_text(encoding="utf-8")
    found: list[str] = []

    def collect(value: dict[str, object]) -> dict[str, object]:
        if "expectedStatus" in value and "results" in value:
            found.append(str(value["status"]))
        return value

    json.loads(text, object_hook=collect)
    rows = warehouse.execute("select status from raw_test_reports.playwright_tests").fetchall()
    assert sorted(status for (status,) in rows) == sorted(found)
    assert "flaky" in found


def test_every_loaded_case_is_in_the_test_runs(warehouse: duckdb.DuckDBPyConnection) -> None:
    tellings = warehouse.execute("select count(*) from intermediate.int_test_tellings").fetchone()
    loaded = warehouse.execute(
        """
        select sum(rows_loaded) from ops.ingest_files
        where system = 'test_reports' and table_name <> 'report_contexts'
        """
    ).fetchone()
    assert tellings == loaded
    lost = warehouse.execute(
        """
        select count(*) from intermediate.int_test_tellings as tellings
        inner join intermediate.int_test_reports as reports using (source_system, report_key)
        anti join intermediate.int_test_runs as runs
            on reports.repository = runs.repository and reports.commit_key = runs.commit_key
            and tellings.test_name = runs.test_name
            and tellings.suite is not distinct from runs.suite
            and tellings.class_name is not distinct from runs.class_name
        """
    ).fetchone()
    assert lost == (0,)
    assert warehouse.execute(
        "select count(*) from intermediate.int_test_runs where test_date is null"
    ).fetchone() == (0,)


def test_flaky_tests_of_the_samples_are_those_that_passed_and_failed(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    rows = warehouse.execute(
        "select distinct commit_key, project is not null from intermediate.int_test_runs"
        " where is_flaky order by all"
    ).fetchall()
    assert rows == [("playwright__daun__report-valid", True)]
