"""A cloud's bill as Azure exports it: what is invoiced and what was used, each in CSV parts of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from orchestration.company.billing import Charge
from orchestration.company.focus import money
from orchestration.company.plan import add_months
from orchestration.company.writing import write_csv

EXPORT = "harbourly-costs"
PART_ROWS = 3_000
KINDS = {"Adjustment": "RoundingAdjustment"}
HEADER = (
    "invoiceId", "billingAccountId", "billingAccountName", "billingPeriodStartDate", "billingPeriodEndDate",
    "billingProfileName", "invoiceSectionName", "subscriptionId", "subscriptionName", "date", "chargeType",
    "costInBillingCurrency", "billingCurrency", "quantity", "unitOfMeasure", "effectivePrice", "payGPrice",
    "meterCategory", "serviceFamily", "productName", "resourceId", "resourceLocation", "pricingModel",
    "frequency", "publisherType", "publisherName", "tags",
)  # fmt: skip


def write_azure_bill(landing: Path, charges: Sequence[Charge], delivered: str) -> None:
    """One delivery of one period under ``azure_cost/charges``: the actual and the amortised view.

    A charge that costs nothing in one view is in the other alone.
    """
    period = charges[0].period
    for view in ("actual", "amortized"):
        folder = landing / "azure_cost" / "charges" / view / EXPORT / delivered
        rows = [
            _row(charge, cost)
            for charge in charges
            if (cost := charge.billed if view == "actual" else charge.effective)
        ]
        for number, begin in enumerate(range(0, len(rows), PART_ROWS)):
            name = f"{period:%Y%m}_part_{number}_0001.csv"
            write_csv(folder / name, HEADER, rows[begin : begin + PART_ROWS], line_end="\r\n", mark=True)


def _row(charge: Charge, cost: int) -> list[object]:
    issuer = charge.issuer
    last = add_months(charge.period, 1) - timedelta(days=1)
    quantity = charge.days if charge.kind == "Usage" else 1
    return [
        charge.invoice, issuer.account, "Harbourly", f"{charge.period:%m/%d/%Y}", f"{last:%m/%d/%Y}",
        "Engineering", "Production", "9ec51cfd-0000-4000-8000-000000000000", "production",
        f"{charge.day:%m/%d/%Y}", KINDS.get(charge.kind, charge.kind), money(cost), issuer.currency, quantity,
        "1 Hour", money(cost // quantity), money(cost // quantity), charge.cloud_service, charge.category,
        charge.description or None, charge.resource, "westeurope", "OnDemand",
        "Recurring" if charge.kind == "Purchase" else "UsageBased",
        "Marketplace" if charge.publisher else "Microsoft", charge.publisher or issuer.provider,
        json.dumps(charge.tags) if charge.tags else None,
    ]  # fmt: skip
