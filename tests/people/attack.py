"""What a reader of published sums can work out about those that are hidden.

Every figure is a sum of non-negative whole amounts over spots, places on days; its *cell* is the set of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

Atom = TypeVar("Atom", bound=Hashable)

# Reckoning modulo a prime is exact; that it sees a dependency where there is none has a chance of 2^-61.
PRIME = (1 << 61) - 1


class Knowledge(Generic[Atom]):
    """Everything that is a linear combination of the cells told so far, by elimination modulo a prime."""

    def __init__(self, told: Iterable[frozenset[Atom]]) -> None:
        self._order: dict[Atom, int] = {}
        self._pivots: dict[int, dict[int, int]] = {}
        for cell in sorted(set(told), key=len):
            rest = self._reduce(cell)
            if rest:
                lead = max(rest)
                inverse = pow(rest[lead], -1, PRIME)
                self._pivots[lead] = {atom: weight * inverse % PRIME for atom, weight in rest.items()}

    def holds(self, cell: frozenset[Atom]) -> bool:
        """Is the cell's sum determined, whatever the amounts are?"""
        return not self._reduce(cell)

    def _reduce(self, cell: frozenset[Atom]) -> dict[int, int]:
        rest = {self._order.setdefault(atom, len(self._order)): 1 for atom in cell}
        done: dict[int, int] = {}
        while rest:
            lead = max(rest)
            factor = rest[lead]
            if lead not in self._pivots:
                done[lead] = rest.pop(lead)
                continue
            for atom, weight in self._pivots[lead].items():
                left = (rest.get(atom, 0) - factor * weight) % PRIME
                if left:
                    rest[atom] = left
                else:
                    rest.pop(atom, None)
        return done


def bound(
    told: Mapping[frozenset[Atom], int], rounds: int = 6
) -> tuple[dict[Atom, int], dict[Atom, int | None]]:
    """Least and greatest amount of each spot that the told sums and their differences allow.

    Interval propagation from "no amount is negative": what it finds is certain; it need not find all.
    """
    sums = dict(told)
    by_spot: dict[Atom, list[frozenset[Atom]]] = defaultdict(list)
    for cell in told:
        for spot in cell:
            by_spot[spot].append(cell)
    # A whole less its told parts: first those of one kind (teams of a group), as far as they do not overlap.
    for whole, total in told.items():
        inner = {part for spot in whole for part in by_spot[spot] if part < whole}
        rest, left = whole, total
        for part in sorted(inner, key=lambda part: (-len(part), sorted(map(repr, part)))):
            if part <= rest:
                rest, left = rest - part, left - told[part]
        if rest:
            sums[rest] = left
    least: dict[Atom, int] = {spot: 0 for cell in sums for spot in cell}
    most: dict[Atom, int | None] = dict.fromkeys(least)
    for _ in range(rounds):
        changed = False
        for cell, total in sums.items():
            low = sum(least[spot] for spot in cell)
            unbounded = [spot for spot in cell if most[spot] is None]
            high = sum(top for spot in cell if (top := most[spot]) is not None)
            for spot in cell:
                ceiling = total - low + least[spot]
                top = most[spot]
                if top is None or ceiling < top:
                    most[spot], changed = ceiling, True
                if not unbounded and top is not None and total - high + top > least[spot]:
                    least[spot], changed = total - high + top, True
        if not changed:
            break
    return least, most


def determined(
    cell: frozenset[Atom], least: Mapping[Atom, int], most: Mapping[Atom, int | None]
) -> int | None:
    """The cell's sum if the bounds of its spots leave but one; else null."""
    tops = [most.get(spot) for spot in cell]
    if any(top is None for top in tops):
        return None
    low, high = sum(least[spot] for spot in cell), sum(top for top in tops if top is not None)
    return low if low == high else None


def exchangeable(spots: Iterable[Atom], told: Sequence[frozenset[Atom]]) -> dict[Atom, frozenset[int]]:
    """Which told cells each spot is in: of two spots in the same ones, one person may stand in either."""
    inside: dict[Atom, set[int]] = {spot: set() for spot in spots}
    for number, cell in enumerate(told):
        for spot in cell:
            inside[spot].add(number)
    return {spot: frozenset(numbers) for spot, numbers in inside.items()}
