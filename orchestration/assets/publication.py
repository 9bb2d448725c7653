"""The published files: written from the last finished build, verified, replaced in one step."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.assets.pools import WAREHOUSE_POOL
from orchestration.builds import ensure_builds, read_past_builds
from orchestration.deployment import Deployment, DeploymentError
from orchestration.loading.warehouse import open_warehouse
from orchestration.publishing.history import remember_publication
from orchestration.publishing.marts import PEOPLE_SCHEMA, SCHEMA, Mart, read_marts
from orchestration.publishing.parquet import publish_parquet
from orchestration.publishing.published import (
    POSTGRES_VARIABLE,
    Published,
    people_snapshot_path,
    read_published,
    snapshot_path,
)
from orchestration.publishing.snapshot import PublicationRefusedError, PublicationRun, publish
from orchestration.publishing.status import CURRENT, PublicationStatus, mark_current

SNAPSHOT = dg.AssetKey(["published", "marts"])
PEOPLE_SNAPSHOT = dg.AssetKey(["published", "marts_people"])
# A daily run, and time for a long one; then a second chance before it counts as failed.
FRESHNESS = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=28), fail_window=timedelta(hours=52))
PARQUET = dg.AssetKey(["published", "parquet"])
POSTGRES = dg.AssetKey(["published", "postgres"])


def build_publication_assets(deployment: Deployment) -> dg.AssetsDefinition:
    """Snapshot, people's snapshot and Parquet files as one step, downstream of all marts."""
    marts = read_marts(deployment.manifest, SCHEMA)
    people_marts = read_marts(deployment.manifest, PEOPLE_SCHEMA)

    @dg.multi_asset(
        name="publication",
        group_name="published",
        pool=WAREHOUSE_POOL,
        specs=[
            dg.AssetSpec(
                SNAPSHOT,
                description="One table per mart, in the file that analysts open: published/marts.duckdb",
                deps=[dg.AssetKey([SCHEMA, mart.name]) for mart in marts],
                kinds={"duckdb"},
                freshness_policy=FRESHNESS,
            ),
            dg.AssetSpec(
                PEOPLE_SNAPSHOT,
                description="One table per person-level mart: published/marts_people.duckdb, mode 0640",
                deps=[dg.AssetKey([PEOPLE_SCHEMA, mart.name]) for mart in people_marts],
                kinds={"duckdb"},
                freshness_policy=FRESHNESS,
            ),
            dg.AssetSpec(
                PARQUET,
                description="One Parquet file per mart: published/parquet/<mart>/<mart>.parquet",
                deps=[SNAPSHOT],
                kinds={"parquet"},
            ),
        ],
    )
    def publication(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        run = _describe_run(context, deployment, marts, people_marts)
        before = read_published(deployment.home)
        if before and before.build_id == run.build_id:
            context.log.info(f"Build {run.build_id} is published already")
        else:
            publish(deployment.home, run)
        remember_publication(deployment.home, run)
        rewritten = publish_parquet(deployment.home, context.run.run_id)
        published = read_published(deployment.home)
        if published is None:
            raise dg.Failure(
                f"{deployment.home.published} was changed by somebody else while it was published"
            )
        mark_current(deployment.home, _describe_status(published))
        status = "unchanged" if published == before else "published"
        common = {
            "status": status,
            "build_id": published.build_id,
            "as_of_date": published.as_of_date.isoformat(),
            "data_through": str(published.data_through),
        }
        yield _describe(
            SNAPSHOT, common, snapshot_path(deployment.home), tables=published.tables, rows=published.rows
        )
        yield _describe(
            PEOPLE_SNAPSHOT, common, people_snapshot_path(deployment.home), tables=len(people_marts)
        )
        yield _describe(
            PARQUET,
            common,
            deployment.home.published / "parquet",
            files=len(rewritten),
            rows=sum(rewritten.values()),
        )

    return publication


def build_postgres_assets(deployment: Deployment) -> list[dg.AssetsDefinition]:
    """The marts on PostgreSQL: one asset where METRICS_POSTGRES_DSN is set, none where it is not."""
    dsn = deployment.environ.get(POSTGRES_VARIABLE)
    if not dsn:
        return []
    if find_spec("psycopg") is None:
        raise DeploymentError(
            f"{POSTGRES_VARIABLE} is set but psycopg is missing: install this project's `postgres` extra"
        )

    @dg.asset(
        key=POSTGRES,
        group_name="published",
        description=f"One table per mart, on PostgreSQL in the schemas {SCHEMA} and {PEOPLE_SCHEMA}",
        deps=[SNAPSHOT, PEOPLE_SNAPSHOT],
        kinds={"postgres"},
        freshness_policy=FRESHNESS,
    )
    def postgres(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
        from orchestration.publishing.postgres import publish_postgres

        publication = publish_postgres(deployment.home, dsn, context.run.run_id)
        for schema, reason in publication.kept.items():
            context.log.warning(f"The replaced schema {schema} stays until the next run: {reason}")
        if not publication.waited:
            context.log.warning(
                "Readers held the old tables all the time: they were replaced while queries were running"
            )
        if publication.advice:
            context.log.warning(
                "Every login may create objects in the database; an administrator ends that by: "
                + "; ".join(publication.advice)
            )
        return dg.MaterializeResult(
            metadata={
                "status": "unchanged" if publication.unchanged else "published",
                "published_by_run": publication.run_id,
                "tables": sum(map(len, publication.rows.values())),
                "rows": sum(rows for schema in publication.rows.values() for rows in schema.values()),
                "schemas_kept": len(publication.kept),
            }
        )

    return [postgres]


def _describe_run(
    context: dg.AssetExecutionContext,
    deployment: Deployment,
    marts: tuple[Mart, ...],
    people_marts: tuple[Mart, ...],
) -> PublicationRun:
    with open_warehouse(
        deployment.home, f"publication of run {context.run.run_id}", wait_seconds=deployment.lock_wait_seconds
    ) as con:
        ensure_builds(con)
        past = read_past_builds(con)
    if past.last is None or past.last_build_id is None:
        raise PublicationRefusedError("there is no finished build to publish: run the models first")
    return PublicationRun(
        run_id=context.run.run_id,
        build_id=past.last_build_id,
        as_of_date=past.last.as_of_date,
        code_version=past.last.code_version,
        published_at=deployment.now(),
        marts=marts,
        people_marts=people_marts,
    )


def _describe_status(published: Published) -> PublicationStatus:
    return PublicationStatus(
        state=CURRENT,
        run_id=published.run_id,
        build_id=published.build_id,
        published_at=published.published_at.isoformat(),
        as_of_date=published.as_of_date.isoformat(),
        code_version=published.code_version,
    )


def _describe(
    key: dg.AssetKey, common: Mapping[str, str], path: Path, **counts: int
) -> dg.MaterializeResult[Any]:
    return dg.MaterializeResult(
        asset_key=key, metadata={**common, **counts, "path": dg.MetadataValue.path(path)}
    )
