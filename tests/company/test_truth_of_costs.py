"""The bill, what each customer bears and what was spent of the budget are as they were planted."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

from tests.company.conftest import Company


def test_the_bill_is_exact_as_invoiced_and_as_incurred(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    told = {
        (row["issuer"], row["currency"], row["month"]): (Decimal(row["billed"]), Decimal(row["effective"]))
        for row in company.truth.tables["cloud_cost"]
    }
    billed = warehouse.sql(
        "select invoice_issuer, currency, strftime(billing_period_start, '%Y-%m'), sum(billed_cost) "
        "from marts.fct_cloud_cost_daily group by all"
    ).fetchall()
    assert {row[:3]: row[3] for row in billed} == {key: value[0] for key, value in told.items()}
    effective = warehouse.sql(
        "select invoice_issuer, currency, strftime(charge_date, '%Y-%m'), sum(effective_cost) "
        "from marts.fct_cloud_cost_daily group by all"
    ).fetchall()
    assert {row[:3]: row[3] for row in effective} == {key: value[1] for key, value in told.items()}


def test_each_customer_bears_the_cost_that_was_planted(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    """To the cents that largest remainders move: at most one for each pool, issuer and account."""
    told = {
        (row["customer_id"], row["month"]): Decimal(row["usd"])
        for row in company.truth.tables["customer_cost"]
    }
    found = warehouse.sql(
        "select customer_id, strftime(period_month, '%Y-%m'), allocated_cost "
        "from marts.mart_cloud_cost_per_customer where is_customer and allocated_cost <> 0"
    ).fetchall()
    mart = {(customer, month): cost for customer, month, cost in found}
    assert len(mart) > 100
    cent = Decimal("0.01")
    far = {
        key: (told.get(key, Decimal(0)), mart.get(key, Decimal(0)))
        for key in told.keys() | mart.keys()
        if abs(told.get(key, Decimal(0)) - mart.get(key, Decimal(0))) > 6 * cent
    }
    assert far == {}


def test_cost_per_customer_and_transaction_is_as_planted(company: Company, monthly: dict):
    for row in company.truth.tables["cost_per_customer"]:
        key = ("org", "org", row["month"])
        customers, transactions = (
            monthly["cloud_cost_per_customer"][key],
            monthly["cloud_cost_per_transaction"][key],
        )
        assert customers["denominator"] == row["active_customers"]
        assert transactions["denominator"] == row["transactions"]
        assert abs(customers["numerator"] - Decimal(row["allocated_usd"])) < Decimal("0.02"), row["month"]
        assert customers["value"] == pytest.approx(
            float(row["allocated_usd"]) / row["active_customers"], rel=1e-6
        )


def test_spend_and_budget_are_as_planted_and_the_overrun_is_seen(
    company: Company, warehouse: duckdb.DuckDBPyConnection
):
    stories = company.truth.stories
    found = {
        row[:2]: row[2:]
        for row in warehouse.sql(
            "select team_id, strftime(month_start_date, '%Y-%m'), cloud_spend, vendor_spend, cloud_budget, "
            "vendor_budget, status, forecast_variance, renewals_coming from marts.fct_spend_vs_budget"
        ).fetchall()
    }
    for row in company.truth.tables["spend_vs_budget"]:
        cloud, vendor, cloud_budget, vendor_budget, status, forecast, _ = found[row["team_id"], row["month"]]
        key = (row["team_id"], row["month"])
        assert float(cloud) == pytest.approx(float(row["cloud_spend"]), abs=0.01), key
        assert float(vendor) == pytest.approx(float(row["vendor_spend"]), abs=0.01), key
        assert (cloud_budget, vendor_budget) == (row["cloud_budget"], row["vendor_budget"]), key
        overrun = row["team_id"] == stories.overrun_team and row["month"] >= f"{stories.overrun_from:%Y-%m}"
        if overrun:
            assert status == "over", key
            assert forecast > 0, key
        else:
            assert status == "within" or row["team_id"] != stories.overrun_team, key
    assert sum(renewals for *_, renewals in found.values()) > 0
