-- One row per KPI and grain whose rows of the organisation do not follow one another without a gap to as_of_date.
with followed as (

    select
        kpi_id,
        period_grain,
        period_start,
        period_end,
        lead(period_start) over (partition by kpi_id, period_grain order by period_start) as next_start
    from {{ ref('fct_kpi_values') }}
    where segment_type = 'org'

)

select
    kpi_id,
    period_grain,
    period_start,
    next_start
from followed
where
    {{ dbt.datediff('period_end', 'next_start', 'day') }} <> 1
    or (next_start is null and period_end < date '{{ var("as_of_date") }}')
