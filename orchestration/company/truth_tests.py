"""The truth about automated tests: which of them passed and failed at one commit, and what that cost."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from orchestration.company.catalogue import Catalogue, Service
from orchestration.company.plan import day_of, month_of
from orchestration.company.suites import Case, Report
from orchestration.company.truth import Row
from orchestration.company.truth_delivery import Segment, segments_of

# One test in one leg at one commit, and one test over all of them.
TestRun = tuple[str, str, str, str, str]
TestName = tuple[str, str, str]


def _test_runs(reports: list[Report]) -> dict[TestRun, list[tuple[Report, Case]]]:
    found: dict[TestRun, list[tuple[Report, Case]]] = defaultdict(list)
    for report in reports:
        for case in report.cases:
            repository, sha = report.run.line.repository, report.run.sha
            found[repository, sha, report.leg, case.suite, case.name].append((report, case))
    return found


def _is_flaky(told: list[tuple[Report, Case]]) -> bool:
    counted = [case for report, case in told if not report.is_infrastructure_failure]
    return any(case.passes for case in counted) and any(case.fails for case in counted)


def flakiness(catalogue: Catalogue, reports: list[Report]) -> list[Row]:
    """Test runs with a pass or a fail, flaky ones and those left out, by month of its first tests."""
    cells: dict[tuple[Segment, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for told in _test_runs(reports).values():
        service: Service | None = told[0][0].run.service
        day: date = min(day_of(report.started) for report, _ in told)
        ran = any(c.passes or c.fails for r, c in told if not r.is_infrastructure_failure)
        for segment in segments_of(catalogue, service, day):
            cell = cells[segment, month_of(day)]
            cell["test_runs"] += ran
            cell["flaky"] += _is_flaky(told)
            cell["left_out"] += not ran
    return [
        {"segment_type": kind, "segment_id": name, "month": month}
        | {column: cell[column] for column in ("test_runs", "flaky", "left_out")}
        for ((kind, name), month), cell in sorted(cells.items())
    ]


def flaky_tests(reports: list[Report]) -> list[Row]:
    """Each test that was flaky: how often, the attempts of jobs that it lost, and what it cost."""
    lost: dict[TestName, int] = defaultdict(int)
    flaky: dict[TestName, int] = defaultdict(int)
    wasted: dict[TestName, int] = defaultdict(int)
    for (repository, _, _, suite, name), told in _test_runs(reports).items():
        if not _is_flaky(told):
            continue
        test = (repository, suite, name)
        flaky[test] += 1
        for report, case in told:
            if report.is_infrastructure_failure or not case.fails:
                continue
            if case.passes:
                wasted[test] += case.milliseconds
                continue
            guilty = sum(1 for other in report.cases if other.fails and not other.passes)
            lost[test] += 1
            wasted[test] += _milliseconds(report) // guilty
    return [
        {
            "repository": test[0], "class_name": test[1], "test_name": test[2], "flaky": flaky[test],
            "lost_runs": lost[test], "wasted_ms": wasted[test],
        }
        for test in sorted(flaky)
    ]  # fmt: skip


def _milliseconds(report: Report) -> int:
    """What the cases of a report took as they are listed: pytest lists one that ran again twice."""
    return sum(
        case.milliseconds * (2 if report.dialect == "pytest" and case.passes and case.fails else 1)
        for case in report.cases
    )
