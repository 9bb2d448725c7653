"""Budgets by team and month, and vendor contracts with their renewals.

Budgets are made once a year from what was known then; one team signs a contract that nobody had planned for
and overruns its budget from then on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

from orchestration.company.billing import MICROSOFT, UNIT, Charge
from orchestration.company.catalogue import Catalogue
from orchestration.company.plan import Plan, add_months
from orchestration.company.stories import Stories
from orchestration.company.usage import Usage, rate_on
from orchestration.company.writing import write_csv

CENT = Decimal("0.01")
VENDORS = (
    ("Larkmetrics", "observability"), ("Quillgate", "code-hosting"), ("Pagebell", "on-call"),
    ("Sternwarte", "error-tracking"), ("Flagmast", "feature-flags"), ("Tidewell", "data-integration"),
)  # fmt: skip
CONTACT = "Canarino, account manager"
UNPLANNED_VENDOR, UNPLANNED_YEAR = "Deepkeel", Decimal("60000")


@dataclass(frozen=True)
class Contract:
    """A vendor contract for one term; ``ends`` is its last day, ``amount`` the price of the whole term."""

    contract_id: str
    vendor: str
    category: str
    team: str
    starts: date
    ends: date
    amount: Decimal
    currency: str
    auto_renews: bool
    notice_days: int
    cancelled: date | None
    planned: bool

    def spent_by(self, day: date) -> Decimal:
        """What the days of the term through ``day`` cost, in whole cents."""
        days = (min(day, self.ends) - self.starts).days + 1
        share = self.amount * max(days, 0) / ((self.ends - self.starts).days + 1)
        return share.quantize(CENT, ROUND_HALF_UP)

    def spend(self, month: date) -> Decimal:
        """The month's share of the price."""
        return self.spent_by(add_months(month, 1) - timedelta(days=1)) - self.spent_by(
            month - timedelta(days=1)
        )


@dataclass
class Finance:
    """Contracts, and budgets by team, month and category, in dollars."""

    contracts: list[Contract]
    budgets: dict[tuple[str, date, str], Decimal]


def plan_finance(
    plan: Plan, stories: Stories, catalogue: Catalogue, usage: Usage, charges: list[Charge]
) -> Finance:
    """The contracts of the period, and budgets from its first month to the end of its last year."""
    contracts = [*_contracts(plan, catalogue), _unplanned(stories)]
    cloud = cloud_spend(catalogue, usage, charges)
    first = plan.month_starts[0]
    budgets: dict[tuple[str, date, str], Decimal] = {}
    count = (plan.last_day.year - first.year) * 12 + 13 - first.month
    for team in catalogue.teams:
        known = Decimal(round(cloud.get((team.team_id, first), Fraction(0))))
        software = Decimal(0)
        for number in range(count):
            month = add_months(first, number)
            terms = [c.spend(month) for c in contracts if c.planned and c.team == team.team_id]
            # Planned with room for growth; a contract that ends is planned to be renewed at its price.
            software = sum(terms, Decimal(0)) or software
            budgets[team.team_id, month, "Cloud"] = _rounded(
                known * (Decimal("1.35") + number * Decimal("0.02"))
            )
            budgets[team.team_id, month, "Software"] = _rounded(max(software, Decimal(500)) * Decimal("1.1"))
    return Finance(contracts, budgets)


def _rounded(amount: Decimal) -> Decimal:
    return (amount / 10).quantize(Decimal(1), ROUND_HALF_UP) * 10


def _contracts(plan: Plan, catalogue: Catalogue) -> Iterator[Contract]:
    """Yearly terms one after the other, the last of them ending after the last day."""
    rng = plan.rng("finance")
    for number, team in enumerate(catalogue.teams):
        vendor, category = VENDORS[number % len(VENDORS)]
        starts = add_months(plan.first_day.replace(day=1), -rng.randrange(1, 11))
        price = Decimal(rng.randrange(120, 600)) * 100
        currency = "EUR" if number % 4 == 3 else "USD"
        term = 1
        while starts <= plan.last_day:
            ends = add_months(starts, 12) - timedelta(days=1)
            is_last = ends > plan.last_day
            cancelled = plan.last_day - timedelta(days=20) if is_last and number % 5 == 2 else None
            yield Contract(
                f"{vendor.upper()}-{team.team_id}-{term}", vendor, category, team.team_id, starts, ends,
                price, currency, number % 3 != 1, 60 if number % 3 != 1 else 0, cancelled, True,
            )  # fmt: skip
            starts, price, term = add_months(starts, 12), (price * Decimal("1.07")).quantize(CENT), term + 1


def _unplanned(stories: Stories) -> Contract:
    return Contract(
        f"{UNPLANNED_VENDOR.upper()}-1", UNPLANNED_VENDOR, "data-platform", stories.overrun_team,
        stories.overrun_from, add_months(stories.overrun_from, 12) - timedelta(days=1), UNPLANNED_YEAR, "USD",
        True, 90, None, False,
    )  # fmt: skip


def cloud_spend(
    catalogue: Catalogue, usage: Usage, charges: list[Charge]
) -> dict[tuple[str, date], Fraction]:
    """Dollars, effective, by month and by the team that owned the service that the tags name, else by
    the team that they name, else unmapped.
    """
    services = {service.service_id: service for service in catalogue.services}
    spent: dict[tuple[str, date], Fraction] = defaultdict(Fraction)
    for charge in charges:
        rate = Fraction(rate_on(usage, charge.day)) if charge.issuer is MICROSOFT else Fraction(1)
        service = services.get(charge.tags.get("service", ""))
        team = charge.tags.get("team", "unmapped")
        if service:
            team = catalogue.owner_of(service, charge.day)
        spent[team, charge.day.replace(day=1)] += Fraction(charge.effective, UNIT) * rate
    return spent


def write_finance(root: Path, plan: Plan, finance: Finance) -> None:
    """``budgets`` and ``vendor_contracts`` under ``root``; the first budget was half of what it is now."""
    planned = plan.first_day - timedelta(days=20)
    header = ("Team", "Month", "Category", "Currency", "Amount")
    rows = [(t, f"{m:%Y-%m}", c, "USD", amount) for (t, m, c), amount in finance.budgets.items()]
    draft = [(*row[:4], row[4] / 2) for row in rows]
    write_csv(root / "budgets" / planned.isoformat() / "budget-draft.csv", header, draft)
    write_csv(root / "budgets" / plan.first_day.isoformat() / "budget.csv", header, rows, mark=True)
    contracts = [
        (c.contract_id, c.vendor, c.category, c.team, c.starts, c.ends, c.amount, c.currency, c.auto_renews,
        c.notice_days, c.cancelled, CONTACT)
        for c in finance.contracts
    ]  # fmt: skip
    names = (
        "contract_id",
        "vendor_name",
        "category",
        "team_id",
        "starts_on",
        "ends_on",
        "amount",
        "currency",
    )
    write_csv(
        root / "vendor_contracts" / plan.last_day.isoformat() / "contracts.csv",
        (*names, "auto_renews", "notice_days", "cancelled_on", "contact_name"), contracts,
    )  # fmt: skip
