"""A row's last values as a line of a word's height: hundreds of them, too many for the chart library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 92.0, 22.0, 2.5


@dataclass(frozen=True)
class Sparkline:
    """Coordinates in a box of WIDTH × HEIGHT: a line per unbroken stretch, lone points, the last point."""

    lines: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    last: tuple[float, float] | None


def sketch(values: Sequence[float | None]) -> Sparkline | None:
    """The line through ``values``, None a gap; None where there are fewer than two values."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return None
    low, high = min(known), max(known)
    step = (WIDTH - 2 * MARGIN) / (len(values) - 1)

    def place(number: int, value: float) -> tuple[float, float]:
        share = (value - low) / (high - low) if high > low else 0.5
        return (
            round(MARGIN + number * step, 1),
            round(HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN), 1),
        )

    stretches: list[list[tuple[float, float]]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append(place(number, value))
    return Sparkline(
        lines=tuple(" ".join(f"{x},{y}" for x, y in stretch) for stretch in stretches if len(stretch) > 1),
        dots=tuple(stretch[0] for stretch in stretches if len(stretch) == 1),
        last=place(len(values) - 1, values[-1]) if values[-1] is not None else None,
    )
