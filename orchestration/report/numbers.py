"""How a number is written: the one place that knows units, rounding, money and durations.

Values come in a KPI's own unit (``dim_kpi.unit``): shares as 0 to 1, durations in hours, minutes or days.
What is written is rounded for reading; the exact value stands beside it in the page's data attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

MINUS = "−"
NOTHING = "–"
# From here on a duration is read in the next greater unit.
_MINUTES_UPTO = 120.0
_HOURS_UPTO = 48.0
_SHARES = ("share", "share per year")
DURATIONS = {"minutes": 60.0, "hours": 3600.0, "days": 86400.0}
_UNIT_WORDS = {
    "share per year": "a year",
    "deployments per day": "a day",
    "pages per engineer and week": "pages per engineer a week",
    "defects per 100 deployments": "per 100 deployments",
    "score from 1 to 5": "of 5",
}


@dataclass(frozen=True)
class Shown:
    """A number as people read it, and the unit that stands behind it (empty where it is in the number)."""

    number: str
    unit: str = ""

    def __str__(self) -> str:
        if not self.unit:
            return self.number
        return f"{self.number}\N{NO-BREAK SPACE}{self.unit}"


def show(value: float | Decimal | None, unit: str, currency: str = "") -> Shown:
    """``value`` of a KPI whose unit is ``unit``; ``currency`` is the code for units that begin with it."""
    if value is None:
        return Shown(NOTHING)
    number = float(value)
    if unit in _SHARES:
        return Shown(show_share(number), _UNIT_WORDS.get(unit, ""))
    if unit in DURATIONS:
        return show_duration(number * DURATIONS[unit])
    if unit.startswith("currency"):
        return Shown(show_money(number, currency), unit.removeprefix("currency").strip())
    if unit == "points":
        return Shown(_signless(f"{number:,.0f}" if abs(number) >= 10 else f"{number:,.1f}"), unit)
    if unit == "score from 1 to 5":
        return Shown(f"{number:.2f}", _UNIT_WORDS[unit])
    return Shown(show_count(number), _UNIT_WORDS.get(unit, _singular(unit) if number == 1 else unit))


def show_share(share: float, *, signed: bool = False) -> str:
    """0.9622 → ``96.2 %``; near 0 and 1, where a tenth of a per cent is much, with two decimals."""
    if share in (0.0, 1.0):
        digits = 0
    elif abs(share) < 0.01 or 0.99 <= abs(share) < 1:
        digits = 2
    else:
        digits = 1
    text = f"{share * 100:{'+' if signed else ''},.{digits}f}"
    return f"{_signless(text)}\N{NARROW NO-BREAK SPACE}%"


def show_points_of_share(difference: float) -> str:
    """A difference of two shares in percentage points: 0.012 → ``+1.2 pp``."""
    digits = 2 if abs(difference) < 0.01 else 1
    return f"{_signless(f'{difference * 100:+,.{digits}f}')}\N{NO-BREAK SPACE}pp"


def show_duration(seconds: float) -> Shown:
    """Seconds as minutes below two hours, as hours below two days, else as days."""
    minutes, hours = seconds / 60, seconds / 3600
    if abs(minutes) < _MINUTES_UPTO:
        return Shown(_signless(f"{minutes:.{1 if abs(minutes) < 10 else 0}f}"), "min")
    if abs(hours) < _HOURS_UPTO:
        return Shown(_signless(f"{hours:.1f}"), "h")
    days = hours / 24
    return Shown(_signless(f"{days:,.{1 if abs(days) < 100 else 0}f}"), "d")


def show_count(number: float) -> str:
    """A count, or a rate of counts: whole numbers whole, others with about three significant digits."""
    if number == int(number) or abs(number) >= 100:
        return _signless(f"{number:,.0f}")
    return _signless(f"{number:,.{1 if abs(number) >= 10 else 2}f}")


def show_money(amount: float | Decimal, currency: str, *, signed: bool = False) -> str:
    """Money with its currency: ``USD 1,234``, below 1000 with cents, below ten cents with four decimals."""
    number = float(amount)
    digits = 0 if abs(number) >= 1000 or number == 0 else 2 if abs(number) >= 0.1 else 4
    text = _signless(f"{number:{'+' if signed else ''},.{digits}f}")
    return f"{currency}\N{NO-BREAK SPACE}{text}" if currency else text


def show_amount(amount: float | Decimal | None) -> str:
    """Money in a column whose head names the currency: whole units."""
    return NOTHING if amount is None else _signless(f"{amount:,.0f}")


def show_attainment(share: float | Decimal | None) -> str:
    """Attainment of an objective, in a column: three decimals of a per cent, where its budget lies."""
    if share is None:
        return NOTHING
    return f"{float(share) * 100:.3f}\N{NARROW NO-BREAK SPACE}%"


def show_change(share: float | None) -> str:
    """A relative change: 0.123 → ``+12 %``; more than tenfold as a factor."""
    if share is None:
        return NOTHING
    if share >= 9:
        return f"×\N{NARROW NO-BREAK SPACE}{share + 1:,.0f}"
    return f"{_signless(f'{share * 100:+,.{1 if abs(share) < 0.1 else 0}f}')}\N{NARROW NO-BREAK SPACE}%"


def show_difference(new: float | None, old: float | None, unit: str) -> str:
    """How ``new`` differs from ``old``: shares in percentage points, points in points, others in per cent."""
    if new is None or old is None:
        return NOTHING
    if new == old:
        return "±0"
    if unit in _SHARES:
        return show_points_of_share(new - old)
    if unit == "points":
        return _signless(f"{new - old:+,.1f}")
    if old == 0:
        return _signless(f"{new - old:+,.1f}")
    return show_change((new - old) / abs(old))


def show_target(target: float | None, upper: float | None, direction: str, unit: str, currency: str) -> str:
    """``≥ 95.0 %``, ``≤ 7.0 d`` or a band ``20.0 % – 40.0 %``; empty where there is none."""
    if target is None:
        return ""
    if upper is not None:
        return f"{show(target, unit, currency).number} – {show(upper, unit, currency)}"
    return f"{'≤' if direction == 'down' else '≥'}\N{NO-BREAK SPACE}{show(target, unit, currency)}"


def show_day(day: date | datetime | None) -> str:
    """``22 Nov 2026``, whatever the locale."""
    if day is None:
        return NOTHING
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def show_instant(instant: datetime | None) -> str:
    """``22 Nov 2026, 05:46 UTC``; instants are UTC, naive."""
    return NOTHING if instant is None else f"{show_day(instant)}, {instant:%H:%M} UTC"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _signless(text: str) -> str:
    """With a typographic minus, and no minus before a rounded zero."""
    if text.startswith("-") and not text.strip("-0.,"):
        text = text[1:]
    return text.replace("-", MINUS)


def _singular(unit: str) -> str:
    if unit.endswith("ies"):
        return unit.removesuffix("ies") + "y"
    return unit.removesuffix("s")
