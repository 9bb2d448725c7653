"""Windows of time that long lists are asked for in, where results or spans are capped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from .refusals import PermanentError


def split_window(start: datetime, end: datetime, longest: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Consecutive windows of [start, end) no longer than ``longest``."""
    while start < end:
        stop = min(end, start + longest)
        yield start, stop
        start = stop


def bisect_window(
    count: Callable[[datetime, datetime], int],
    start: datetime,
    end: datetime,
    *,
    cap: int,
    refuse: Callable[[datetime, int], PermanentError],
) -> Iterator[tuple[datetime, datetime]]:
    """Windows of [start, end] in order, each with at most ``cap`` results; both ends inclusive.

    Windows have whole seconds. ``count`` asks the API how many results one has. A single second with more
    than ``cap`` cannot be split: ``refuse`` makes the error that is raised, since silently losing the rest
    is not an answer.
    """
    pending = [(start, end)]
    while pending:
        first, last = pending.pop()
        found = count(first, last)
        if found <= cap:
            yield first, last
            continue
        if last <= first:
            raise refuse(first, found)
        middle = first + timedelta(seconds=int((last - first).total_seconds()) // 2)
        pending.append((middle + timedelta(seconds=1), last))
        pending.append((first, middle))


def capped_windows(
    count: Callable[[datetime, datetime], int],
    start: datetime,
    end: datetime,
    *,
    longest: timedelta,
    cap: int,
    refuse: Callable[[datetime, int], PermanentError],
) -> Iterator[tuple[datetime, datetime]]:
    """Windows of [start, end] no longer than ``longest``, each of them bisected (see ``bisect_window``)."""
    for first, stop in split_window(start, end, longest):
        last = stop if stop == end else stop - timedelta(seconds=1)
        yield from bisect_window(count, first, last, cap=cap, refuse=refuse)
