"""The report as an asset of its own, downstream of the snapshot: if it fails, what is published stands."""

from typing import Any

import dagster as dg

from orchestration.assets.pools import WAREHOUSE_POOL
from orchestration.assets.publication import FRESHNESS, SNAPSHOT
from orchestration.deployment import Deployment
from orchestration.publishing.marts import SCHEMA, read_marts

REPORT = dg.AssetKey(["published", "report"])
STEP = "report"
# A project without a scorecard has nothing that a report could show.
_SCORECARD = "kpi_scorecard"


def build_report_assets(deployment: Deployment) -> list[dg.AssetsDefinition]:
    """The report's pages as one asset; none where the project has no scorecard."""
    if _SCORECARD not in {mart.name for mart in read_marts(deployment.manifest, SCHEMA)}:
        return []

    # The pool, as the publisher's lock: two runs must not write the published folder at once.
    @dg.multi_asset(
        name=STEP,
        group_name="published",
        pool=WAREHOUSE_POOL,
        specs=[
            dg.AssetSpec(
                REPORT,
                description="One page per edition and team: published/report/index.html and those beside it",
                deps=[SNAPSHOT],
                kinds={"html"},
                freshness_policy=FRESHNESS,
            )
        ],
    )
    def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        # Templates and charts are nothing that a code location must load.
        from orchestration.report.publication import publish_report

        publication = publish_report(deployment.home, deployment.environ)
        context.log.info(f"{len(publication.pages)} pages in {publication.folder}")
        return dg.MaterializeResult(
            metadata={
                "status": "unchanged" if publication.unchanged else "published",
                "pages": len(publication.pages),
                "charts": publication.charts,
                "path": dg.MetadataValue.path(publication.folder),
            }
        )

    return [report]
