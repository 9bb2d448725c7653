"""Loading a million test cases from JUnit XML: at least 100,000 cases a second, everything included.

Run by name: ``python tests/benchmarks/bench_test_reports.py [--cases 1000000] [--files 200] [--folder DIR]``.
The clock covers what a run of the loader does with reports that have just landed: hashing them, reading the
XML behind its guards, checking every value, the ledger, the raw table. The reports are written beforehand.
Processor seconds stand beside the wall's, for a machine that is not quiet.
"""

# ruff: noqa: E501  the templates of reports are easier to compare with real ones unbroken

from __future__ import annotations

import argparse
import functools
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

MIN_CASES_PER_SECOND = 100_000
CASES_PER_SUITE = 500
MEMORY_LIMIT = "4GB"
STEPS: dict[str, float] = {}


def report_lines(report: int, cases: int) -> Iterator[str]:
    """A report as Surefire writes it, some 150 bytes a case; one case in 500 fails, one in 100 is skipped."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n'
    for suite in range(0, cases, CASES_PER_SUITE):
        size = min(CASES_PER_SUITE, cases - suite)
        name = f"com.acme.shop.module{report % 40}.Suite{suite}Test"
        yield (
            f'<testsuite name="{name}" tests="{size}" timestamp="2026-06-01T10:{report % 60:02d}:00.123"'
            f' hostname="runner-{report % 9}" time="12.5">\n<properties><property name="java" value="21"/></properties>\n'
        )
        for case in range(size):
            start = f'<testcase classname="{name}" name="keeps promise {case} &amp; more[{case % 7}]" time="0.{case:03d}"'
            if case == 7:
                yield f'{start}><failure message="expected &lt;3&gt;" type="AssertionError">trace\n at Suite.java:{case}'
                yield "</failure><system-out><![CDATA[what <it> printed]]></system-out></testcase>\n"
            elif case % 100 == 3:
                yield f"{start}><skipped/></testcase>\n"
            else:
                yield f"{start}/>\n"
        yield "</testsuite>\n"
    yield "</testsuites>\n"


def land_reports(root: Path, cases: int, files: int) -> int:
    """Write the reports into the landing folder of a home at ``root``; their bytes."""
    size = 0
    for report in range(files):
        share = cases // files + (report < cases % files)
        folder = (
            root / "landing/test_reports/junit_test_cases/acme" / f"service-{report % 45}" / f"{report}-1"
        )
        path = folder / "test (ubuntu)" / "TEST-all.xml"
        path.parent.mkdir(parents=True)
        path.write_text("".join(report_lines(report, share)), encoding="utf-8")
        size += path.stat().st_size
    return size


def load_reports(root: Path) -> int:
    """The whole loader on the home; the number of cases in the raw table's ledger."""
    from orchestration.home import DataHome
    from orchestration.loading import batch, load
    from orchestration.loading.contract import read_contracts
    from orchestration.loading.warehouse import open_warehouse

    home = DataHome(root)
    contract = read_contracts(ROOT / "dbt_project")["test_reports"]
    load.take_in = _timed(load.take_in)
    for name in ("stage_files", "settle", "insert_rows", "record_drift", "record_batch"):
        setattr(batch, name, _timed(getattr(batch, name)))
    with open_warehouse(home, "benchmark", memory_limit=MEMORY_LIMIT) as con:
        load.ensure_tables(con, {"test_reports": contract})
        table = contract.tables["junit_test_cases"]
        return sum(outcome.rows_loaded for outcome in load.load_table(con, home, table))


def _timed(step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def run(*arguments: Any) -> Any:
        started = time.monotonic()
        try:
            return step(*arguments)
        finally:
            STEPS[step.__name__] = STEPS.get(step.__name__, 0.0) + time.monotonic() - started

    return run


def main() -> int:
    """Print the rate; 1 where it is below the budget or a case is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        size = land_reports(Path(folder), given.cases, given.files)
        before = resource.getrusage(resource.RUSAGE_SELF)
        started = time.monotonic()
        loaded = load_reports(Path(folder))
        seconds = time.monotonic() - started
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rate = loaded / seconds
    print(
        f"{loaded:,} cases of {given.files} reports, {size / 1e6:.0f} MB: {seconds:.1f} s, {rate:,.0f} cases a second"
        f" (at least {MIN_CASES_PER_SECOND:,}); processor {cpu:.1f} s, peak memory {after.ru_maxrss / 1e6:.2f} GB"
    )
    for step, wall in STEPS.items():
        print(f"    {step}: {wall:.2f} s")
    return int(rate < MIN_CASES_PER_SECOND or loaded != given.cases)


if __name__ == "__main__":
    sys.exit(main())
