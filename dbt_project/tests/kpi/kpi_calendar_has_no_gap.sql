-- One row per KPI, grain and segment whose rows do not follow one another without a gap to as_of_date: of the organisation, and
-- of the segments that no catalogue dates, from their first row on.
with followed as (

    select
        kpi_id,
        period_grain,
        segment_type,
        segment_id,
        period_start,
        period_end,
        lead(period_start) over (partition by kpi_id, period_grain, segment_type, segment_id order by period_start) as next_start
    from {{ ref('fct_kpi_values') }}
    where segment_type in ('org', 'severity', 'provider', 'function', 'work_type')

)

select
    kpi_id,
    period_grain,
    segment_type,
    segment_id,
    period_start,
    next_start
from followed
where
    {{ dbt.datediff('period_end', 'next_start', 'day') }} <> 1
    or (next_start is null and period_end < date '{{ var("as_of_date") }}')
