"""STATUS.json: current or stale, since when and why."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from orchestration.home import DataHome
from orchestration.publishing.status import (
    CURRENT,
    STALE,
    PublicationStatus,
    mark_current,
    mark_stale,
    read_status,
)

MORNING = datetime(2026, 7, 1, 5, tzinfo=UTC)
EVENING = datetime(2026, 7, 1, 19, tzinfo=UTC)


def test_nothing_published_is_stale(tmp_path: Path) -> None:
    assert read_status(DataHome(tmp_path)) == PublicationStatus(STALE)


def test_a_stale_publication_says_since_when_it_is_so_and_which_run_failed_last(tmp_path: Path) -> None:
    home = DataHome(tmp_path)
    mark_current(home, PublicationStatus(CURRENT, run_id="good", published_at="2026-06-30T05:00:00"))
    mark_stale(home, "step models failed", "bad", MORNING)
    mark_stale(home, "step raw_github failed", "worse", EVENING)
    status = read_status(home)
    assert (status.state, status.run_id, status.published_at) == (STALE, "good", "2026-06-30T05:00:00")
    assert (status.stale_since, status.stale_reason, status.failed_run_id) == (
        MORNING.isoformat(),
        "step raw_github failed",
        "worse",
    )


def test_a_good_publication_ends_it(tmp_path: Path) -> None:
    home = DataHome(tmp_path)
    mark_stale(home, "step models failed", "bad", MORNING)
    mark_current(home, PublicationStatus(CURRENT, run_id="good"))
    assert read_status(home) == PublicationStatus(CURRENT, run_id="good")
