"""FOCUS as exporters write it: versions, renamed columns, spellings of numbers, instants and nulls."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.cost.conftest import CostHome

# 1.3: provider roles, split charges with the workload's own tags; columns in another order than 1.0's.
VERSION_1_3 = (
    "Tags,ServiceProviderName,HostProviderName,InvoiceId,BillingPeriodStart,BillingPeriodEnd,BillingAccountId,"
    "InvoiceIssuerName,BillingCurrency,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ServiceName,BilledCost,"
    "EffectiveCost,ListCost,ContractedCost,AllocatedTags,AllocatedResourceId,x_Team,x_Cost\n"
    '"{""pool"": ""cluster""}",Kube Co,AWS,I-1,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,A,Kube Co,USD,'
    "2026-01-05T07:00:00Z,2026-01-05T08:00:00Z,Usage,Pods,35.2E-7,1.25,2,(null),"
    '"{""customer"": ""acme""}",pod-1,platform,7\n'
    "null,Kube Co,AWS,I-1,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,A,Kube Co,USD,"
    "2026-01-05 07:00:00,2026-01-05T08:00:00,Usage,Pods,-0.000000000000000001,0,2,,NULL,,,\n"
    "null,Kube Co,AWS,I-1,2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,C,Kube Co,USD,"
    "2026-01-05 07:00:00,2026-01-05T08:00:00,Usage,Egress,-1.1920928955078125E-07,0,2,,NULL,,,\n"
)
# Old names, and one instant that no clock shows: its row goes to quarantine, the others load.
VERSION_1_0 = (
    "ProviderName,InvoiceIssuerName,BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,"
    "ChargePeriodStart,ChargePeriodEnd,ChargeType,AmortizedCost,BilledCost,Region,UsageQuantity,ServiceName\n"
    "AWS,AWS Inc.,B,USD,2026-01-01 00:00:00,2026-02-01 00:00:00,2026-01-05 00:00:00,2026-01-06 00:00:00,"
    "Usage,2,3,eu-1,5,VM\n"
    "AWS,AWS Inc.,B,USD,2026-01-01 00:00:00,2026-02-01 00:00:00,2026-01-05 00:00:00,2023-02-01T30:00:00Z,"
    "Usage,2,3,eu-1,5,VM\n"
)


@pytest.fixture(scope="module")
def loaded(cost_home: CostHome) -> CostHome:
    cost_home.land("focus/charges/2026-02-01/v13.csv", VERSION_1_3)
    cost_home.land("focus/charges/2026-02-01/v10.csv", "\ufeff" + VERSION_1_0)
    cost_home.load()
    return cost_home


def test_e_notation_signs_and_the_last_digit_are_kept(loaded: CostHome) -> None:
    costs = loaded.ask("select billed_cost from raw_focus.charges where billing_account_id <> 'B' order by 1")
    assert costs == [
        (Decimal("-0.000000119209289551"),),  # 23 fractional digits of a binary float, rounded to 18
        (Decimal("-0.000000000000000001"),),
        (Decimal("0.00000352"),),
    ]


def test_provider_roles_of_1_3_and_old_names_of_1_0_reach_their_columns(loaded: CostHome) -> None:
    rows = loaded.ask(
        "select service_provider_name, provider_name, charge_category, effective_cost::int, region_id, "
        "consumed_quantity::int from raw_focus.charges where billed_cost >= 0 order by all"
    )
    assert rows == [
        ("Kube Co", None, "Usage", 1, None, None),
        (None, "AWS", "Usage", 2, "eu-1", 5),
    ]


def test_instants_with_and_without_t_and_z_are_one_instant(loaded: CostHome) -> None:
    instants = loaded.ask("select distinct charge_period_start::varchar from raw_focus.charges order by 1")
    assert instants == [("2026-01-05 00:00:00",), ("2026-01-05 07:00:00",)]


def test_columns_of_the_provider_are_kept_aside(loaded: CostHome) -> None:
    aside = loaded.ask(
        "select x_columns ->> 'x_Team', x_columns ->> 'x_Cost' from raw_focus.charges where billed_cost > 0 "
        "and billing_account_id = 'A'"
    )
    assert aside == [("platform", "7")]


def test_an_impossible_instant_quarantines_its_row_and_not_the_file(loaded: CostHome) -> None:
    rejects = loaded.ask("select path, row_number, column_name, value from ops.ingest_rejects")
    assert rejects == [("focus/charges/2026-02-01/v10.csv", 2, "charge_period_end", "2023-02-01T30:00:00Z")]
    assert loaded.ask("select count(*) from raw_focus.charges where billing_account_id = 'B'") == [(1,)]


def test_the_tags_of_the_workload_go_before_those_of_the_charge_it_was_split_from(loaded: CostHome) -> None:
    loaded.build()
    named = loaded.ask(
        "select provider, customer_tag, pool_tag from intermediate.int_cost_rows where effective_cost = 1.25"
    )
    assert named == [("Kube Co", "acme", None)]
