"""The clouds' bills as FOCUS exports: gzipped CSV in parts, and Parquet, a folder a delivery."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from orchestration.company.billing import AMAZON, UNIT, Charge, Issuer, by_period, delivery_day
from orchestration.company.plan import Plan, add_months
from orchestration.company.stories import Stories
from orchestration.company.writing import write_csv, write_parquet

PART_ROWS = 3_000
BAD_CHARGES = 1
# The 1.0 export: alphabetical, with nulls spelled NULL and instants without a zone.
HEADER_1_0 = (
    "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart", "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountStatus",
    "ContractedCost",
    "EffectiveCost", "InvoiceIssuerName", "ListCost", "PricingQuantity", "PricingUnit", "ProviderName",
    "PublisherName",
    "RegionId", "ResourceId", "ServiceCategory", "ServiceName", "SubAccountId", "SubAccountName", "Tags",
    "x_Discounts",
)  # fmt: skip
TYPES_1_2 = {
    "BilledCost": "decimal(28, 10)", "BillingAccountId": "varchar", "BillingAccountName": "varchar",
    "BillingAccountType": "varchar", "BillingCurrency": "varchar", "BillingPeriodStart": "timestamp",
    "BillingPeriodEnd": "timestamp", "ChargeCategory": "varchar", "ChargeClass": "varchar",
    "ChargeDescription": "varchar",
    "ChargeFrequency": "varchar", "ChargePeriodStart": "timestamp", "ChargePeriodEnd": "timestamp",
    "ContractedCost": "decimal(28, 10)", "EffectiveCost": "decimal(28, 10)", "InvoiceId": "varchar",
    "InvoiceIssuerName": "varchar", "ListCost": "decimal(28, 10)", "PricingQuantity": "decimal(28, 10)",
    "PricingUnit": "varchar", "ProviderName": "varchar", "PublisherName": "varchar", "ResourceId": "varchar",
    "ServiceCategory": "varchar", "ServiceSubcategory": "varchar", "ServiceName": "varchar", "SubAccountId":
    "varchar",
    "SubAccountName": "varchar", "Tags": "varchar", "x_BillingExchangeRate": "decimal(28, 10)",
}  # fmt: skip


# Landing folder, charges of one issuer and period, day of the delivery.
Deliver = Callable[[Path, Sequence[Charge], str], None]


def money(millionths: int) -> str:
    """A decimal number of currency units, e.g. ``-12.345678``."""
    sign = "-" if millionths < 0 else ""
    whole, rest = divmod(abs(millionths), UNIT)
    return f"{sign}{whole}.{rest:06d}"


def write_bills(
    root: Path, plan: Plan, stories: Stories, charges: list[Charge], others: Mapping[Issuer, Deliver]
) -> int:
    """``focus/charges`` and ``finance/invoice_totals`` under ``root``; returns how many rows are bad on
    purpose. ``others``: who writes the bills of issuers that export something else than FOCUS.

    The month before last was first delivered half-way through it. The re-delivered month came twice: at
    first with
    every fiftieth row doubled, then without.
    """
    half_way = plan.month_starts[-2]
    charges_root = root / "focus" / "charges"
    totals = []
    for (issuer, period), members in sorted(
        by_period(charges).items(), key=lambda item: (item[0][1], item[0][0].name)
    ):
        delivered = delivery_day(plan, period)
        deliver = others.get(issuer, _write_delivery)
        if period == stories.redelivered_month:
            doubled = [
                copy
                for n, charge in enumerate(members)
                for copy in ((charge, charge) if n % 50 == 0 else (charge,))
            ]
            deliver(root, doubled, delivered.isoformat())
            delivered += timedelta(days=14)
        if period == half_way:
            early = [charge for charge in members if charge.day.day <= 15 and charge.kind == "Usage"]
            deliver(root, early, f"{period.isoformat()[:8]}16")
        deliver(root, members, delivered.isoformat())
        invoices: dict[str, int] = {}
        for charge in members:
            invoices[charge.invoice] = invoices.get(charge.invoice, 0) + charge.billed
        if issuer is AMAZON:
            # This issuer's export has no InvoiceId column: finance states one total for the period.
            invoices = {"": sum(invoices.values())}
        totals += [
            (issuer.name, issuer.account, period, name, issuer.currency, money(total))
            for name, total in sorted(invoices.items())
        ]
    header = (
        "invoice_issuer",
        "billing_account_id",
        "billing_period_start",
        "invoice_id",
        "currency",
        "total",
    )
    folder = (plan.last_day + timedelta(days=1)).isoformat()
    write_csv(root / "finance" / "invoice_totals" / folder / "invoices.csv", header, totals)
    broken = _row_1_0(charges[0])
    broken[HEADER_1_0.index("BilledCost")] = broken[HEADER_1_0.index("EffectiveCost")] = "0.5"
    broken[HEADER_1_0.index("ChargePeriodEnd")] = f"{plan.first_day.isoformat()}T30:00:00Z"
    first = delivery_day(plan, plan.month_starts[0])
    write_csv(charges_root / first.isoformat() / "aws-late-lines.csv", HEADER_1_0, [broken])
    return BAD_CHARGES


def _write_delivery(root: Path, charges: Sequence[Charge], delivered: str) -> None:
    issuer, period = charges[0].issuer, charges[0].period
    folder = root / "focus" / "charges" / delivered
    name = f"{issuer.provider.lower()}-{period:%Y-%m}"
    if issuer is AMAZON:
        rows = [_row_1_0(charge) for charge in charges]
        for number, first in enumerate(range(0, len(rows), PART_ROWS)):
            write_csv(folder / f"{name}-part-{number}.csv.gz", HEADER_1_0, rows[first : first + PART_ROWS])
    else:
        write_parquet(folder / f"{name}.parquet", TYPES_1_2, [_row_1_2(charge) for charge in charges])


def _tags(charge: Charge) -> str | None:
    return json.dumps(charge.tags) if charge.tags else None


def _frequency(charge: Charge) -> str:
    return "Recurring" if charge.kind == "Purchase" else "Usage-Based"


def _row_1_0(charge: Charge) -> list[object]:
    issuer = charge.issuer
    end = charge.day + timedelta(days=charge.days)
    values: list[object] = [
        None, money(charge.billed), issuer.account, "Harbourly", issuer.currency,
        f"{add_months(charge.period, 1)} 00:00:00",
        f"{charge.period} 00:00:00", charge.kind, "Correction" if charge.correction else None,
        charge.description or None,
        _frequency(charge), f"{end} 00:00:00", f"{charge.day} 00:00:00",
        "Spend" if charge.is_commitment else None,
        "arn:savingsplan/5f1c" if charge.is_commitment else None, charge.commitment_status,
        money(charge.effective),
        money(charge.effective), issuer.name, money(charge.effective), 24 * charge.days, "Hours",
        issuer.provider,
        charge.publisher or issuer.name, "eu-central-1", charge.resource, charge.category,
        charge.cloud_service,
        "210987654321", "production", _tags(charge), "{}",
    ]  # fmt: skip
    return ["NULL" if value is None else value for value in values]


def _row_1_2(charge: Charge) -> list[object]:
    issuer = charge.issuer
    end = charge.day + timedelta(days=charge.days)
    return [
        money(charge.billed), issuer.account, "Harbourly", "Billing Profile", issuer.currency,
        f"{charge.period} 00:00:00",
        f"{add_months(charge.period, 1)} 00:00:00", charge.kind, "Correction" if charge.correction else None,
        charge.description or None, _frequency(charge), f"{charge.day} 00:00:00", f"{end} 00:00:00",
        money(charge.effective),
        money(charge.effective), charge.invoice, issuer.name, money(charge.effective), charge.days, "Days",
        issuer.provider,
        charge.publisher or issuer.provider, charge.resource.lower() if charge.resource else None,
        charge.category, None,
        charge.cloud_service, "/subscriptions/9ec51cfd", "production", _tags(charge), "1",
    ]  # fmt: skip
