"""What may be wrong with the operation: runs, silence, pulls and quarantine.

Texts name jobs, systems and tables, and nothing of a record.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

RUNS, SILENCE, PULLS, QUARANTINE, SOURCES = "runs", "silence", "pulls", "quarantine", "sources"
TARGETS, SIGNALS = "targets", "signals"
OPERATIONS = (RUNS, SILENCE, PULLS, QUARANTINE, SOURCES)
KPIS = (TARGETS, SIGNALS)
TITLES: Mapping[str, str] = {
    RUNS: "Runs that fail",
    SILENCE: "No daily run",
    PULLS: "Pulls that fail",
    QUARANTINE: "Quarantine above its threshold",
    SOURCES: "Stale sources",
    TARGETS: "KPI targets missed",
    SIGNALS: "KPIs that got worse, beyond noise",
}

DAILY, DEMO = "daily", "demo"
# These do everything: where one succeeds, no other job's failure is open any more.
_WHOLE_JOBS = frozenset({DAILY, DEMO})
# A day, and time for a long run: after that somebody should look.
DEAD_MAN_AFTER = timedelta(hours=28)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. ``key`` is what, within its subject; told anew when ``fingerprint`` changes.

    ``over`` is said when it is so no more. ``since`` is when it was found so first, in ISO form.
    """

    key: str
    fingerprint: str
    text: str
    over: str
    since: str = ""


@dataclass(frozen=True)
class Review:
    """A look at one subject: what was found, the worst first, and which known findings are over otherwise.

    What was not looked at, or cannot be judged now, stays as it was.
    """

    subject: str
    found: tuple[Finding, ...]
    is_over: Callable[[str], bool] = field(default=lambda _key: True)


@dataclass(frozen=True)
class Check:
    """How a check of one asset ended in a run; ``numbers`` are those that it counted."""

    asset: tuple[str, ...]
    name: str
    passed: bool
    blocks: bool
    numbers: Mapping[str, float]


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended, and when (UTC, with its zone).

    ``failed_steps`` are those that failed themselves, not those left out after them; ``pulls`` and
    ``quarantine`` the checks of landing folders and raw tables that it evaluated.
    """

    run_id: str
    job: str
    ended_at: datetime
    success: bool
    failed_steps: tuple[str, ...] = ()
    pulls: tuple[Check, ...] = ()
    quarantine: tuple[Check, ...] = ()


def review_run(outcome: RunOutcome) -> Review:
    """The run itself. A failure in the same steps as before is not told again; a success ends it."""
    if outcome.success:
        return Review(RUNS, (), lambda key: key == outcome.job or outcome.job in _WHOLE_JOBS)
    steps = ", ".join(sorted(outcome.failed_steps))
    return Review(
        RUNS,
        (
            Finding(
                outcome.job,
                steps,
                f"Run {outcome.run_id} of job {outcome.job} failed in {steps or 'no step of its own'}: "
                "the last good publication stands.",
                f"Job {outcome.job} has failed, and no longer does.",
            ),
        ),
        lambda _key: False,
    )


def review_silence(now: datetime, last_success: datetime) -> Review:
    """Whether a daily run has succeeded lately; before the first, ``last_success`` is since when we watch."""
    silent = now - last_success
    if silent < DEAD_MAN_AFTER:
        return Review(SILENCE, ())
    return Review(
        SILENCE,
        (
            Finding(
                DAILY,
                last_success.isoformat(),
                f"No daily run has succeeded for {silent.total_seconds() / 3600:.0f} hours (since "
                f"{last_success:%Y-%m-%d %H:%M} UTC): what is published grows old. Is the daemon running?",
                "A daily run has succeeded again.",
            ),
        ),
    )


def review_pulls(checks: Collection[Check]) -> Review:
    """Systems that could not be asked."""
    found = tuple(
        Finding(
            check.asset[-1],
            "failed",
            f"{check.asset[-1]} could not be pulled: see the check {check.name} of {'/'.join(check.asset)}.",
            f"{check.asset[-1]} is pulled again.",
        )
        for check in checks
        if not check.passed
    )
    return Review(PULLS, found, {check.asset[-1] for check in checks}.__contains__)


def review_quarantine(checks: Collection[Check]) -> Review:
    """Tables whose quarantine is above the threshold of their check; what blocks comes first."""
    by_table = {".".join(check.asset).removeprefix("raw_"): check for check in checks}
    failed = [(table, check) for table, check in by_table.items() if not check.passed]
    failed.sort(key=lambda item: (not item[1].blocks, -item[1].numbers.get("quarantined_share", 0)))
    found = tuple(
        Finding(
            table,
            f"{'blocks' if check.blocks else 'warns'}, "
            f"{'unreadable files' if check.numbers.get('files_not_readable') else 'all readable'}",
            _describe_quarantine(table, check),
            f"{table} is below its threshold of quarantine again.",
        )
        for table, check in failed
    )
    return Review(QUARANTINE, found, by_table.__contains__)


def _describe_quarantine(table: str, check: Check) -> str:
    count = {name: int(value) for name, value in check.numbers.items()}
    parts = []
    if count.get("rows_quarantined"):
        share = f"{check.numbers.get('quarantined_share', 0):.1%}"
        parts.append(
            f"{count['rows_quarantined']:,} of {count.get('rows_read', 0):,} rows in quarantine ({share})"
        )
    unreadable = count.get("files_not_readable", 0)
    if unreadable:
        parts.append(f"{unreadable:,} {'file' if unreadable == 1 else 'files'} not readable")
    blocked = "; nothing is published before that is mended" if check.blocks else ""
    return f"{table}: {', '.join(parts)}{blocked}."
