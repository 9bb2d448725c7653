"""Automated tests: what each attempt of some services' CI runs reported of them, as JUnit XML.

Two services keep their reports for 45 days, each in a dialect of its own: one as Surefire does, with a retry
inside the case, the other as pytest does, which lists a case that ran again once more, in two legs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import quoteattr

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.pipelines import Run
from orchestration.company.plan import DAY, Plan, day_of, iso
from orchestration.company.stories import Stories
from orchestration.company.writing import write_bytes

REPORT_DAYS = 45
INFRASTRUCTURE_SHARE = 0.2
FLAKY_SHARE, USUAL_SHARE = 0.2, 0.01
LEGS = {"surefire": ("test",), "pytest": ("test (linux)", "test (windows)")}
# Suites with their cases; those of the flaky suite come first, and are the ones that fail for no reason.
SUITES: dict[str, dict[str, tuple[str, ...]]] = {
    "surefire": {
        "it.SessionExpiryIT": ("expiresIdleSessions", "renewsOnActivity", "survivesFailover"),
        "unit.RouteTest": ("matches", "rejects", "rewrites", "escapes & quotes", "keeps[1]", "keeps[2]"),
    },
    "pytest": {
        "tests.test_ordering": ("test_under_load[3]", "test_clock_skew"),
        "tests.test_store": ("test_reads", "test_writes", "test_merges", "test_refuses_<nul>"),
    },
}
SKIPPED = {"surefire": "keeps[2]", "pytest": "test_merges"}


@dataclass(frozen=True)
class Case:
    """One case of a report: how often it passed and failed there, and milliseconds of its last run."""

    suite: str
    name: str
    passes: int
    fails: int
    milliseconds: int


@dataclass(frozen=True)
class Report:
    """What one leg of one attempt of a run (from 1) reported; ``started`` in epoch seconds."""

    run: Run
    attempt: int
    started: int
    leg: str
    dialect: str
    cases: tuple[Case, ...]

    @property
    def is_infrastructure_failure(self) -> bool:
        """Every test that ran failed."""
        return any(case.fails for case in self.cases) and not any(case.passes for case in self.cases)


def tested_services(catalogue: Catalogue, runs: list[Run]) -> dict[str, Service]:
    """Two important services that have a repository of their own, by the dialect of their reports."""
    alone = {run.service.service_id for run in runs if run.service is not None}
    chosen = [s for s in catalogue.services if s.service_id in alone and s.tier == 0]
    return dict(zip(SUITES, chosen, strict=False))


def report_tests(plan: Plan, stories: Stories, catalogue: Catalogue, runs: list[Run]) -> list[Report]:
    """The reports of the last 45 days, in order of the runs."""
    rng = plan.rng("tests")
    dialects = {service.service_id: name for name, service in tested_services(catalogue, runs).items()}
    first = plan.end - REPORT_DAYS * DAY
    reports: list[Report] = []
    for run in runs:
        dialect = dialects.get(run.service.service_id) if run.service else None
        if dialect and run.workflow == "CI" and run.created >= first:
            reports += _reports_of(rng, stories, run, dialect)
    return reports


def _reports_of(rng: random.Random, stories: Stories, run: Run, dialect: str) -> Iterator[Report]:
    flaky_suite, *_ = SUITES[dialect]
    names = [(suite, name) for suite, cases in SUITES[dialect].items() for name in cases]
    reliable = [place for place in names if place[0] != flaky_suite and place[1] != SKIPPED[dialect]]
    shaky = [place for place in names if place[0] == flaky_suite]
    share = FLAKY_SHARE if stories.tests_flaky(day_of(run.created)) else USUAL_SHARE
    succeeds = any(conclusion == "success" for _, _, conclusion in run.attempts)
    broken = rng.choice(reliable)
    for attempt, (started, _, conclusion) in enumerate(run.attempts, 1):
        if conclusion not in ("success", "failure"):
            continue
        failing: set[tuple[str, str]] = set()
        if conclusion == "failure":
            failing = {rng.choice(shaky)} if succeeds else {broken}
            failing = set(names) if rng.random() < INFRASTRUCTURE_SHARE else failing
        failing_leg = rng.choice(LEGS[dialect])
        for leg in LEGS[dialect]:
            cases = []
            for place in names:
                fails = int(place in failing and leg == failing_leg)
                passes = 1 - fails
                if passes and place in shaky and rng.random() < share:
                    fails = 1
                if place[1] == SKIPPED[dialect]:
                    passes = fails = 0
                cases.append(Case(*place, passes, fails, rng.randrange(20, 9000)))
            # GitHub dates the first attempt by the run's creation.
            yield Report(run, attempt, run.created if attempt == 1 else started, leg, dialect, tuple(cases))


def write_reports(folder: Path, reports: list[Report]) -> None:
    """One XML file per report, where the landing path tells repository, run, attempt and leg."""
    for report in reports:
        place = f"{report.run.line.repository}/{report.run.run_id}-{report.attempt}/{report.leg}"
        name = "junit.xml" if report.dialect == "pytest" else "TEST-all.xml"
        text = "\n".join(_lines_of(report)) + "\n"
        write_bytes(folder / "junit_test_cases" / place / name, text.encode())


def _lines_of(report: Report) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield "<testsuites>"
    for suite in dict.fromkeys(case.suite for case in report.cases):
        elements = [
            element for case in report.cases if case.suite == suite for element in _elements(report, case)
        ]
        counts = {
            "tests": len(elements),
            "failures": sum("<failure" in element for element in elements),
            "errors": 0,
            "skipped": sum("<skipped" in element for element in elements),
        }
        told = " ".join(f'{name}="{count}"' for name, count in counts.items())
        at = iso(report.started).removesuffix("Z")  # by the clock of the machine, which says no zone
        yield f'  <testsuite name="{suite}" {told} timestamp="{at}" hostname="runner-{report.attempt}">'
        yield from (f"    {element}" for element in elements)
        yield "  </testsuite>"
    yield "</testsuites>"


def _elements(report: Report, case: Case) -> Iterator[str]:
    seconds = f"{case.milliseconds // 1000}.{case.milliseconds % 1000:03d}"
    start = f'<testcase classname="{case.suite}" name={quoteattr(case.name)} time="{seconds}"'
    failed = '<failure message="expected: true" type="AssertionError">at line 12</failure>'
    if not case.passes and not case.fails:
        yield f"{start}><skipped/></testcase>"
    elif case.fails and not case.passes:
        yield f"{start}>{failed}</testcase>"
    elif case.fails and report.dialect == "surefire":
        yield f'{start}><flakyFailure message="expected: true" type="AssertionError"/></testcase>'
    else:
        yield f"{start}/>"
        if case.fails:
            yield f"{start}>{failed}</testcase>"
