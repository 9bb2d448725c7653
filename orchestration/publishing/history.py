"""What was published as the value of a KPI, and with which publication it changed."""

from __future__ import annotations

from orchestration.home import DataHome
from orchestration.loading.warehouse import open_warehouse, transaction
from orchestration.publishing.marts import SCHEMA
from orchestration.publishing.snapshot import PublicationRun, require_finished_build

HISTORY = "fct_kpi_value_history"
_IDENTITY = ("kpi_id", "period_grain", "period_start", "segment_type", "segment_id", "version")
_CONTENT = ("value", "numerator", "denominator", "status", "definition_version", "as_of_date")


def remember_values(home: DataHome, run: PublicationRun) -> int:
    """Notes in ``ops.published_values`` the figures that this publication showed first; returns how many.

    To be called when the files stand: a build that was never published leaves no trace. Called again for the
    same build, after a kill between the files and this, it adds what is missing and nothing twice. Raises
    PublicationRefusedError if another build has begun since.
    """
    if HISTORY not in {mart.name for mart in run.marts}:
        return 0
    columns = ", ".join((*_IDENTITY, *_CONTENT))
    same = " and ".join(f"shown.{name} = known.{name}" for name in _IDENTITY)
    with open_warehouse(home, f"history of run {run.run_id}") as con:
        require_finished_build(con, run.build_id)
        with transaction(con):
            (added,) = con.execute(
                f"""
                    insert into ops.published_values by name
                    select {columns}, $run_id as run_id, $published_at as published_at
                    from {SCHEMA}.{HISTORY} as shown anti join ops.published_values as known on {same}
                    """,  # noqa: S608  names are written here, values are parameters
                {"run_id": run.run_id, "published_at": run.published_at},
            ).fetchone() or (0,)
    return int(added)
