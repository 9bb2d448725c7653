"""What teams promise for each quarter: the list that the company keeps, and what became of it.

Most of it is in the tracker and named by its key, some of it by its title alone, and each team promises one
thing that no tracker knows. A list came when each quarter was over, and one of the quarter that is not.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.company.catalogue import Catalogue
from orchestration.company.plan import DAY, HOUR, Plan, add_months, epoch, iso, quarter_of
from orchestration.company.stories import Stories
from orchestration.company.truth import Row
from orchestration.company.work import DONE, EPIC, Board, Item, Work
from orchestration.company.writing import write_csv

PROMISED, ADDED = 5, 2
# How much of it is taken out again, usually and of a team under pressure.
DROPPED, DROPPED_PRESSED = 0.07, 0.45
UNTRACKED = ("Summit with our largest customers", "Training of new joiners", "Review of our suppliers")
COUNTS = ("committed", "delivered", "added", "removed", "carried_over")


@dataclass(frozen=True)
class Commitment:
    """One line of a team's list; instants in epoch seconds.

    ``item`` None: in no tracker. ``says_key`` False: the list gives its title alone.
    """

    quarter: date
    board: Board
    title: str
    item: Item | None = None
    says_key: bool = True
    committed: int | None = None
    removed: int | None = None
    delivered: date | None = None


def promise(plan: Plan, stories: Stories, work: Work) -> list[Commitment]:
    """The lists of all whole quarters of the period, and of the one in which the day after it lies."""
    rng = plan.rng("commitments")
    titles = Counter(item.title.strip().lower() for item in work.items)
    quarters = [month for month in plan.month_starts if month.month % 3 == 1]
    whole = [first for first in quarters if epoch(add_months(first, 3)) <= plan.end]
    tomorrow = plan.last_day + timedelta(days=1)
    running = date(tomorrow.year, tomorrow.month - (tomorrow.month - 1) % 3, 1)
    listed: list[Commitment] = []
    for first in whole:
        for board in work.boards:
            is_pressed = board.team_id == stories.pressed_team and stories.hurried(first)
            dropped = DROPPED_PRESSED if is_pressed else DROPPED
            listed += _list_quarter(rng, plan, work.items, titles, first, board, dropped)
    for board in work.boards:
        waiting = [item for item in work.items if item.board is board and item.done is None][-PROMISED:]
        committed = min(epoch(running), plan.end) - DAY
        listed += [Commitment(running, board, item.title, item, committed=committed) for item in waiting]
    return listed


def _list_quarter(
    rng: random.Random,
    plan: Plan,
    items: list[Item],
    titles: Counter[str],
    first: date,
    board: Board,
    dropped: float,
) -> Iterator[Commitment]:
    start, end = epoch(first), epoch(add_months(first, 3))
    own = [item for item in items if item.board is board and item.exclusion_reason is None]
    known = [item for item in own if item.created < start and (item.done is None or item.done > start)]
    waiting = [item for item in known if item.kind != EPIC]
    epics = [item for item in own if item.kind == EPIC and start <= item.created < start + 7 * DAY]
    epics += [item for item in known if item.kind == EPIC][-3:]
    later = [item for item in own if item.kind != EPIC and start + 7 * DAY < item.created < end - 7 * DAY]
    # An epic is promised by its name; the list learns its key when it is written down.
    for item in [*epics, *rng.sample(waiting, min(PROMISED, len(waiting)))]:
        drawn = rng.random()
        committed = start + 20 * HOUR if drawn < 0.15 else None if drawn < 0.5 else start - rng.randrange(DAY)
        says_key = drawn < 0.8 or titles[item.title.strip().lower()] > 1
        # What is taken out is not done yet.
        since = max(start + 2 * DAY, item.created + HOUR)
        until = min([end, *(at for at, status in item.moves if status.category == DONE and at > start)])
        removed = rng.randrange(since, until) if rng.random() < dropped and since < until else None
        yield Commitment(first, board, item.title, item, says_key, committed, removed)
    for item in rng.sample(later, min(ADDED, len(later))):
        yield Commitment(first, board, item.title, item, committed=item.created + HOUR)
    # Thought better of before the quarter began.
    yield Commitment(first, board, "A rewrite of everything", committed=start - 9 * DAY, removed=start - DAY)
    delivered = first + timedelta(days=rng.randrange(20, 110))
    told = delivered if delivered <= plan.last_day and rng.random() < 0.9 else None
    yield Commitment(first, board, rng.choice(UNTRACKED), delivered=told)


def write_commitments(root: Path, plan: Plan, commitments: list[Commitment]) -> None:
    """``quarter_commitments`` below ``root``: a delivery for each quarter."""
    header = ("Quarter", "Team", "Work item", "Title", "Committed at", "Removed at", "Delivered on", "Owner")
    by_quarter: dict[date, list[Commitment]] = defaultdict(list)
    for commitment in commitments:
        by_quarter[commitment.quarter].append(commitment)
    for quarter, lines in by_quarter.items():
        delivered = min(add_months(quarter, 3), plan.last_day + timedelta(days=1))
        rows = [
            (
                quarter_of(quarter),
                line.board.team_id,
                line.item.key if line.item and line.says_key else None,
                line.title,
                iso(line.committed) if line.committed else None,
                iso(line.removed) if line.removed else None,
                line.delivered,
                line.item.reporter.email if line.item else None,
            )
            for line in lines
        ]
        folder = root / "quarter_commitments" / delivered.isoformat()
        write_csv(folder / f"{quarter_of(quarter)}.csv", header, rows)


def quarter_plan_vs_actual(plan: Plan, catalogue: Catalogue, commitments: list[Commitment]) -> list[Row]:
    """Of quarters that are over: committed, of these delivered; added, removed and carried over."""
    cells: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for line in commitments:
        start, end = epoch(line.quarter), epoch(add_months(line.quarter, 3))
        if end > plan.end or (line.removed and line.removed <= start):
            continue
        judged = min(line.removed or end, end)
        if line.item:
            is_done = [status.category for at, status in line.item.moves if at < judged][-1:] == [DONE]
        else:
            is_done = line.delivered is not None and epoch(line.delivered) < judged
        is_added = line.committed is not None and line.committed > start + DAY
        last, team = add_months(line.quarter, 3) - timedelta(days=1), line.board.team_id
        for kind, name in (("org", "org"), ("group", catalogue.group_of(team, last)), ("team", team)):
            cell = cells[kind, name, quarter_of(line.quarter)]
            cell["committed"] += not is_added
            cell["delivered"] += not is_added and is_done
            cell["added"] += is_added
            cell["removed"] += bool(line.removed) and not is_done
            cell["carried_over"] += not line.removed and not is_done
    return [
        {"segment_type": kind, "segment_id": name, "quarter": quarter, **{n: cell[n] for n in COUNTS}}
        for (kind, name, quarter), cell in sorted(cells.items())
    ]
