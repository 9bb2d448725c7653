"""What is wrong now and who has been told of it: one file in the data home, one process at a time."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from orchestration.durable import replace_text
from orchestration.home import DataHome
from orchestration.notices.channels import Channel, Notice
from orchestration.notices.findings import DAILY, Finding, Review, RunOutcome

Findings = dict[str, dict[str, Finding]]


@dataclass
class Memory:
    """Open findings by subject and key; by channel, those it was told of; the newest end told of by job.

    Instants are UTC, with their zone.
    """

    open: Findings = field(default_factory=dict)
    told: dict[str, Findings] = field(default_factory=dict)
    ends: dict[str, datetime] = field(default_factory=dict)
    watching_since: datetime | None = None
    last_success_at: datetime | None = None

    def take(self, review: Review, now: datetime) -> None:
        """Brings the open findings of one subject to what was found at ``now``."""
        before = self.open.get(review.subject, {})
        found = {
            finding.key: replace(finding, since=_begin(before.get(finding.key), finding, now))
            for finding in review.found
        }
        kept = {key: known for key, known in before.items() if key not in found and not review.is_over(key)}
        self.open[review.subject] = {**found, **kept}

    def find_untold(self, channel: Channel) -> Iterator[Notice]:
        """What ``channel`` is still to be told of, a subject at a time."""
        for subject in channel.subjects:
            now, told = self.open.get(subject, {}), self.told.get(channel.name, {}).get(subject, {})
            new = tuple(
                finding
                for key, finding in now.items()
                if key not in told or told[key].fingerprint != finding.fingerprint
            )
            over = tuple(finding for key, finding in told.items() if key not in now)
            if new or over:
                yield Notice(subject, new, over)

    def note_told(self, channel: Channel, notice: Notice) -> None:
        """That ``channel`` has ``notice``."""
        told = self.told.setdefault(channel.name, {}).setdefault(notice.subject, {})
        told.update({finding.key: finding for finding in notice.new})
        for finding in notice.over:
            del told[finding.key]

    def note_end(self, outcome: RunOutcome) -> bool:
        """Whether this end of a run is news: not told of, and not overtaken by a later one; now it is not."""
        later = [end for end in (self.ends.get(outcome.job), self.last_success_at) if end]
        if any(end >= outcome.ended_at for end in later):
            return False
        self.ends[outcome.job] = outcome.ended_at
        if outcome.success and outcome.job == DAILY:
            self.last_success_at = outcome.ended_at
        return True


def _begin(known: Finding | None, finding: Finding, now: datetime) -> str:
    if known and known.fingerprint == finding.fingerprint:
        return known.since
    return now.isoformat(timespec="seconds")


@contextmanager
def open_memory(home: DataHome) -> Iterator[Memory]:
    """The memory of a data home, held against other processes; ``save_memory`` keeps what was changed.

    One that cannot be read is begun anew: everything that is wrong is then told once more.
    """
    home.notices.parent.mkdir(parents=True, exist_ok=True)
    with home.notices.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield _read_memory(home)


def save_memory(home: DataHome, memory: Memory) -> None:
    """Replaces the file in one step, synced: killed after it, nothing in it is told again."""
    replace_text(home.notices, json.dumps(asdict(memory), default=datetime.isoformat, indent=1) + "\n")


def _read_memory(home: DataHome) -> Memory:
    if not home.notices.exists():
        return Memory()
    try:
        known = json.loads(home.notices.read_text(encoding="utf-8"))
        return Memory(
            open=_read_findings(known["open"]),
            told={channel: _read_findings(findings) for channel, findings in known["told"].items()},
            ends={job: datetime.fromisoformat(end) for job, end in known["ends"].items()},
            watching_since=_read_instant(known["watching_since"]),
            last_success_at=_read_instant(known["last_success_at"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Memory()


def _read_findings(known: Mapping[str, Mapping[str, Mapping[str, str]]]) -> Findings:
    return {
        subject: {key: Finding(**finding) for key, finding in findings.items()}
        for subject, findings in known.items()
    }


def _read_instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
