with weeks as (

    select
        segment_type,
        segment_id,
        period_start as week_start,
        value as deployment_days
    from {{ ref('fct_kpi_values') }}
    where
        kpi_id = 'deployment_days'
        and period_grain = 'week'
        and segment_type in ('org', 'group', 'team', 'service', 'tier')
        and is_complete

),

trailing_weeks as (

    select
        last_week.segment_type,
        last_week.segment_id,
        last_week.week_start,
        sum(weeks.deployment_days) as days_in_12_weeks,
        percentile_cont(0.5) within group (order by weeks.deployment_days) as weekly_median
    from weeks as last_week
    inner join weeks
        on
            last_week.segment_type = weeks.segment_type
            and last_week.segment_id = weeks.segment_id
            and weeks.week_start > cast({{ dbt.dateadd('day', -84, 'last_week.week_start') }} as date)
            and last_week.week_start >= weeks.week_start
    group by last_week.segment_type, last_week.segment_id, last_week.week_start
    having count(*) = 12

),

-- The best of the bands whose thresholds both figures reach.
ranked as (

    select
        trailing_weeks.segment_type,
        trailing_weeks.segment_id,
        trailing_weeks.week_start,
        trailing_weeks.weekly_median,
        min(dora_bands.band_rank) as band_rank
    from trailing_weeks
    left join {{ ref('dora_bands') }} as dora_bands
        on
            dora_bands.metric = 'deployment_frequency'
            and dora_bands.report_year = {{ var('dora_report_year') }}
            and trailing_weeks.weekly_median >= dora_bands.minimum_weekly_median
            and trailing_weeks.days_in_12_weeks >= dora_bands.minimum_days_in_12_weeks
    group by
        trailing_weeks.segment_type,
        trailing_weeks.segment_id,
        trailing_weeks.week_start,
        trailing_weeks.weekly_median

)

select
    ranked.segment_type,
    ranked.segment_id,
    ranked.week_start,
    ranked.weekly_median,
    dora_bands.band
from ranked
left join {{ ref('dora_bands') }} as dora_bands
    on
        dora_bands.metric = 'deployment_frequency'
        and dora_bands.report_year = {{ var('dora_report_year') }}
        and ranked.band_rank = dora_bands.band_rank
