"""``published/STATUS.json``: whether what is published is current, and if not, since when and why."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from orchestration.durable import replace_text
from orchestration.home import DataHome

CURRENT = "current"
STALE = "stale"


@dataclass(frozen=True)
class PublicationStatus:
    """State of the publication. Instants are UTC in ISO form; null where there has been none yet."""

    state: str
    run_id: str | None = None
    build_id: str | None = None
    published_at: str | None = None
    as_of_date: str | None = None
    code_version: str | None = None
    stale_since: str | None = None
    stale_reason: str | None = None
    failed_run_id: str | None = None


def read_status(home: DataHome) -> PublicationStatus:
    """What ``STATUS.json`` says; stale without a reason if nothing has been published yet."""
    path = status_path(home)
    if not path.exists():
        return PublicationStatus(state=STALE)
    return PublicationStatus(**json.loads(path.read_text(encoding="utf-8")))


def mark_current(home: DataHome, status: PublicationStatus) -> None:
    """Records a publication that is complete."""
    _write_status(home, status)


def mark_stale(home: DataHome, reason: str, failed_run_id: str, now: datetime) -> PublicationStatus:
    """Says that the last good publication stands because a run failed; keeps the first failure's instant.

    ``now`` is UTC. Returns what was written.
    """
    before = read_status(home)
    after = replace(
        before,
        state=STALE,
        stale_since=before.stale_since if before.state == STALE and before.stale_since else now.isoformat(),
        stale_reason=reason,
        failed_run_id=failed_run_id,
    )
    _write_status(home, after)
    return after


def status_path(home: DataHome) -> Path:
    """``published/STATUS.json``."""
    return home.published / "STATUS.json"


def _write_status(home: DataHome, status: PublicationStatus) -> None:
    replace_text(status_path(home), json.dumps(asdict(status), indent=2) + "\n")
