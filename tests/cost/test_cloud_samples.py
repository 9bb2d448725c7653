"""Real exports of AWS, Azure and OpenCost: each record lands in a table or is refused for a true reason."""

# ruff: noqa: E501  a query reads best in one line

from __future__ import annotations

import csv
import json
import shutil
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from orchestration.loading.contract import read_contracts
from orchestration.loading.headers import map_headers
from tests.cost.conftest import PROJECT, CostHome

SAMPLES = Path(__file__).parents[3] / "shared/samples/cloud_billing"
pytestmark = [
    pytest.mark.samples,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="the sample payloads do not stand beside the checkout"),
]
DROPS = {
    "aws_cur_fivetran_seed_aws_cost_report.csv": "aws_cur/line_items/2024-04-04",
    "azure_EA_ActualCost_Small.csv": "azure_cost/charges/actual/enrolment/2023-10-05",
    "azure_EA_AmortizedCost_Small.csv": "azure_cost/charges/amortized/enrolment/2023-10-05",
    "azure_EA_NoRows.csv": "azure_cost/charges/actual/empty/2023-10-05",
    "azure_headerset_BOM.csv": "azure_cost/charges/actual/payg/20221101-20221130/run",
    "opencost_allocation_example_output.json": "opencost/allocations/default-cluster/2023-07-12",
    "opencost_csv_export_sample.csv": "opencost/csv_export/default-cluster",
}


@pytest.fixture(scope="module")
def samples(cost_home: CostHome) -> CostHome:
    for name, folder in DROPS.items():
        target = cost_home.home.landing / folder
        target.mkdir(parents=True)
        shutil.copy(SAMPLES / name, target)
    cost_home.load()
    cost_home.build()
    return cost_home


def read_rows(name: str) -> list[dict[str, str]]:
    with (SAMPLES / name).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def total(name: str) -> Decimal:
    """Sum of the file's costs, each to the 18 digits that a decimal of ours holds."""
    digit = Decimal(1).scaleb(-18)
    return sum((Decimal(row["Cost"]).quantize(digit, ROUND_HALF_UP) for row in read_rows(name)), Decimal(0))


def test_every_record_is_loaded_or_refused(samples: CostHome) -> None:
    counted = {
        Path(path).name: (status, read, loaded, refused)
        for path, status, read, loaded, refused in samples.ask(
            "select path, status, rows_read, rows_loaded, rows_quarantined from ops.ingest_files"
        )
    }
    expected = {name: len(read_rows(name)) for name in DROPS if name.endswith(".csv")}
    body = json.loads((SAMPLES / "opencost_allocation_example_output.json").read_text(encoding="utf-8"))
    expected["opencost_allocation_example_output.json"] = sum(len(told) for told in body["data"])
    refused = {"aws_cur_fivetran_seed_aws_cost_report.csv": 20, "azure_headerset_BOM.csv": 1}
    assert counted == {
        name: ("loaded", rows, rows - refused.get(name, 0), refused.get(name, 0))
        for name, rows in expected.items()
    }


def test_the_reasons_of_refusal_are_true(samples: CostHome) -> None:
    # The AWS seed has tags and accounts only: half of its rows name no payer, and none has a type or a cost.
    seed = read_rows("aws_cur_fivetran_seed_aws_cost_report.csv")
    without_payer = sum(not row["bill_payer_account_id"] for row in seed)
    assert not any(row["line_item_line_item_type"] or row["line_item_unblended_cost"] for row in seed)
    # The row below Azure's header with a mark has a date and nothing else.
    assert [v for v in read_rows("azure_headerset_BOM.csv")[0].values() if v] == ["2022-11-03"]
    reasons = samples.ask(
        "select system, column_name, reason, count(*)::int from ops.ingest_rejects group by all order by all"
    )
    missing = "is required, and is null or absent"
    assert reasons == [
        ("aws_cur", "bill_payer_account_id", missing, without_payer),
        ("aws_cur", "line_item_type", missing, len(seed) - without_payer),
        ("azure_cost", "billing_account_id", missing, 1),
    ]


@pytest.mark.parametrize("relation", ["int_cost_rows", "int_cost_daily"])
def test_azure_costs_equal_their_files_to_the_last_digit(samples: CostHome, relation: str) -> None:
    found = samples.ask(
        f"select provider, currency, sum(billed_cost), sum(effective_cost) from intermediate.{relation} group by all"
    )
    actual, amortized = total("azure_EA_ActualCost_Small.csv"), total("azure_EA_AmortizedCost_Small.csv")
    assert found == [("Microsoft", "USD", actual, amortized)]


def test_the_reservation_is_billed_where_it_was_bought_and_effective_where_it_was_used(
    samples: CostHome,
) -> None:
    rows = samples.ask(
        "select charge_category, sum(billed_cost), sum(effective_cost) from intermediate.int_cost_rows "
        "where is_commitment group by all order by all"
    )
    used = sum(
        Decimal(row["Cost"])
        for row in read_rows("azure_EA_AmortizedCost_Small.csv")
        if row["PricingModel"] in ("Reservation", "SavingsPlan")
    )
    assert rows == [("Purchase", Decimal("3.25"), 0), ("Usage", 0, used)]


def test_tags_without_braces_are_read(samples: CostHome) -> None:
    named = sum('"application"' in row["Tags"] for row in read_rows("azure_EA_ActualCost_Small.csv"))
    found = samples.ask(
        "select count(*)::int from intermediate.int_cost_rows where service_tag is not null and billed_cost > 0"
    )
    assert named > 0
    assert found == [
        (
            sum(
                '"application"' in row["Tags"] and Decimal(row["Cost"]) > 0
                for row in read_rows("azure_EA_ActualCost_Small.csv")
            ),
        )
    ]


def test_what_opencost_tells_is_no_charge(samples: CostHome) -> None:
    splits = samples.ask(
        "select namespace, told_cost::varchar, is_idle_told from intermediate.int_cluster_cost_splits "
        "where used_on = '2023-07-12' order by 1"
    )
    assert splits == [
        ("kube-system", "1.527430000000000000", False),
        ("opencost", "0.109370000000000000", False),
        ("prometheus", "0.141360000000000000", False),
    ]
    assert samples.ask("select distinct source_system from intermediate.int_cost_rows") == [("azure_cost",)]


def test_each_column_of_azures_focus_export_has_a_place() -> None:
    schema = json.loads((SAMPLES / "azure_focuscost_1.2_export_schema.json").read_text(encoding="utf-8"))
    names = tuple(mapping["source"]["name"] for mapping in schema["translator"]["mappings"])
    headers = map_headers(names, read_contracts(PROJECT)["focus"].tables["charges"])
    assert len(names) == 104
    assert (headers.unknown, headers.missing) == ((), ())
    assert (
        sum(len(positions) for _, positions in headers.extra) == sum(n.startswith("x_") for n in names) == 51
    )
