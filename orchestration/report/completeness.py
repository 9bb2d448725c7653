"""How far the figures can be trusted: sources, what could not be placed, and what was restated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from orchestration.report.scorecard import Calendar, Kpi
from orchestration.report.source import Row, Source

SHOWN = 10


@dataclass(frozen=True)
class Completeness:
    """Sources by freshness, those that are stale, unreadable or quarantined in part, and the unmapped."""

    freshness: Mapping[str, int]
    systems: int
    troubled: tuple[Row, ...]
    coverage: tuple[Row, ...]
    unmapped: tuple[Row, ...]
    unmapped_count: int

    @property
    def stale(self) -> tuple[Row, ...]:
        return tuple(row for row in self.troubled if row["is_stale"])

    @property
    def quarantined(self) -> int:
        return sum(row["quarantined_count"] for row in self.troubled)

    @property
    def delivered(self) -> int:
        """Tables that were ever delivered."""
        return self.freshness["fresh"] + self.freshness["stale"]


def read_completeness(source: Source) -> Completeness:
    """What the ``meta_`` tables say."""
    rows = source.rows("select * from meta_source_freshness order by system, table_name")
    coverage = source.rows(
        """
        with recent as (
            select * from meta_coverage
            where month_start_date between
                cast(date_trunc('month', $as_of_date) - interval 1 month as date) and $as_of_date
        ),

        sums as (
            select
                record_kind,
                sum(record_count) as records,
                sum(record_count) filter (where reason = 'placed') as placed,
            from recent
            group by record_kind
        ),

        reasons as (
            select record_kind, reason, sum(record_count) as records
            from recent
            where reason <> 'placed'
            group by record_kind, reason
        )

        select
            sums.record_kind, sums.records, coalesce(sums.placed, 0) / sums.records as placed_share,
            arg_max(reasons.reason, reasons.records) as first_reason,
            max(reasons.records) as first_records
        from sums
        left join reasons on sums.record_kind = reasons.record_kind
        group by sums.record_kind, sums.records, sums.placed
        order by placed_share, sums.record_kind
        """,
        {"as_of_date": source.as_of_date},
    )
    unmapped = source.rows(
        f"""
        select *, count(*) over () as value_count from meta_unmapped
        order by record_count desc, system, concept, raw_value
        limit {SHOWN}
        """  # noqa: S608
    )
    troubled = [
        row for row in rows if row["is_stale"] or row["failed_file_count"] or row["quarantined_count"]
    ]
    return Completeness(
        freshness=Counter(row["freshness"] for row in rows),
        systems=len({row["system"] for row in rows if row["freshness"] != "never_delivered"}),
        troubled=tuple(troubled),
        coverage=tuple(coverage),
        unmapped=tuple(unmapped),
        unmapped_count=unmapped[0]["value_count"] if unmapped else 0,
    )


@dataclass(frozen=True)
class Restatements:
    """Figures of the organisation that are no longer what was published first, the latest first."""

    rows: tuple[Row, ...]
    count: int
    publications: int


def read_restatements(source: Source, kpis: Mapping[str, Kpi], calendar: Calendar) -> Restatements:
    """Changed values of the organisation's headline KPIs in periods that had ended when they changed."""
    rows = source.rows(
        """
        with ended as (
            select history.*, shown.period_end
            from fct_kpi_value_history as history
            inner join dim_kpi on history.kpi_id = dim_kpi.kpi_id and dim_kpi.is_headline
            inner join fct_kpi_values as shown
                on history.kpi_id = shown.kpi_id
                and history.period_grain = shown.period_grain
                and history.period_start = shown.period_start
                and history.segment_type = shown.segment_type
                and history.segment_id = shown.segment_id
            where history.segment_type = 'org' and shown.is_complete
        ),

        causes as (
            select
                kpi_id, period_grain, period_start, segment_type, segment_id, version,
                arg_max(reason, record_count) as first_reason,
                sum(record_count) as moved_records
            from fct_kpi_restatements
            group by kpi_id, period_grain, period_start, segment_type, segment_id, version
        )

        select ended.*, causes.first_reason, causes.moved_records, count(*) over () as restatement_count
        from ended
        left join causes
            on ended.kpi_id = causes.kpi_id
            and ended.period_grain = causes.period_grain
            and ended.period_start = causes.period_start
            and ended.segment_type = causes.segment_type
            and ended.segment_id = causes.segment_id
            and ended.version = causes.version
        where
            ended.version > 1 and ended.is_current and ended.previous_value is distinct from ended.value
            and ended.as_of_date > ended.period_end
        order by ended.as_of_date desc, ended.kpi_id, ended.period_start desc
        limit 12
        """
    )
    (known,) = source.rows("select count(distinct as_of_date) as publications from fct_kpi_value_history")
    return Restatements(
        rows=tuple(
            {
                **row,
                "kpi": kpis[row["kpi_id"]],
                "period": calendar.name(row["period_grain"], row["period_start"], row["period_end"]),
            }
            for row in rows
        ),
        count=rows[0]["restatement_count"] if rows else 0,
        publications=known["publications"],
    )
