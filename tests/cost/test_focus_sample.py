"""The FinOps Foundation's published FOCUS sample (real, anonymised bills), from landing to the fact."""

from __future__ import annotations

import csv
import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cost.conftest import CostHome

SAMPLE = Path(__file__).parents[3] / "shared/samples/cloud_billing/focus_1.0_sample_1000.csv"
pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLE.exists(), reason=f"no {SAMPLE.name} beside the checkout"),
]


@pytest.fixture(scope="module")
def sample(cost_home: CostHome) -> CostHome:
    """The sample alone, without customers, usage, rates or catalogue: loaded and built."""
    folder = cost_home.home.landing / "focus" / "charges" / "2024-10-05"
    folder.mkdir(parents=True)
    shutil.copy(SAMPLE, folder)
    cost_home.load()
    cost_home.build()
    return cost_home


@pytest.fixture(scope="module")
def published() -> list[dict[str, str]]:
    with SAMPLE.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("cost", ["BilledCost", "EffectiveCost", "ListCost"])
@pytest.mark.parametrize(
    "relation",
    [
        "staging.stg_focus__charges",
        "intermediate.int_cost_rows",
        "intermediate.int_cost_daily",
        "marts.fct_cloud_cost_daily",
    ],
)
def test_costs_survive_every_layer_to_the_last_digit(
    sample: CostHome, published: list[dict[str, str]], relation: str, cost: str
) -> None:
    by_provider: dict[str, Decimal] = defaultdict(Decimal)
    for row in published:
        by_provider[row["ProviderName"]] += Decimal(row[cost])
    column = {"BilledCost": "billed_cost", "EffectiveCost": "effective_cost", "ListCost": "list_cost"}[cost]
    found = dict(sample.ask(f"select provider, sum({column}) from {relation} group by all"))
    assert found == by_provider
    assert sum(found.values()) == sum(Decimal(row[cost]) for row in published)


def test_rows_without_a_mandatory_contracted_cost_are_loaded(
    sample: CostHome, published: list[dict[str, str]]
) -> None:
    missing = sum(row["ContractedCost"] in ("", "NULL") for row in published)
    assert missing == 7
    assert sample.ask(
        "select count(*), count(*) filter (where contracted_cost is null) from raw_focus.charges"
    ) == [(len(published), missing)]


def test_null_spellings_and_odd_tags_are_read_as_they_are_meant(sample: CostHome) -> None:
    assert sample.ask("select count(*) from raw_focus.charges where tags in ('NULL', 'null', '')") == [(0,)]
    spelled = "select count(*) from raw_focus.charges where tags like '%\" org\"%' and tags like '%\"org\"%'"
    assert sample.ask(spelled)[0][0] > 0


def test_a_row_billed_in_the_next_month_is_in_the_next_invoice(sample: CostHome) -> None:
    periods = sample.ask(
        "select period_start::varchar, sum(charge_rows)::int from marts.mart_cost_reconciliation "
        "where cost_view = 'as_invoiced' group by 1 order by 1"
    )
    assert periods == [("2024-09-01", 999), ("2024-10-01", 1)]


def test_without_tags_of_customers_all_cost_is_visibly_unallocated(
    sample: CostHome, published: list[dict[str, str]]
) -> None:
    total = sum(Decimal(row["EffectiveCost"]) for row in published)
    rows = sample.ask(
        "select customer_id, sum(unallocated_cost), sum(allocated_cost) "
        "from marts.mart_cloud_cost_per_customer group by 1"
    )
    assert rows == [("unallocated", total, 0)]
