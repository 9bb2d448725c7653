"""dbt's exposures and metrics are those of the KPIs, and a metric over a quarter is the published quarter."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from orchestration.bi.command import SEMANTIC_FOLDER
from orchestration.bi.folder import LEDGER
from orchestration.bi.semantic import write_semantic_layer
from tests.bi.conftest import Project
from tests.dbt.project import PROJECT

if TYPE_CHECKING:
    import psycopg


def test_the_semantic_layer_is_that_of_the_kpis(project: Project) -> None:
    folder = PROJECT / SEMANTIC_FOLDER
    found = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name != LEDGER}
    assert write_semantic_layer(project.registry) == found, "run python -m orchestration bi dbt"


def test_an_exposure_leads_to_all_records_of_its_kpi(project: Project) -> None:
    exposures = {exposure["name"]: exposure for exposure in project.manifest["exposures"].values()}
    headlines = [kpi for kpi in project.registry.kpis if kpi.kpi_id == kpi.headline_kpi_id]
    assert set(exposures) == {kpi.kpi_id for kpi in headlines}
    for kpi in headlines:
        assert exposures[kpi.kpi_id]["owner"]["name"] == kpi.owner
    for kpi in project.registry.kpis:
        upstream = exposures[kpi.headline_kpi_id]["depends_on"]["nodes"]
        assert f"model.engineering_metrics.{kpi.records_table}" in upstream
        assert "model.engineering_metrics.fct_kpi_values" in upstream


def test_a_metric_over_a_quarter_is_the_published_quarter(
    project: Project, server: psycopg.Connection[Any]
) -> None:
    (model,) = project.manifest["semantic_models"].values()
    expressions = {measure["name"]: measure["expr"] for measure in model["measures"]}
    assert {measure["agg"] for measure in model["measures"]} == {"sum"}
    compared = 0
    for metric in project.manifest["metrics"].values():
        if metric["name"] in expressions:  # what dbt makes of a measure by itself
            continue
        (where,) = metric["filter"]["where_filters"]
        condition = re.sub(r"\{\{ Dimension\('kpi_value__(\w+)'\) \}\}", r"\1", where["where_sql_template"])
        parts = metric["type_params"]
        used = (
            [parts["measure"]] if metric["type"] == "simple" else [parts["numerator"], parts["denominator"]]
        )
        sums = [f"sum({expressions[part['name']]})" for part in used]
        value = f"{sums[0]} / nullif({sums[1]}, 0)" if len(sums) == 2 else sums[0]
        query = f"""
            with quarters as (
                select
                    fiscal_quarter_start_date as period_start,
                    {value} as value,
                    count(distinct month_start_date) as months
                from marts.fct_kpi_values as cells
                inner join marts.dim_date on cells.period_start = dim_date.date_day
                where {condition} and cells.period_grain = 'month'
                group by fiscal_quarter_start_date
            )
            select cells.value, quarters.value
            from marts.fct_kpi_values as cells
            inner join quarters on cells.period_start = quarters.period_start
            where kpi_id = %s and period_grain = 'quarter' and segment_type = 'org' and months = 3
        """
        for expected, found in server.execute(query.encode(), [metric["name"]]):
            assert (found is None) == (expected is None), metric["name"]
            assert found is None or math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12), metric["name"]
            compared += found is not None
    assert compared > 50
