"""One multi-asset per system and one asset per raw table, made from the contracts: loaded, checked."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from orchestration.assets.landing import landing_key
from orchestration.assets.parameters import RunParameters
from orchestration.assets.pools import WAREHOUSE_POOL
from orchestration.checks import build_table_checks, evaluate_tables, read_ledger
from orchestration.deployment import Deployment
from orchestration.landing_state import note_offered, read_folder_state
from orchestration.loading.contract_model import SystemContract, TableContract
from orchestration.loading.load import load_system
from orchestration.loading.outcome import FileOutcome
from orchestration.loading.tables import ensure_tables
from orchestration.loading.warehouse import open_warehouse

LEDGER_GROUP = "ops"
_NAMED_FILES = 3


def build_export_assets(deployment: Deployment) -> list[dg.AssetsDefinition]:
    """The raw tables of every contract; one step per system, so that few steps cost little."""
    return [_build_system(deployment, contract) for _, contract in sorted(deployment.contracts.items())]


def build_ledger_assets(deployment: Deployment) -> list[dg.AssetSpec]:
    """The loader's own tables that models read: written by every loading, so downstream of all raw tables."""
    raw = [table_key(name, table) for name, system in deployment.contracts.items() for table in system.tables]
    return [
        dg.AssetSpec(
            [source["source_name"], source["name"]],
            group_name=LEDGER_GROUP,
            description=source["description"],
            deps=raw,
            kinds={"duckdb", "table"},
        )
        for unique_id, source in deployment.manifest["sources"].items()
        if source["schema"] == LEDGER_GROUP and deployment.manifest["child_map"].get(unique_id)
    ]


def table_key(system: str, table: str) -> dg.AssetKey:
    """The asset of a raw table; dagster-dbt gives its dbt source the same key."""
    return dg.AssetKey([f"raw_{system}", table])


def _build_system(deployment: Deployment, contract: SystemContract) -> dg.AssetsDefinition:
    system = contract.system

    @dg.multi_asset(
        name=f"raw_{system}",
        group_name=f"raw_{system}",
        pool=WAREHOUSE_POOL,
        specs=[_describe_table(system, table) for table in contract.tables.values()],
        check_specs=[
            spec for name in contract.tables for spec in build_table_checks(table_key(system, name))
        ],
    )
    def exports(
        context: dg.AssetExecutionContext, run_parameters: RunParameters
    ) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:
        as_of_date = deployment.as_of_date(run_parameters.as_of_date)
        began = time.monotonic()
        offered = read_folder_state(deployment.home.landing / system)
        holder = f"loading of {system} in run {context.run.run_id}"
        with open_warehouse(deployment.home, holder, wait_seconds=deployment.lock_wait_seconds) as con:
            ensure_tables(con, {system: contract})
            outcomes = load_system(
                con, deployment.home, contract, environ=deployment.environ, clock=deployment.now
            )
            ledgers = read_ledger(con, system)
        # Noted only now: files that a killed run did not get to are still news to the landing sensor.
        note_offered(deployment.home, system, offered)
        files = Counter(outcome.table_name for outcome in outcomes)
        rows = Counter[str]()
        quarantined = Counter[str]()
        for outcome in outcomes:
            rows[outcome.table_name] += outcome.rows_loaded
            quarantined[outcome.table_name] += outcome.rows_quarantined
        _report_unreadable(context, [outcome for outcome in outcomes if outcome.status == "failed"])
        seconds = round(time.monotonic() - began, 3)
        # A table that a contract no longer names may still stand in the warehouse; nobody reads it.
        known = {table_key(system, name): ledgers[name] for name in contract.tables}
        for key, ledger in known.items():
            table = key.path[-1]
            yield dg.MaterializeResult(
                asset_key=key,
                metadata={
                    "dagster/row_count": ledger.rows_in_table,
                    "files_loaded": files[table],
                    "rows_loaded": rows[table],
                    "rows_quarantined": quarantined[table],
                    "data_through": str(ledger.data_through),
                    "seconds_of_the_system": seconds,
                },
            )
        yield from evaluate_tables(system, known, as_of_date)

    return exports


def _report_unreadable(context: dg.AssetExecutionContext, failed: Sequence[FileOutcome]) -> None:
    for outcome in failed[:_NAMED_FILES]:
        context.log.error(f"{outcome.path} was skipped: it {outcome.reason}")
    if len(failed) > _NAMED_FILES:
        context.log.error(
            f"{len(failed) - _NAMED_FILES} more files were skipped: see the failed ones in ops.ingest_files"
        )


def _describe_table(system: str, table: TableContract) -> dg.AssetSpec:
    return dg.AssetSpec(
        table_key(system, table.name),
        description=table.description,
        deps=[landing_key(system)],
        kinds={"duckdb", "table"},
        metadata={
            "dagster/column_schema": dg.TableSchema(
                columns=[
                    dg.TableColumn(column.name, column.data_type, description=column.description)
                    for column in table.columns
                ]
            )
        },
    )
