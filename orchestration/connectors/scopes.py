"""The parts of a system that are read one after another: repositories, projects, clusters, tables.

What one of them is refused for (gone, renamed, not allowed) keeps none of the others from being read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TypeVar

from .refusals import PermanentError

# Credentials that one part refuses are wrong for all of them.
WRONG_CREDENTIALS = frozenset({401, 203})
NAMED_REFUSALS = 10
Scope = TypeVar("Scope")


class SeveralRefusedError(PermanentError):
    """Several parts were refused; ``refusals`` are all of them, of which the text names the first ten."""

    def __init__(self, refusals: Sequence[PermanentError]) -> None:
        first, *others = refusals
        named = "; ".join(f"{each.what} ({each.url})" for each in refusals[:NAMED_REFUSALS])
        more = f"; and {len(refusals) - NAMED_REFUSALS} more" if len(refusals) > NAMED_REFUSALS else ""
        same = all(each.status == first.status for each in others)
        super().__init__(first.system, first.url, first.what, first.status if same else None)
        self.args = (f"{first.system}: {len(refusals)} parts were refused: {named}{more}",)
        self.refusals = refusals


@dataclass(frozen=True)
class Reading(AbstractContextManager[None]):
    """The reading of one part: its refusal is kept for later, unless it holds for all parts."""

    refusals: list[PermanentError] = field(default_factory=list)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, PermanentError) or error.status in WRONG_CREDENTIALS:
            return False
        self.refusals.extend(error.refusals if isinstance(error, SeveralRefusedError) else [error])
        return True


def one_by_one(scopes: Iterable[Scope]) -> Iterator[tuple[Scope, Reading]]:
    """Each of ``scopes`` with the context in which to read it.

    Raises PermanentError after the last, if any was refused.
    """
    reading = Reading()
    for scope in scopes:
        yield scope, reading
    if len(reading.refusals) == 1:
        raise reading.refusals[0]
    if reading.refusals:
        raise SeveralRefusedError(reading.refusals)
