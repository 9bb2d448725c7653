"""The truth about cost and people."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from orchestration.company.billing import MICROSOFT, UNIT, Charge, Issuer
from orchestration.company.catalogue import Catalogue
from orchestration.company.focus import money
from orchestration.company.people import INVOLUNTARY, VOLUNTARY, People
from orchestration.company.plan import Plan, add_months, month_of, quarter_of
from orchestration.company.truth import Row
from orchestration.company.usage import Usage, rate_on


def cloud_cost(charges: list[Charge]) -> list[Row]:
    """Billed by billing period and effective by charge period, per issuer, exact."""
    billed: dict[tuple[Issuer, date], int] = defaultdict(int)
    effective: dict[tuple[Issuer, date], int] = defaultdict(int)
    for charge in charges:
        billed[charge.issuer, charge.period] += charge.billed
        effective[charge.issuer, charge.day.replace(day=1)] += charge.effective
    return [
        {
            "issuer": issuer.name, "currency": issuer.currency, "month": month_of(month),
            "billed": money(billed[issuer, month]), "effective": money(effective[issuer, month]),
        }
        for issuer, month in sorted({*billed, *effective}, key=lambda key: (key[0].name, key[1]))
    ]  # fmt: skip


def _is_allocatable(charge: Charge) -> bool:
    # Taxes stay outside unit cost; commitments that nobody used, credits and support are pools without a
    # driver.
    return (
        charge.kind not in ("Tax", "Credit", "Purchase")
        and charge.commitment_status != "Unused"
        and "Support" not in charge.cloud_service
    )


def customer_costs(usage: Usage, charges: list[Charge]) -> dict[tuple[date, str], Fraction]:
    """Dollars allocated to each customer by charge month: its own resources, and its share of each pool that
    has a driver.
    """
    allocated: dict[tuple[date, str], Fraction] = defaultdict(Fraction)
    pools: dict[tuple[date, str], Fraction] = defaultdict(Fraction)
    for charge in charges:
        if not _is_allocatable(charge):
            continue
        rate = Fraction(rate_on(usage, charge.day)) if charge.issuer is MICROSOFT else Fraction(1)
        dollars = Fraction(charge.effective, UNIT) * rate
        month = charge.day.replace(day=1)
        if "customer" in charge.tags:
            allocated[month, charge.tags["customer"]] += dollars
        elif "pool" in charge.tags:
            pools[month, charge.tags["pool"]] += dollars
    weights: dict[tuple[date, str], dict[str, int]] = defaultdict(dict)
    for (month, pool, customer), amount in usage.drivers.items():
        weights[month, pool][customer] = amount
    for (month, pool), dollars in pools.items():
        whole = sum(weights[month, pool].values())
        if whole:
            for customer, weight in weights[month, pool].items():
                allocated[month, customer] += dollars * weight / whole
    return allocated


def _decimal(value: Fraction) -> str:
    return str((Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("0.000001")))


def customer_cost(allocated: dict[tuple[date, str], Fraction]) -> list[Row]:
    """Allocated dollars by customer and month."""
    return [
        {"customer_id": customer, "month": month_of(month), "usd": _decimal(dollars)}
        for (month, customer), dollars in sorted(allocated.items())
        if dollars
    ]


def cost_per_customer(plan: Plan, usage: Usage, allocated: dict[tuple[date, str], Fraction]) -> list[Row]:
    """The company's allocated cost, active customers and transactions by month."""
    return [
        {
            "month": month_of(first),
            "allocated_usd": _decimal(
                sum((d for (month, _), d in allocated.items() if month == first), Fraction())
            ),
            "active_customers": sum(month == first for month, _ in usage.active),
            "transactions": sum(count for (month, _), count in usage.transactions.items() if month == first),
        }
        for first in plan.month_starts
    ]


COUNTED = ("person_days", "regretted", "regret_unknown", "voluntary", "involuntary")


def attrition(plan: Plan, catalogue: Catalogue, people: People) -> list[Row]:
    """Person-days and exits of employees by quarter, of the generated days.

    Contractors and interns are in neither; who transfers does not exit.
    """
    cells: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
    days: dict[str, int] = defaultdict(int)
    for day in plan.days:
        days[quarter_of(day)] += 1
        for segment, counted in _workforce(catalogue, people, day).items():
            cell = cells[*segment, quarter_of(day)]
            for name, count in counted.items():
                cell[name] += count
    return [
        {"segment_type": kind, "segment_id": name, "quarter": quarter, "days": days[quarter], **cell}
        for (kind, name, quarter), cell in sorted(cells.items())
    ]


def attrition_year(plan: Plan, catalogue: Catalogue, people: People) -> list[Row]:
    """The same over the twelve months that end with each quarter; those that began before the first day are
    whole too, because the HR exports reach further back."""
    ends = [add_months(first, 1) for first in plan.month_starts if first.month % 3 == 0]
    rows: list[Row] = []
    for end in ends:
        if end > plan.last_day + timedelta(days=1):
            continue
        cells: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
        first = add_months(end, -12)
        for number in range((end - first).days):
            for segment, counted in _workforce(catalogue, people, first + timedelta(days=number)).items():
                for name, count in counted.items():
                    cells[segment][name] += count
        quarter = quarter_of(end - timedelta(days=1))
        rows += [
            {"segment_type": kind, "segment_id": name, "quarter": quarter, "days": (end - first).days, **cell}
            for (kind, name), cell in sorted(cells.items())
        ]
    return rows


def _workforce(catalogue: Catalogue, people: People, day: date) -> dict[tuple[str, str], dict[str, int]]:
    """Employees of each segment on a day, and those whose last day it is."""
    cells: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for person in people.engineers:
        if person.worker_type != "employee":
            continue
        for spell in person.spells:
            if not spell.employed_on(day):
                continue
            team = spell.team_on(day)
            counted = ["person_days"]
            if spell.ended == day:
                counted += [name for name in (VOLUNTARY, INVOLUNTARY) if spell.kind == name]
                counted += ["regret_unknown"] * (spell.regretted is None) + ["regretted"] * bool(
                    spell.regretted
                )
            for segment in (("org", "org"), ("group", catalogue.group_of(team, day)), ("team", team)):
                for name in counted:
                    cells[segment][name] += 1
    return cells
