"""What a run builds, and the dbt arguments that say so. Pure: the state comes in as values."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

AS_OF_DATE = "as_of_date"
# Worked examples with given rows: they prove the code, not the data, so tests run them and the daily run does
# not.
UNIT_TESTS = "resource_type:unit_test"


@dataclass(frozen=True)
class BuildState:
    """All that a build depends on. ``table_versions``, by ``<schema>.<table>``, change when the rows do."""

    as_of_date: date
    code_version: str
    table_versions: Mapping[str, str]


@dataclass(frozen=True)
class PastBuilds:
    """The newest finished build, and whether another was begun after it and has not finished.

    ``code_versions`` are those of the newest finished build and of all that were begun since: what stands in
    the warehouse may be of any of them.
    """

    last: BuildState | None
    last_build_id: str | None
    interrupted: bool
    code_versions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class BuildPlan:
    """``selection``: dbt selectors; empty for nothing, None for everything. ``reason`` is for people."""

    selection: tuple[str, ...] | None
    reason: str
    full_refresh: bool = False

    @property
    def is_empty(self) -> bool:
        return self.selection == ()


def last_complete_day(now: datetime, business_timezone: str) -> date:
    """Yesterday in the business time zone. ``now`` carries its zone; raises ValueError if it does not."""
    if now.tzinfo is None:
        raise ValueError("the clock must give instants with their zone")
    return now.astimezone(ZoneInfo(business_timezone)).date() - timedelta(days=1)


def plan_build(
    past: PastBuilds, present: BuildState, dated_nodes: Sequence[str], *, full_refresh: bool = False
) -> BuildPlan:
    """The least that brings the models from the last finished build to the present state.

    ``dated_nodes`` are the selectors of nodes that mention the as-of date themselves; what lies downstream of
    them is rebuilt with them when the date is another one.
    """
    if full_refresh:
        return BuildPlan(None, "everything: asked for", full_refresh=True)
    if past.code_versions - {present.code_version}:
        # Seeds and incremental models keep the columns and the rows of the code that made them.
        return BuildPlan(None, "everything from scratch: models or variables changed", full_refresh=True)
    if past.last is None:
        return BuildPlan(None, "everything: first build")
    if past.interrupted:
        # Its models may hold anything between the last build and the one that was begun.
        return BuildPlan(None, "everything: the build before did not finish")
    changed = [
        name
        for name, version in sorted(present.table_versions.items())
        if past.last.table_versions.get(name) != version
    ]
    new_date = past.last.as_of_date != present.as_of_date
    selection = (*(f"source:{name}+" for name in changed), *(f"{node}+" for node in dated_nodes if new_date))
    reasons = [f"{len(changed)} changed tables"] if changed else []
    reasons += [f"as of {present.as_of_date}"] if new_date else []
    return BuildPlan(selection, " and ".join(reasons) or "nothing has changed")


def find_dated_nodes(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Selectors of the models, seeds and tests whose SQL reads the as-of date, itself or by a macro."""
    dated_macros = _find_dated_macros(manifest["macros"])
    return tuple(
        sorted(
            "fqn:" + ".".join(node["fqn"])
            for node in manifest["nodes"].values()
            if AS_OF_DATE in (node.get("raw_code") or "")
            or dated_macros & set(node["depends_on"].get("macros") or [])
        )
    )


def _find_dated_macros(macros: Mapping[str, Any]) -> set[str]:
    found = {unique_id for unique_id, macro in macros.items() if AS_OF_DATE in macro["macro_sql"]}
    while True:
        callers = {
            unique_id
            for unique_id, macro in macros.items()
            if unique_id not in found and found & set(macro["depends_on"]["macros"])
        }
        if not callers:
            return found
        found |= callers


def dbt_arguments(plan: BuildPlan, as_of_date: date, variables: Mapping[str, str]) -> list[str]:
    """Arguments of the one ``dbt build`` of a run."""
    return [
        "build",
        "--exclude",
        UNIT_TESTS,
        *(["--select", *plan.selection] if plan.selection is not None else []),
        *(["--full-refresh"] if plan.full_refresh else []),
        "--vars",
        json.dumps({AS_OF_DATE: as_of_date.isoformat(), **variables}, sort_keys=True),
    ]
