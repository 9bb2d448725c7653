"""Billing periods that AWS, Azure and Google deliver again, and what finance says of their invoices."""

# ruff: noqa: E501  a query reads best in one line

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.cost.conftest import CostHome

AWS = "bill_payer_account_id,bill_billing_period_start_date,bill_billing_period_end_date,line_item_line_item_type,line_item_usage_start_date,line_item_product_code,line_item_currency_code,line_item_unblended_cost\n"
AZURE = "BillingAccountId,BillingPeriodStartDate,BillingPeriodEndDate,Date,MeterCategory,CostInBillingCurrency,BillingCurrency,ChargeType\n"


def aws(cost: str) -> str:
    return f"1234,2026-01-01 00:00:00,2026-02-01 00:00:00,Usage,2026-01-10 05:00:00,AmazonEC2,USD,{cost}\n"


def azure(cost: str) -> str:
    return f"42,01/01/2026,01/31/2026,01/10/2026,Compute,{cost},EUR,Usage\n"


def gcp(cost: float) -> str:
    row: dict[str, Any] = {
        "billing_account_id": "01AB",
        "usage_start_time": "2026-01-10 05:00:00 UTC",
        "currency": "USD",
    }
    return json.dumps({**row, "cost": cost, "cost_type": "regular", "invoice": {"month": "202601"}}) + "\n"


def land_run(home: CostHome, path: str, text: str, modified: int) -> None:
    home.land(path, text)
    os.utime(home.home.landing / path, (modified, modified))


@pytest.fixture(scope="module")
def redelivered(cost_home: CostHome) -> CostHome:
    """January with three lines of each cloud, then with one; the older run of Azure is seen last."""
    month = "aws_cur/line_items/export/data/BILLING_PERIOD=2026-01"
    cost_home.land(f"{month}/2026-02-01T04:00:00.000Z-aaaa/e-00001.csv", AWS + aws("1") + aws("2"))
    cost_home.land(f"{month}/2026-02-01T04:00:00.000Z-aaaa/e-00002.csv", AWS + aws("4"))
    runs = "azure_cost/charges/actual/all/20260101-20260131"
    land_run(cost_home, f"{runs}/run-b/part_0.csv", AZURE + azure("16"), 2_000)
    cost_home.land("gcp_billing/charges/2026-02-01/january.jsonl", gcp(1) + gcp(2) + gcp(4))
    totals = "invoice_issuer,billing_account_id,billing_period_start,currency,total\n"
    totals += '"Amazon Web Services, Inc.",1234,2026-01,USD,8\nMicrosoft,42,2026-01,EUR,16.5\nGoogle Cloud,01AB,2026-01,USD,32\n'
    cost_home.land("finance/invoice_totals/2026-02-10/totals.csv", totals)
    cost_home.load()
    cost_home.build()
    assert cost_home.ask("select sum(billed_cost)::int, count(*)::int from intermediate.int_cost_rows") == [
        (30, 7)
    ]
    cost_home.land(f"{month}/2026-02-05T04:00:00.000Z-bbbb/e-00001.csv", AWS + aws("8"))
    land_run(cost_home, f"{runs}/run-a/part_0.csv", AZURE + azure("1") + azure("2"), 1_000)
    cost_home.land("gcp_billing/charges/2026-02-05/january.jsonl", gcp(32))
    cost_home.load()
    cost_home.build()
    return cost_home


def test_a_period_delivered_again_with_fewer_rows_leaves_none_of_the_old(redelivered: CostHome) -> None:
    rows = redelivered.ask(
        "select source_system, charge_rows::int, billed_cost::int from intermediate.int_cost_daily order by all"
    )
    assert rows == [("aws_cur", 1, 8), ("azure_cost", 1, 16), ("gcp_billing", 1, 32)]


def test_rolling_up_what_is_new_ends_where_rolling_up_everything_does(redelivered: CostHome) -> None:
    kept = redelivered.ask("select * from intermediate.int_cost_daily order by all")
    redelivered.build("--full-refresh")
    assert redelivered.ask("select * from intermediate.int_cost_daily order by all") == kept


def test_each_clouds_invoice_is_held_against_what_finance_received(redelivered: CostHome) -> None:
    rows = redelivered.ask(
        "select invoice_issuer, invoice_status, invoice_difference::decimal(9, 2)::varchar from marts.mart_cost_reconciliation "
        "where cost_view = 'as_invoiced' order by all"
    )
    assert rows == [
        ("Amazon Web Services, Inc.", "matches", "0.00"),
        ("Google Cloud", "matches", "0.00"),
        ("Microsoft", "differs", "-0.50"),
    ]


def test_a_bill_that_two_systems_tell_stops_the_build(redelivered: CostHome) -> None:
    charge = "BilledCost,EffectiveCost,InvoiceIssuerName,BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory\n"
    charge += "8,8,AWS,1234,USD,2026-01-01,2026-01-10,Usage\n"
    redelivered.land("focus/charges/2026-02-06/january.csv", charge)
    redelivered.load()
    with pytest.raises(AssertionError, match="bills_are_told_once"):
        redelivered.build()


def test_a_charge_that_two_exports_of_azure_tell_stops_the_build(redelivered: CostHome) -> None:
    redelivered.change("delete from raw_focus.charges")
    told = "BillingAccountId,BillingPeriodStartDate,BillingPeriodEndDate,Date,ResourceId,Cost,BillingCurrency\n77,01/01/2026,01/31/2026,01/10/2026,/vm,1,EUR\n"
    for export in ("account", "subscription"):
        redelivered.land(f"azure_cost/charges/actual/{export}/2026-02-06/costs.csv", told)
    redelivered.load()
    with pytest.raises(AssertionError, match="azure_exports_do_not_overlap"):
        redelivered.build()
