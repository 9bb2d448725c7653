"""Charges of two clouds: one bills in dollars and is exported as FOCUS 1.0, one in euros as FOCUS 1.2.

Money is counted in whole millionths, so that every sum is exact.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from orchestration.company.catalogue import Catalogue
from orchestration.company.plan import Plan, add_months
from orchestration.company.stories import RUNAWAY_DAYS, RUNAWAY_FACTOR, Stories
from orchestration.company.usage import Customer, Usage

UNIT = 1_000_000


@dataclass(frozen=True)
class Issuer:
    """Who bills, whom, and in what currency."""

    name: str
    provider: str
    account: str
    currency: str


AMAZON = Issuer("Amazon Web Services, Inc.", "AWS", "123456789012", "USD")
MICROSOFT = Issuer("Microsoft", "Microsoft", "/providers/Microsoft.Billing/billingAccounts/7654321", "EUR")
COMMITMENT = "arn:aws:savingsplans::123456789012:savingsplan/5f1c"


@dataclass(eq=False)
class Charge:
    """One charge. Costs are millionths of the issuer's currency; ``period`` and ``day`` say when billed and
    when used.
    """

    issuer: Issuer
    period: date
    day: date
    cloud_service: str
    category: str
    billed: int
    effective: int
    resource: str | None = None
    kind: str = "Usage"
    correction: bool = False
    commitment_status: str | None = None
    is_commitment: bool = False
    publisher: str | None = None
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    days: int = 1

    @property
    def invoice(self) -> str:
        """Number of the invoice."""
        return f"{self.issuer.provider[:3].upper()}-{self.period:%Y%m}-{2 if self.correction else 1}"


def bill(plan: Plan, stories: Stories, catalogue: Catalogue, usage: Usage) -> list[Charge]:
    """Every charge that was finally billed, by billing period."""
    rng = plan.rng("billing")
    prices = {s.service_id: rng.randrange(9 * UNIT, 90 * UNIT) // (1 + s.tier) for s in catalogue.services}
    on_azure = {
        s.service_id
        for s in catalogue.services
        if s.service_id in ("warehouse-loader", "dashboards", "report-builder", "search-indexer")
    }
    charges: list[Charge] = []
    for month in plan.month_starts:
        month_days = plan.month_days(month)
        for day in month_days:
            charges.extend(_day(rng, plan, stories, catalogue, usage, prices, on_azure, day))
        charges.extend(_month(rng, month, month_days[-1], charges))
    charges.extend(_correction(stories, charges))
    return charges


def _day(
    rng: random.Random,
    plan: Plan,
    stories: Stories,
    catalogue: Catalogue,
    usage: Usage,
    prices: dict[str, int],
    on_azure: set[str],
    day: date,
) -> list[Charge]:
    month = day.replace(day=1)
    growth = 1 + (day - plan.first_day).days / 1_500

    def cost(price: float) -> int:
        return int(price * growth * rng.uniform(0.9, 1.1))

    found: list[Charge] = []
    for service in catalogue.services:
        issuer = MICROSOFT if service.service_id in on_azure else AMAZON
        compute = "Virtual Machines" if issuer is MICROSOFT else "Amazon Elastic Compute Cloud"
        storage = "Storage Accounts" if issuer is MICROSOFT else "Amazon Simple Storage Service"
        tags = {"service": service.service_id, "team": catalogue.owner_of(service, day), "env": "prod"}
        spent = cost(prices[service.service_id])
        found.append(
            Charge(
                issuer,
                month,
                day,
                compute,
                "Compute",
                spent,
                spent,
                f"vm/{service.service_id}",
                tags={**tags, "pool": "compute"},
            )
        )
        spent = cost(prices[service.service_id] / 5)
        found.append(
            Charge(
                issuer,
                month,
                day,
                storage,
                "Storage",
                spent,
                spent,
                f"bucket/{service.service_id}",
                tags={**tags, "pool": "storage"},
            )
        )
    for customer in usage.customers:
        if customer.dedicated and _is_customer(customer, day):
            issuer = MICROSOFT if customer.region == "eu" else AMAZON
            spent = cost(4_000 * customer.size**0.6)
            database = (
                "Azure Database for PostgreSQL"
                if issuer is MICROSOFT
                else "Amazon Relational Database Service"
            )
            found.append(
                Charge(issuer, month, day, database, "Databases", spent, spent, f"db/{customer.customer_id}",
                       tags={"customer": customer.customer_id, "service": catalogue.services[0].service_id})
            )  # fmt: skip
    cluster = cost(180 * UNIT)
    runaway_from = stories.runaway_month + timedelta(days=9)
    if runaway_from <= day < runaway_from + timedelta(days=RUNAWAY_DAYS):
        cluster *= RUNAWAY_FACTOR
    found.append(
        Charge(
            AMAZON,
            month,
            day,
            "Amazon EMR",
            "Analytics",
            cluster,
            cluster,
            "cluster/analytics",
            tags={"pool": "analytics-cluster"},
        )
    )
    spent = cost(25 * UNIT)
    found.append(
        Charge(
            AMAZON,
            month,
            day,
            "Amazon Virtual Private Cloud",
            "Networking",
            spent,
            spent,
            "nat/1",
            tags={"pool": "network"},
        )
    )
    spent = cost(11 * UNIT)
    found.append(
        Charge(AMAZON, month, day, "AmazonCloudWatch", "Management and Governance", spent, spent, "logs/all")
    )
    spent = cost(7 * UNIT)
    found.append(Charge(MICROSOFT, month, day, "Bandwidth", "Networking", spent, spent, None))
    used, unused = 46 * UNIT + rng.randrange(UNIT), rng.randrange(3 * UNIT)
    pool = {"pool": "compute", "service": catalogue.services[0].service_id}
    found.append(
        Charge(AMAZON, month, day, "Amazon Elastic Compute Cloud", "Compute", 0, used, "vm/reserved",
               commitment_status="Used", is_commitment=True, tags=pool)
    )  # fmt: skip
    found.append(
        Charge(AMAZON, month, day, "Amazon Elastic Compute Cloud", "Compute", 0, unused, COMMITMENT,
               commitment_status="Unused", is_commitment=True)
    )  # fmt: skip
    if rng.random() < 0.03:
        refund = -cost(3 * UNIT)
        found.append(
            Charge(
                AMAZON,
                month,
                day,
                "Amazon Simple Storage Service",
                "Storage",
                refund,
                refund,
                "bucket/refund",
                description="Refund",
                tags={"pool": "storage"},
            )
        )
    return found


def _is_customer(customer: Customer, day: date) -> bool:
    return customer.started <= day and (customer.ended is None or day < customer.ended)


def _month(rng: random.Random, month: date, last: date, charges: list[Charge]) -> list[Charge]:
    """What comes once a month: the commitment's fee, support, a credit, a marketplace product, taxes."""
    days = (last - month).days + 1
    fee = 48 * UNIT * days
    found = [
        Charge(AMAZON, month, month, "Savings Plans for AWS Compute usage", "Compute", fee, 0, COMMITMENT,
        "Purchase",
               is_commitment=True, description="Monthly fee", days=days),
        Charge(AMAZON, month, month, "AWS Support (Business)", "Other", 400 * UNIT, 400 * UNIT, None,
        days=days),
        Charge(AMAZON, month, last, "Amazon Elastic Compute Cloud", "Compute", -120 * UNIT, -120 * UNIT,
        None, "Credit", description="Promotion"),
        Charge(MICROSOFT, month, month, "Observability Suite", "Management and Governance", 0, 333_333_333,
        "saas/observability",
               publisher="Lumenfold Ltd", description="Marketplace", days=days),
        Charge(MICROSOFT, month, last, "Rounding", "Other", rng.randrange(-20_000, 20_000), 0, None,
        "Adjustment"),
    ]  # fmt: skip
    for issuer, share in ((AMAZON, 8), (MICROSOFT, 19)):
        base = sum(c.billed for c in charges if c.issuer is issuer and c.period == month)
        tax = base * share // 100
        found.append(Charge(issuer, month, month, "Tax", "Other", tax, tax, None, "Tax", days=days))
    return found


def _correction(stories: Stories, charges: list[Charge]) -> list[Charge]:
    """Four fifths of the runaway cluster come back two months later, for the days on which it ran away."""
    from_day = stories.runaway_month + timedelta(days=9)
    runaway = [
        c
        for c in charges
        if c.resource == "cluster/analytics" and from_day <= c.day < from_day + timedelta(days=RUNAWAY_DAYS)
    ]
    return [
        replace(c, period=stories.correction_month, billed=-c.billed * 4 // 5,
        effective=-c.effective * 4 // 5,
                correction=True, description="Correction of a runaway cluster")
        for c in runaway
    ]  # fmt: skip


def by_period(charges: list[Charge]) -> dict[tuple[Issuer, date], list[Charge]]:
    """Charges by issuer and billing period, in the order in which they arose."""
    periods: dict[tuple[Issuer, date], list[Charge]] = {}
    for charge in charges:
        periods.setdefault((charge.issuer, charge.period), []).append(charge)
    return periods


def delivery_day(plan: Plan, period: date) -> date:
    """Day on which the bill of a period is delivered: the fourth after it, at the latest the day after the
    last.
    """
    return min(add_months(period, 1) + timedelta(days=3), plan.last_day + timedelta(days=1))
