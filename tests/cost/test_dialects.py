"""Bills in the dialects of AWS, Azure and Google, held against the same bill told in FOCUS."""

# ruff: noqa: E501  a query reads best in one line

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cost.conftest import CostHome

FIXTURES = Path(__file__).parents[1] / "fixtures"
TABLES = {"focus": "charges", "aws_cur": "line_items", "azure_cost": "charges", "gcp_billing": "charges"}


def drop(home: CostHome, system: str, fixture: str) -> None:
    """Copy a fixture's folders to where exports of the system land."""
    target = home.home.landing / system / TABLES[system]
    shutil.copytree(FIXTURES / system / fixture, target, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def bills(cost_home: CostHome) -> CostHome:
    """The small bill four times, and what is odd in each dialect; some rows of it are refused."""
    for system in TABLES:
        drop(cost_home, system, "typical")
    for system, fixture in (
        ("azure_cost", "german"),
        ("azure_cost", "day_first"),
        ("azure_cost", "wrong"),
        ("gcp_billing", "month_border"),
        ("gcp_billing", "wrong"),
    ):
        drop(cost_home, system, fixture)
    cost_home.load()
    cost_home.build()
    return cost_home


BILLED = [
    ("2026-01", "Compute", Decimal("14.5")),
    ("2026-01", "Storage", Decimal("1.500000000000000001")),
    ("2026-02", "Compute", Decimal("2.5")),
]
EFFECTIVE = [
    ("2026-01", "Compute", Decimal(14)),
    ("2026-01", "Storage", Decimal("1.500000000000000001")),
    ("2026-02", "Compute", Decimal(3)),
]
ACCOUNTS = {"focus": "focus-1", "aws_cur": "111122223333", "azure_cost": "8611537", "gcp_billing": "01AB-CD"}


@pytest.mark.parametrize("system", TABLES)
@pytest.mark.parametrize("relation", ["int_cost_rows", "int_cost_daily"])
def test_one_bill_is_the_same_in_every_dialect(bills: CostHome, system: str, relation: str) -> None:
    told = f"from intermediate.{relation} where source_system = '{system}' and billing_account_id = '{ACCOUNTS[system]}'"
    inside = "and charge_date < '2026-06-01'"
    billed = bills.ask(
        f"select strftime(billing_period_start, '%Y-%m'), cloud_service, sum(billed_cost) {told} {inside} "
        "group by all order by all"
    )
    effective = bills.ask(
        f"select strftime(charge_date, '%Y-%m'), cloud_service, sum(effective_cost) {told} {inside} "
        "group by all order by all"
    )
    assert (billed, effective) == (BILLED, EFFECTIVE)


@pytest.mark.parametrize("system", TABLES)
def test_tags_name_the_customer_in_every_dialect(bills: CostHome, system: str) -> None:
    found = bills.ask(
        f"select customer_tag, sum(effective_cost) from intermediate.int_cost_rows where source_system = '{system}' "
        f"and cloud_service = 'Storage' and billing_account_id = '{ACCOUNTS[system]}' group by all"
    )
    assert found == [("acme", Decimal("1.500000000000000001"))]


@pytest.mark.parametrize("system", ["focus", "aws_cur", "azure_cost"])
def test_unused_commitment_is_waste_and_no_customers(bills: CostHome, system: str) -> None:
    found = bills.ask(
        "select rule_id, pool_id, sum(effective_cost), sum(billed_cost) from intermediate.int_cost_daily_assigned "
        f"where source_system = '{system}' and commitment_discount_status = 'Unused' group by all"
    )
    assert found == [("unused_commitment", "unused_commitment", 2, 0)]


@pytest.mark.parametrize("system", TABLES)
def test_a_correction_changes_the_month_it_belongs_to_and_no_closed_invoice(
    bills: CostHome, system: str
) -> None:
    found = bills.ask(
        "select charge_class, strftime(billing_period_start, '%Y-%m'), strftime(charge_date, '%Y-%m'), billed_cost "
        f"from intermediate.int_cost_rows where source_system = '{system}' and charge_class is not null "
        "and billed_cost <> 0"
    )
    assert found == [("Correction", "2026-02", "2026-01", Decimal("-0.5"))]


def test_each_invoice_is_reconciled_without_a_difference(bills: CostHome) -> None:
    rows = bills.ask("select distinct difference from marts.mart_cost_reconciliation")
    assert rows == [(0,)]


def test_every_kind_of_charge_falls_under_a_rule_that_knows_it(bills: CostHome) -> None:
    assert bills.ask("select * from intermediate.int_charge_kinds where rule_id = 'unknown_category'") == []


def test_german_headers_dates_and_decimal_commas_are_read(bills: CostHome) -> None:
    rows = bills.ask(
        "select used_on::varchar, billing_period_start::varchar, cost, currency, resource_group "
        "from raw_azure_cost.charges where billing_account_id = 'sub-de' order by used_on"
    )
    assert rows == [
        ("2026-02-03", "2026-02-01", Decimal("1234.56"), "EUR", "Gruppe"),
        ("2026-02-04", "2026-02-01", Decimal("0.075"), "EUR", "Gruppe"),
    ]


def test_dates_that_begin_with_the_day_are_known_by_the_file(bills: CostHome) -> None:
    rows = bills.ask(
        "select billing_period_start::varchar, charge_date::varchar, billed_cost, effective_cost, customer_tag, "
        "currency from intermediate.int_cost_rows where billing_account_id = 'Contoso'"
    )
    # Without an amortised export the actual one tells both.
    assert rows == [("2026-02-01", "2026-02-03", Decimal("2.5"), Decimal("2.5"), "acme", "GBP")]


def test_rows_that_break_the_contract_are_refused_by_column_and_the_rest_counts(bills: CostHome) -> None:
    refused = bills.ask(
        "select system, column_name, count(*)::int from ops.ingest_rejects group by all order by all"
    )
    assert refused == [
        ("azure_cost", "cost", 1),
        ("azure_cost", "cost_view", 1),
        ("azure_cost", "currency", 1),
        ("azure_cost", "used_on", 1),
        ("gcp_billing", "cost", 1),
        ("gcp_billing", "invoice_month", 1),
    ]
    told = bills.ask("select value, reason from ops.ingest_rejects where column_name = 'invoice_month'")
    assert told == [("2026-06", "is not a text of the form ^([0-9]{4}(?:0[1-9]|1[0-2]))$")]
    kept = "select sum(billed_cost), sum(effective_cost) from intermediate.int_cost_rows where billing_account_id = '42'"
    assert bills.ask(kept) == [(Decimal("1.5"), Decimal("1.5"))]


def test_the_invoice_month_is_googles_and_the_day_is_ours(bills: CostHome) -> None:
    rows = bills.ask(
        "select billing_period_start::varchar, charge_date::varchar, billed_cost from intermediate.int_cost_rows "
        "where source_system = 'gcp_billing' and charge_date >= '2026-06-01' order by all"
    )
    # The delivery of the same day that is wrong in two rows has one good one, on the 10th.
    assert rows == [
        ("2026-06-01", "2026-06-01", Decimal("0.000012345678901235")),
        ("2026-06-01", "2026-06-10", Decimal(2)),
        ("2026-06-01", "2026-07-01", Decimal(2)),
        ("2026-07-01", "2026-07-01", Decimal(4)),
    ]


def test_owners_addresses_reach_no_table(bills: CostHome) -> None:
    assert b"owner@example.com" not in bills.home.warehouse.read_bytes()
