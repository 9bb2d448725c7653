"""What splits the cost of clusters (AWS's split lines, OpenCost): proportions of a pool, never money of the bill."""

# ruff: noqa: E501  a query reads best in one line

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cost.conftest import CostHome
from tests.cost.test_redelivery import HEADER

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.fixture(scope="module")
def clusters(cost_home: CostHome) -> CostHome:
    """An instance of EKS on AWS's bill with its split lines, and another bill's cluster that OpenCost watches."""
    landing = cost_home.home.landing
    shutil.copytree(FIXTURES / "aws_cur/split_line_items", landing / "aws_cur/line_items")
    shutil.copytree(FIXTURES / "opencost/typical", landing / "opencost/allocations")
    office = (
        "9,9,9,9,Cloud Inc.,42,USD,2026-01-01,2026-02-01,2026-01-10T00:00:00Z,2026-01-10T01:00:00Z,Usage,,Cloud,"
        'Cloud Inc.,Compute,VM,"{""pool"": ""office""}"\n'
    )
    cost_home.land("focus/charges/2026-02-01/january.csv", HEADER + office)
    cost_home.load()
    cost_home.build()
    cost_home.change(
        "insert into seeds.cost_cluster_pools values ('production', 'cluster', 'test'), ('office', 'office', 'test')"
    )
    # Without the seeds, which would be as they were.
    cost_home.build("--exclude", "resource_type:seed")
    return cost_home


def test_split_lines_are_not_added_to_the_instance_that_they_split(clusters: CostHome) -> None:
    rows = clusters.ask(
        "select cost_view, sum(export_cost), sum(difference) from marts.mart_cost_reconciliation "
        "where invoice_issuer <> 'Cloud Inc.' group by all order by all"
    )
    assert rows == [("as_incurred", 10, 0), ("as_invoiced", 10, 0)]


def test_what_opencost_tells_is_in_no_total(clusters: CostHome) -> None:
    rows = clusters.ask(
        "select source_system, sum(billed_cost), sum(effective_cost) from intermediate.int_cost_daily group by all order by all"
    )
    assert rows == [("aws_cur", 10, 10), ("focus", 9, 9)]


def test_a_clusters_pool_is_split_as_its_workloads_cost(clusters: CostHome) -> None:
    rows = clusters.ask(
        "select pool_id, customer_id, driver, sum(amount) from intermediate.int_cost_allocations "
        "where allocation = 'shared' and cost_view = 'as_incurred' group by all order by all"
    )
    # The instance costs 10 of which pods take 7.5 and 2.5. OpenCost prices its workloads at 4 and 2 of 15, at list
    # price: idle time and the cluster's own workloads follow them, and 9 is what the bill says.
    assert rows == [
        ("cluster", "acme", "cluster_cost", Decimal("7.5")),
        ("cluster", "globex", "cluster_cost", Decimal("2.5")),
        ("office", "acme", "cluster_cost", Decimal(6)),
        ("office", "globex", "cluster_cost", Decimal(3)),
    ]


def test_idle_cost_and_workloads_of_nobody_stay_visible(clusters: CostHome) -> None:
    rows = clusters.ask(
        "select workload_kind, namespace, customer_id, told_cost::int, told_cluster_cost::int, is_idle_told, is_adjusted_to_bill "
        "from intermediate.int_cluster_cost_splits where cluster = 'office' order by told_cost"
    )
    assert rows == [
        ("workload", "search", "globex", 2, 15, True, False),
        ("workload", "kube-system", None, 3, 15, True, False),
        ("workload", "shop", "acme", 4, 15, True, False),
        ("idle", "__idle__", None, 6, 15, True, False),
    ]


def test_a_day_told_again_replaces_the_day(clusters: CostHome) -> None:
    window = '"window": {"start": "2026-01-10T00:00:00Z", "end": "2026-01-11T00:00:00Z"}'
    again = (
        f'{{"code": 200, "data": [{{"search/index": {{"name": "search/index", {window}, "totalCost": 5}}}}]}}'
    )
    clusters.land("opencost/allocations/office/2026-01-10/again.json", again)
    clusters.load()
    assert clusters.ask("select allocation_name, total_cost::int from raw_opencost.allocations") == [
        ("search/index", 5)
    ]
