"""Customers, what they did, the amounts by which shared cost is split, and exchange rates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from orchestration.company.plan import Plan, add_months
from orchestration.company.writing import write_csv

# Shared pools and what splits them; ``network`` has no driver, and its cost stays unallocated.
DRIVERS = {"compute": "requests", "storage": "gb", "analytics-cluster": "events"}
SEGMENTS = (("enterprise", 20), ("mid-market", 90), ("small", 1_000))
SILENT_CUSTOMER, FREE_CUSTOMER = 0, 1  # cost without usage; usage without cost
SYLLABLES = (
    "bel",
    "cor",
    "dan",
    "fen",
    "gal",
    "hel",
    "jor",
    "kal",
    "lum",
    "mor",
    "nor",
    "pel",
    "ros",
    "sal",
    "tor",
    "vel",
)


@dataclass(eq=False)
class Customer:
    """A customer. ``dedicated``: runs on resources of its own, beside the shared ones."""

    customer_id: str
    name: str
    segment: str
    region: str
    started: date
    ended: date | None
    size: int
    dedicated: bool


@dataclass
class Usage:
    """What customers did. Months are first days; drivers are by month, pool and customer."""

    customers: list[Customer]
    transactions: dict[tuple[date, str], int] = field(default_factory=dict)
    active: set[tuple[date, str]] = field(default_factory=set)
    drivers: dict[tuple[date, str, str], int] = field(default_factory=dict)
    rates: dict[date, Decimal] = field(default_factory=dict)  # dollars for a euro, from that day on


def use(plan: Plan) -> Usage:
    """Customers and their usage by month. One month's events were never measured (all zero)."""
    rng = plan.rng("usage")
    customers = []
    for number in range(plan.customer_count):
        segment = next(name for name, share in SEGMENTS if number * 300 // plan.customer_count < share)
        name = (rng.choice(SYLLABLES) + rng.choice(SYLLABLES)).capitalize() + rng.choice(
            (" AG", " GmbH", " Inc", " Ltd", " Oy")
        )
        started = plan.first_day - timedelta(days=rng.randrange(-len(plan.days) // 3, 900))
        ended = started + timedelta(days=rng.randrange(200, 900)) if rng.random() < 0.12 else None
        if number in (SILENT_CUSTOMER, FREE_CUSTOMER):
            started, ended = plan.first_day - timedelta(days=100), None
        size = int(rng.lognormvariate(6, 1.0)) * {"enterprise": 40, "mid-market": 8, "small": 1}[segment] + 10
        customers.append(
            Customer(
                f"c-{number + 1:04d}", name, segment, rng.choice(("eu", "us")), started, ended, size,
                segment == "enterprise" and number != FREE_CUSTOMER,
            )
        )  # fmt: skip
    usage = Usage(customers)
    zero_month = plan.month_starts[2]
    for month in plan.month_starts:
        after = add_months(month, 1)
        for number, customer in enumerate(customers):
            here = customer.started < after and (customer.ended is None or customer.ended > month)
            if not here or number == SILENT_CUSTOMER:
                continue
            requests = int(customer.size * 1_000 * rng.lognormvariate(0, 0.3))
            asleep = rng.random() < 0.03
            usage.transactions[month, customer.customer_id] = 0 if asleep else requests // 50
            if not asleep:
                usage.active.add((month, customer.customer_id))
            if number == FREE_CUSTOMER:
                continue
            usage.drivers[month, "compute", customer.customer_id] = 0 if asleep else requests
            usage.drivers[month, "storage", customer.customer_id] = customer.size // 4 + 1
            events = 0 if asleep or month == zero_month else requests // rng.randrange(3, 9)
            usage.drivers[month, "analytics-cluster", customer.customer_id] = events
    rate = Decimal("1.0800")
    for day in [plan.first_day - timedelta(days=n) for n in range(10, 0, -1)] + plan.days:
        rate += Decimal(rng.randrange(-25, 26)) / 10_000
        rate = min(max(rate, Decimal("1.02")), Decimal("1.16"))
        if day.weekday() < 5:
            usage.rates[day] = rate
    return usage


def rate_on(usage: Usage, day: date) -> Decimal:
    """Dollars for a euro on a day: the latest rate at or before it."""
    while day not in usage.rates:
        day -= timedelta(days=1)
    return usage.rates[day]


def write_usage(root: Path, plan: Plan, usage: Usage, delivered: date) -> None:
    """``usage`` and ``finance/exchange_rates`` under ``root``. One month of activity is delivered twice: the
    first
    counts were too low, and the later delivery wins."""
    folder = delivered.isoformat()
    header = ("customer_id", "customer_name", "segment", "plan", "region", "started_on", "ended_on")
    rows = [
        (c.customer_id, c.name, c.segment, f"{c.segment}-2025", c.region, c.started, c.ended)
        for c in usage.customers
    ]
    write_csv(
        root / "usage" / "customers" / plan.first_day.isoformat() / "customers.csv",
        header,
        rows[: len(rows) // 2],
    )
    write_csv(root / "usage" / "customers" / folder / "customers.csv", header, rows, mark=True)
    again = plan.month_starts[-2]
    for month in plan.month_starts:
        activity = [
            (customer, month, (month, customer) in usage.active, count)
            for (since, customer), count in usage.transactions.items()
            if since == month
        ]
        closing = min(add_months(month, 1), delivered).isoformat()
        name = f"activity-{month:%Y-%m}.csv"
        if month == again:
            draft = [
                (customer, first, active, count // 2) for customer, first, active, count in activity[:-3]
            ]
            write_csv(
                root / "usage" / "customer_activity" / closing / name,
                ("customer_id", "month", "is_active", "transactions"),
                draft,
            )
            closing = folder
        write_csv(
            root / "usage" / "customer_activity" / closing / name,
            ("Customer ID", "Month", "Is Active", "Transactions"),
            activity,
        )
        drivers = [
            (f"{month:%Y-%m}", pool, DRIVERS[pool], None, customer, amount)
            for (since, pool, customer), amount in usage.drivers.items()
            if since == month
        ]
        write_csv(
            root / "usage" / "drivers" / closing / f"drivers-{month:%Y-%m}.csv.gz",
            ("month", "pool_id", "driver", "service_id", "customer_id", "amount"), drivers,
        )  # fmt: skip
    rates = [(day, "EUR", "USD", rate) for day, rate in usage.rates.items()]
    write_csv(
        root / "finance" / "exchange_rates" / folder / "rates.csv",
        ("rate_date", "from_currency", "to_currency", "rate"),
        rates,
    )
