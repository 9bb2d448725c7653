"""One asset per dbt model and seed, one check per dbt test; one dbt process builds what has changed."""

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import dagster as dg
import dagster_dbt
from dbt.version import __version__ as dbt_version
from packaging.version import Version

from orchestration.assets.parameters import RunParameters
from orchestration.assets.pools import WAREHOUSE_POOL
from orchestration.building import BuildPlan, BuildState, dbt_arguments, find_dated_nodes, plan_build
from orchestration.builds import (
    begin_build,
    ensure_builds,
    finish_build,
    read_past_builds,
    read_table_versions,
)
from orchestration.deployment import Deployment
from orchestration.loading.identifiers import quote
from orchestration.loading.tables import ensure_tables
from orchestration.loading.warehouse import open_warehouse, warehouse_lock
from orchestration.publishing.history import remember_last_publication

NAME = "models"


class ModelTranslator(dagster_dbt.DagsterDbtTranslator):
    """Groups models by folder. Keys are dagster-dbt's own: [schema, name], sources [raw_<system>, table]."""

    def __init__(self) -> None:
        super().__init__(dagster_dbt.DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        if dbt_resource_props["resource_type"] == "source":
            return str(dbt_resource_props["source_name"])
        if dbt_resource_props["resource_type"] == "seed":
            return "seeds"
        return "_".join(dbt_resource_props["fqn"][1:-1])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """What the project says: the SQL, which dagster-dbt would append, hides it in the lists."""
        return str(dbt_resource_props["description"])


def build_model_assets(deployment: Deployment) -> dg.AssetsDefinition:
    """The models of the deployment's manifest as one multi-asset, built by one dbt process."""
    translator = ModelTranslator()

    @dagster_dbt.dbt_assets(
        manifest=deployment.manifest,
        name=NAME,
        dagster_dbt_translator=translator,
        pool=WAREHOUSE_POOL,
    )
    def models(context: dg.AssetExecutionContext, run_parameters: RunParameters) -> Iterator[Any]:
        as_of_date = deployment.as_of_date(run_parameters.as_of_date)
        events: list[Any] = []
        problem = None
        rows: Mapping[tuple[str, str], int] = {}
        holder = f"dbt build of run {context.run.run_id}"
        with warehouse_lock(deployment.home, holder, wait_seconds=deployment.lock_wait_seconds):
            selected = _read_selection(context, deployment.manifest, whole=models.keys)
            plan, build_id = _begin(context, deployment, as_of_date, selected, run_parameters.full_refresh)
            context.log.info(f"Build {build_id}: {plan.reason}")
            if not plan.is_empty:
                arguments = dbt_arguments(plan, as_of_date, deployment.variables)
                events, problem = _run_dbt(context, deployment, translator, arguments)
                rows = _finish(context, deployment, build_id, finished=problem is None and selected is None)
        if problem is None and selected is None:
            events += _report_unchanged(context, build_id, {_name_of(event) for event in events})
        for event in _sort_events(context.assets_def, events):
            if isinstance(event, dg.Output):
                _add_rows(context, event, rows)
            yield event
        if problem:
            raise dg.Failure(problem)

    return models


def _begin(
    context: dg.AssetExecutionContext,
    deployment: Deployment,
    as_of_date: date,
    selected: tuple[str, ...] | None,
    full_refresh: bool,
) -> tuple[BuildPlan, str]:
    """Decides what is built, and notes that it begins; the second value is the build that then holds."""
    with open_warehouse(deployment.home, f"dbt build of run {context.run.run_id}") as con:
        # No model is conditional on a source: every raw table is there before the first file has come.
        ensure_tables(con, deployment.contracts)
        ensure_builds(con)
        past = read_past_builds(con)
        state = BuildState(as_of_date, deployment.code_version, read_table_versions(con, deployment.manifest))
        plan = plan_build(past, state, find_dated_nodes(deployment.manifest), full_refresh=full_refresh)
        if selected is not None:
            plan = BuildPlan(selected, "what was picked by hand", full_refresh)
        if plan.is_empty or not context.selected_asset_keys:
            return plan, past.last_build_id or ""  # nothing, or tests only: the models stay as they are
        remember_last_publication(con, deployment.home)
        build_id = begin_build(con, state, deployment.now())
        return plan, build_id


def _read_selection(
    context: dg.AssetExecutionContext, manifest: Mapping[str, Any], whole: AbstractSet[dg.AssetKey]
) -> tuple[str, ...] | None:
    """dbt selectors of the assets that somebody picked by hand; None if the run is for all.

    Such a run leaves its build unfinished on purpose: the models no longer stand for one state, so nothing is
    published until a run for all has rebuilt them.
    """
    if context.selected_asset_keys == whole:
        return None
    chosen = {tuple(key.path) for key in context.selected_asset_keys}
    tests = {key.name for key in context.selected_asset_check_keys}
    return tuple(
        "fqn:" + ".".join(node["fqn"])
        for node in manifest["nodes"].values()
        if (node["schema"], node["alias"]) in chosen
        or (node["resource_type"] == "test" and node["name"] in tests)
    )


def _run_dbt(
    context: dg.AssetExecutionContext,
    deployment: Deployment,
    translator: ModelTranslator,
    arguments: list[str],
) -> tuple[list[Any], str | None]:
    """Runs dbt to its end; returns its results as Dagster events, and what went wrong."""
    project = deployment.project
    target_path = project.target_path
    target_path.mkdir(parents=True, exist_ok=True)
    (target_path / "run_results.json").unlink(missing_ok=True)
    invocation = dagster_dbt.DbtCliInvocation.run(
        args=project.command(arguments),
        env={
            **project.environment(deployment.environ, target_path),
            "METRICS_DBT_MANIFEST": str(project.parsed_manifest),
        },
        manifest=deployment.manifest,
        dagster_dbt_translator=translator,
        project_dir=project.directory,
        target_path=target_path,
        raise_on_error=False,
        context=context,
        adapter=None,
        cli_version=Version(dbt_version),
    )
    try:
        events = list(invocation.stream())
    finally:
        invocation.process.kill()
        invocation.process.wait()
    return events, _describe_problem(invocation.process.returncode, target_path)


def _describe_problem(exit_code: int, target_path: Path) -> str | None:
    if exit_code == 0:
        return None
    results = target_path / "run_results.json"
    failed = (
        [
            f"{result['unique_id'].split('.', 2)[-1]}: {result['message'] or result['status']}"
            for result in json.loads(results.read_text(encoding="utf-8"))["results"]
            if result["status"] in ("error", "fail")
        ]
        if results.exists()
        else []
    )
    what = "\n".join(failed) or "dbt ended before it could say which node failed"
    return (
        f"{len(failed)} dbt nodes failed: nothing is published, the last good publication stands.\n{what}\n"
        f"All of dbt's words: {target_path / 'dbt.log'}. Mend the data or the model, then run again: "
        "what was built is built again."
    )


def _finish(
    context: dg.AssetExecutionContext, deployment: Deployment, build_id: str, *, finished: bool
) -> dict[tuple[str, str], int]:
    """Notes a finished build; returns the rows of every table by schema and name."""
    with open_warehouse(deployment.home, f"dbt build of run {context.run.run_id}") as con:
        if finished:
            finish_build(con, build_id, deployment.now())
        tables = con.execute(
            """
            select schema_name, table_name
            from duckdb_tables()
            where database_name = current_database() and schema_name not like 'raw\\_%' escape '\\'
            """
        ).fetchall()
        counts = " union all ".join(
            f"select {index}, count(*) from {quote(*table)}"  # noqa: S608
            for index, table in enumerate(tables)
        )
        return {tables[index]: rows for index, rows in con.execute(counts).fetchall()} if tables else {}


def _add_rows(
    context: dg.AssetExecutionContext, event: dg.Output[Any], rows: Mapping[tuple[str, str], int]
) -> None:
    key = context.asset_key_for_output(event.output_name)
    if len(key.path) == 2 and (key.path[0], key.path[1]) in rows:
        context.add_output_metadata(
            {"dagster/row_count": rows[key.path[0], key.path[1]]}, output_name=event.output_name
        )


def _sort_events(assets: dg.AssetsDefinition, events: list[Any]) -> list[Any]:
    """Assets in the order of their lineage, as Dagster wants them, then everything else."""
    lineage = TopologicalSorter({spec.key: [dep.asset_key for dep in spec.deps] for spec in assets.specs})
    ranks = {key.to_python_identifier(): rank for rank, key in enumerate(lineage.static_order())}
    return sorted(
        events, key=lambda event: ranks[event.output_name] if isinstance(event, dg.Output) else len(ranks)
    )


def _name_of(event: Any) -> Any:
    """What tells one asset or check of the step from another."""
    if isinstance(event, dg.Output):
        return event.output_name
    if isinstance(event, dg.AssetCheckResult):
        return (event.asset_key, event.check_name)
    return None


def _report_unchanged(
    context: dg.AssetExecutionContext,
    build_id: str,
    emitted: set[Any],
) -> Iterator[Any]:
    """Says of the models that dbt was not asked to build that they are as their build left them.

    As dagster-dbt does for dbt's own "reused": a materialization of the same content. Without one, Dagster
    would skip the publication. Only tests that block are repeated: their build finished, so they passed.
    """
    metadata = {"status": "unchanged", "build_id": build_id}
    for key in sorted(context.selected_asset_keys):
        name = key.to_python_identifier()
        if name not in emitted:
            yield dg.Output(value=None, output_name=name, metadata=metadata)
    for check in context.assets_def.check_specs:
        if check.blocking and (check.asset_key, check.name) not in emitted:
            yield dg.AssetCheckResult(
                passed=True, asset_key=check.asset_key, check_name=check.name, metadata=metadata
            )
