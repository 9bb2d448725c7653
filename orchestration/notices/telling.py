"""Reviewing what is so now, and telling each channel what it does not know yet."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

import duckdb

from orchestration.home import DataHome
from orchestration.notices.channels import Channel, Patience, read_channels
from orchestration.notices.findings import (
    DEMO,
    Review,
    RunOutcome,
    review_pulls,
    review_quarantine,
    review_run,
    review_silence,
)
from orchestration.notices.kpi_findings import review_publication
from orchestration.notices.memory import Memory, open_memory, save_memory
from orchestration.publishing.published import snapshot_path

PATIENCE = Patience()


def tell_of_run(
    home: DataHome,
    outcome: RunOutcome,
    environ: Mapping[str, str],
    log: logging.Logger,
    now: datetime,
    *,
    patience: Patience = PATIENCE,
) -> None:
    """Tells what a run that has ended found, and what is over with it; a run that was told of is not again.

    The command line tells of its own runs and the daemon's sensors of all that they see, over one memory.
    """
    reviews = [review_run(outcome)]
    with open_memory(home) as memory:
        if memory.note_end(outcome):
            # What a generated company does wrong alarms nobody.
            if outcome.job != DEMO:
                reviews += [review_pulls(outcome.pulls), review_quarantine(outcome.quarantine)]
            if outcome.job != DEMO and outcome.success:
                reviews += _review_published(home, log)
            if memory.last_success_at:
                reviews.append(review_silence(now, memory.last_success_at))
            for review in reviews:
                memory.take(review, now)
        _deliver(home, memory, read_channels(environ), log, now, patience)


def tell_of_state(
    home: DataHome,
    environ: Mapping[str, str],
    log: logging.Logger,
    now: datetime,
    *,
    last_success: datetime | None = None,
    patience: Patience = PATIENCE,
) -> datetime:
    """Tells of a daily run that did not come, of what stands published, and what no channel took before.

    ``last_success`` is a daily run's that others know of. Returns since when there is silence: the newest
    success, or the first call for this home.
    """
    with open_memory(home) as memory:
        memory.watching_since = memory.watching_since or now
        known = [instant for instant in (memory.last_success_at, last_success) if instant]
        memory.last_success_at = max(known, default=None)
        since = memory.last_success_at or memory.watching_since
        for review in [review_silence(now, since), *_review_published(home, log)]:
            memory.take(review, now)
        _deliver(home, memory, read_channels(environ), log, now, patience)
    return since


def _review_published(home: DataHome, log: logging.Logger) -> tuple[Review, ...]:
    path = snapshot_path(home)
    if not path.exists():
        return ()
    try:
        with duckdb.connect(path, read_only=True) as con:
            return review_publication(con)
    except duckdb.Error as error:
        log.warning(f"{path.name} could not be reviewed for notices: {error}")
        return ()


def _deliver(
    home: DataHome,
    memory: Memory,
    channels: Sequence[Channel],
    log: logging.Logger,
    now: datetime,
    patience: Patience,
) -> None:
    """Tells each channel what it has not got. Noted after each sending: a kill repeats one at most."""
    memory.told = {channel.name: memory.told.get(channel.name, {}) for channel in channels}
    save_memory(home, memory)
    for channel in channels:
        for notice in list(memory.find_untold(channel)):
            if not channel.send(notice, log, now, patience):
                break  # a dead channel is not waited for once per subject
            memory.note_told(channel, notice)
            save_memory(home, memory)
