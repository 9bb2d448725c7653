"""Billing periods that are delivered again: what the newest delivery leaves out is gone, all else stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.cost.conftest import CostHome

Rows = list[tuple[Any, ...]]

HEADER = (
    "BilledCost,EffectiveCost,ListCost,ContractedCost,InvoiceIssuerName,BillingAccountId,BillingCurrency,"
    "BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ChargeClass,ProviderName,"
    "PublisherName,ServiceCategory,ServiceName,Tags\n"
)


def charge(period: str, day: str, cost: str, customer: str, kind: str = "") -> str:
    """One line of an export; ``period`` and ``day`` are ISO dates."""
    month = int(period[5:7])
    tags = f'"{{""customer"": ""{customer}""}}"'
    return (
        f"{cost},{cost},{cost},{cost},Cloud Inc.,42,USD,{period},{period[:5]}{month + 1:02d}-01,"
        f"{day}T00:00:00Z,{day}T01:00:00Z,Usage,{kind},Cloud,Cloud Inc.,Compute,VM,{tags}\n"
    )


@dataclass(frozen=True)
class Figures:
    """What a build left in the warehouse."""

    rollup: Rows
    customers: Rows
    invoices: Rows

    @classmethod
    def read(cls, home: CostHome) -> Figures:
        return cls(
            rollup=home.ask(
                "select billing_period_start::varchar, charge_date::varchar, customer_tag, charge_rows::int, "
                "billed_cost::decimal(9, 2)::varchar, fingerprint "
                "from intermediate.int_cost_daily order by all"
            ),
            customers=home.ask(
                "select period_month::varchar, customer_id, allocated_cost::decimal(9, 2)::varchar "
                "from marts.mart_cloud_cost_per_customer where is_customer order by all"
            ),
            invoices=home.ask(
                "select period_start::varchar, export_cost::decimal(9, 2)::varchar, difference::int "
                "from marts.mart_cost_reconciliation where cost_view = 'as_invoiced' order by all"
            ),
        )


@pytest.fixture(scope="module")
def first(cost_home: CostHome) -> Figures:
    """January and February as first delivered."""
    january = charge("2026-01-01", "2026-01-10", "1.5", "acme") * 2
    january += charge("2026-01-01", "2026-01-11", "4", "globex")
    cost_home.land("focus/charges/2026-02-01/january.csv", HEADER + january)
    february = charge("2026-02-01", "2026-02-10", "8", "acme")
    cost_home.land("focus/charges/2026-03-01/february.csv", HEADER + february)
    cost_home.land(
        "usage/customer_activity/2026-03-01/activity.csv",
        "customer_id,month,is_active,transactions\nacme,2026-01,true,10\nglobex,2026-01,true,\n",
    )
    cost_home.load()
    cost_home.build()
    return Figures.read(cost_home)


@pytest.fixture(scope="module")
def second(cost_home: CostHome, first: Figures) -> Figures:
    """January again with one line of three, and in April a correction of February."""
    january = charge("2026-01-01", "2026-01-10", "1.5", "acme")
    cost_home.land("focus/charges/2026-03-05/january.csv", HEADER + january)
    correction = charge("2026-04-01", "2026-02-10", "-3", "acme", "Correction")
    cost_home.land("focus/charges/2026-05-01/april.csv", HEADER + correction)
    cost_home.load()
    cost_home.build()
    return Figures.read(cost_home)


def test_identical_lines_are_both_charged(first: Figures) -> None:
    assert first.customers == [
        ("2026-01-01", "acme", "3.00"),
        ("2026-01-01", "globex", "4.00"),
        ("2026-02-01", "acme", "8.00"),
    ]


def test_a_period_delivered_again_with_fewer_rows_leaves_none_of_the_old(second: Figures) -> None:
    january = [row[:5] for row in second.rollup if row[0] == "2026-01-01"]
    assert january == [("2026-01-01", "2026-01-10", "acme", 1, "1.50")]
    # The customer that the bill no longer names stays visible by its activity.
    assert ("2026-01-01", "acme", "1.50") in second.customers
    assert ("2026-01-01", "globex", "0.00") in second.customers


def test_a_period_that_was_not_delivered_again_is_not_rolled_up_again(
    first: Figures, second: Figures
) -> None:
    def february(figures: Figures) -> Rows:
        return [row for row in figures.rollup if row[0] == "2026-02-01"]

    assert february(second) == february(first) != []


def test_a_correction_restates_its_month_and_leaves_the_closed_invoice(second: Figures) -> None:
    assert ("2026-02-01", "acme", "5.00") in second.customers
    assert second.invoices == [
        ("2026-01-01", "1.50", 0),
        ("2026-02-01", "8.00", 0),
        ("2026-04-01", "-3.00", 0),
    ]


def test_rolling_up_what_is_new_ends_where_rolling_up_everything_does(
    cost_home: CostHome, second: Figures
) -> None:
    cost_home.build("--full-refresh")
    assert Figures.read(cost_home) == second


def test_a_withdrawn_period_and_another_time_zone_reach_the_rollup(
    cost_home: CostHome, second: Figures
) -> None:
    cost_home.change("delete from raw_focus.charges where billing_period_start = '2026-02-01'")
    cost_home.build(variables={"business_timezone": "America/New_York"})
    # Midnight UTC is the evening before in New York.
    assert [row[:5] for row in Figures.read(cost_home).rollup] == [
        ("2026-01-01", "2026-01-09", "acme", 1, "1.50"),
        ("2026-04-01", "2026-02-09", "acme", 1, "-3.00"),
    ]
