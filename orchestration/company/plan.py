"""The parameters of a generated company, and the calendar and sizes that follow from them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property

ORGANISATION = "harbourly"
FIRST_TEAMS, FIRST_SERVICES, FIRST_ENGINEERS, FIRST_CUSTOMERS = 12, 45, 240, 300
DAY = 86_400
HOUR = 3_600


def epoch(day: date) -> int:
    """Seconds from 1970 to midnight UTC of ``day``."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def day_of(instant: int) -> date:
    """UTC day of an instant in epoch seconds."""
    return _day_number(instant // DAY)


@cache
def _day_number(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)


@cache
def _day_text(number: int) -> str:
    return _day_number(number).isoformat()


def iso(instant: int) -> str:
    """``2026-06-30T12:00:00Z`` of an instant in epoch seconds."""
    day, seconds = divmod(instant, DAY)
    return f"{_day_text(day)}T{seconds // HOUR:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}Z"


def month_of(day: date) -> str:
    """``2026-06`` of any day in June 2026: how the truth names months."""
    return f"{day.year:04d}-{day.month:02d}"


def quarter_of(day: date) -> str:
    """``2026-Q2`` of any day of that calendar quarter."""
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def add_months(first: date, count: int) -> date:
    """The first of the month ``count`` months after the first of a month."""
    index = first.year * 12 + first.month - 1 + count
    return date(index // 12, index % 12 + 1, 1)


def poisson(rng: random.Random, rate: float) -> int:
    """A Poisson draw by Knuth's product of uniforms: rates here are small."""
    limit, product, count = math.exp(-rate), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


@dataclass(frozen=True)
class Plan:
    """What is to be generated. Every draw comes from ``seed`` and the name of the area that draws."""

    seed: int = 7
    scale: float = 1.0
    months: int = 18
    last_day: date = date(2026, 6, 30)

    def __post_init__(self) -> None:
        if not 0 < self.scale <= 20:
            raise ValueError(f"scale must be above 0 and at most 20, not {self.scale}")
        if not 8 <= self.months <= 60:
            raise ValueError(f"months must be 8 to 60 for the stories to have room, not {self.months}")

    @cached_property
    def first_day(self) -> date:
        """First day of the first month; the month of ``last_day`` is the last one, whole or not."""
        return add_months(self.last_day.replace(day=1), 1 - self.months)

    @cached_property
    def start(self) -> int:
        """First instant, epoch seconds."""
        return epoch(self.first_day)

    @cached_property
    def end(self) -> int:
        """First instant after the last day, epoch seconds: nothing generated is later."""
        return epoch(self.last_day) + DAY

    @cached_property
    def days(self) -> list[date]:
        """Every day from the first to the last."""
        return [self.first_day + timedelta(days=n) for n in range((self.last_day - self.first_day).days + 1)]

    @cached_property
    def month_starts(self) -> list[date]:
        """The first of every month."""
        return [add_months(self.first_day, n) for n in range(self.months)]

    def month_days(self, first: date) -> list[date]:
        """The generated days of the month that begins on ``first``."""
        last = min(add_months(first, 1) - timedelta(days=1), self.last_day)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    @property
    def team_count(self) -> int:
        """Teams: 12 at scale 1, never so few that the re-organisation has nobody to move."""
        return max(6, round(FIRST_TEAMS * self.scale))

    @property
    def service_count(self) -> int:
        """Services: 45 at scale 1."""
        return max(12, round(FIRST_SERVICES * self.scale))

    @property
    def engineer_count(self) -> int:
        """Engineers on the first day: 240 at scale 1."""
        return max(72, round(FIRST_ENGINEERS * self.scale))

    @property
    def customer_count(self) -> int:
        """Customers: 300 at scale 1."""
        return max(24, round(FIRST_CUSTOMERS * self.scale))

    def rng(self, area: str) -> random.Random:
        """A generator of its own for each area, so that one area's draws never move another's."""
        return random.Random(f"{self.seed}/{area}")  # noqa: S311 - reproducible, not secret
