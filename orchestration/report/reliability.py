"""Incidents of a period and the error budgets at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from orchestration.report.source import Row, Source

INCIDENTS_SHOWN = 10
BUDGETS_SHOWN = 8
SEVERITIES = ("sev1", "sev2", "sev3", "sev4", "unmapped")


@dataclass(frozen=True)
class Incidents:
    """Incidents that began in a period, by severity, the gravest of them, and those that are still open."""

    counts: Mapping[str, int]
    before: Mapping[str, int]
    worst: tuple[Row, ...]
    open_count: int

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def total_before(self) -> int:
        return sum(self.before.values())


def read_incidents(
    source: Source, start: date, end: date, before: tuple[date, date], team_id: str | None = None
) -> Incidents:
    """Incidents that began from ``start`` to ``end``, of one team or all; ``before``: the period to compare.

    Tests, duplicates and merged ones are left out, open ones counted.
    """
    parameters = {"start": start, "end": end, "team_id": team_id}
    counted = """
        ($team_id is null or team_id = $team_id)
        and (exclusion_reason is null or exclusion_reason not in ('test', 'duplicate', 'merged'))
    """
    per_severity = f"""
        select severity, count(*) as incidents from fct_incidents
        where {counted} and began_date between $start and $end
        group by severity
    """  # noqa: S608
    worst = source.rows(
        f"""
        select
            incidents.incident_id, incidents.title, incidents.severity, incidents.began_at,
            incidents.restored_at, incidents.restore_seconds, incidents.deployment_id,
            incidents.is_held_against_deployment, services.service_name
        from fct_incidents as incidents
        left join dim_service as services on incidents.service_id = services.service_id
        where {counted.replace("team_id = ", "incidents.team_id = ")}
            and incidents.began_date between $start and $end and incidents.is_major
        order by incidents.severity, incidents.restore_seconds desc nulls first, incidents.incident_id
        limit {INCIDENTS_SHOWN}
        """,  # noqa: S608
        parameters,
    )
    (still,) = source.rows(
        f"select count(*) as incidents from fct_incidents where {counted} and status = 'open' "  # noqa: S608
        "and began_date <= $end",
        {"end": end, "team_id": team_id},
    )
    return Incidents(
        counts=_by_severity(source.rows(per_severity, parameters)),
        before=_by_severity(
            source.rows(per_severity, {"start": before[0], "end": before[1], "team_id": team_id})
        ),
        worst=tuple(worst),
        open_count=still["incidents"],
    )


def read_budgets(source: Source, on: date, team_id: str | None = None) -> tuple[Row, ...]:
    """The error budgets as they stood at the end of ``on``, the most consumed first."""
    return tuple(
        source.rows(
            f"""
            select
                slos.slo_id, slos.slo_name, slos.objective, slos.window_days, slos.attainment_share,
                slos.is_met, slos.budget_consumed, slos.budget_remaining, slos.burn_rate_3d,
                slos.projected_exhaustion_date, slos.alert_of_day, slos.coverage_share,
                services.service_name, services.tier,
                count(*) over () as slo_count,
                count(*) filter (where slos.is_met) over () as met_count
            from mart_slo_burn as slos
            left join dim_service as services on slos.service_id = services.service_id
            where
                slos.slo_date = $on and slos.attainment_share is not null
                and ($team_id is null or services.team_id = $team_id)
            order by slos.budget_remaining, slos.slo_id
            limit {BUDGETS_SHOWN}
            """,  # noqa: S608
            {"on": on, "team_id": team_id},
        )
    )


def _by_severity(rows: Sequence[Row]) -> dict[str, int]:
    found = {row["severity"]: row["incidents"] for row in rows}
    return {severity: found.get(severity, 0) for severity in SEVERITIES} | {
        severity: count for severity, count in found.items() if severity not in SEVERITIES
    }
