{%- set cell = 'tool, kpi_id, segment_type, segment_id' -%}

with periods as (

    select
        period_start,
        period_end,
        counted_days
    from {{ ref('int_kpi_periods') }}
    where period_grain = 'month'

),

records as (

    select
        records.tool,
        records.kpi_id,
        records.record_id,
        records.service_id,
        records.team_id,
        records.group_id,
        records.tier,
        records.their_date,
        records.their_numerator,
        records.their_denominator,
        records.their_hours,
        records.comparison,
        records.reason,
        periods.period_start
    from {{ ref('dora_compat_records') }} as records
    inner join periods
        on coalesce(records.their_date, records.our_date) between periods.period_start and periods.period_end

),

-- A change of several services is one record of whatever holds them all.
segmented as (

    {{ dora_segments('records', [
        'tool', 'kpi_id', 'record_id', 'period_start', 'their_date', 'their_numerator', 'their_denominator', 'their_hours',
        'comparison', 'reason',
    ]) }}

),

placed as (

    select segmented.*
    from segmented
    where segment_id is not null

),

counted as (

    select
        {{ cell }},
        period_start,
        sum(their_numerator) as numerator,
        sum(their_denominator) as denominator,
        count(their_date) as their_records,
        sum(case when comparison = 'same' then 1 else 0 end) as same_records,
        sum(case when comparison = 'otherwise' then 1 else 0 end) as other_records,
        sum(case when comparison = 'only_there' then 1 else 0 end) as only_their_records,
        sum(case when comparison = 'only_here' then 1 else 0 end) as only_our_records
    from placed
    group by {{ cell }}, period_start

),

reasons as (

    select
        {{ cell }},
        period_start,
        {{ sorted_list_text("reason || ' ' || record_count") }} as explanation
    from (
        select
            {{ cell }},
            period_start,
            comparison || ' (' || reason || '):' as reason,
            cast(count(*) as {{ dbt.type_string() }}) as record_count
        from placed
        where reason is not null
        group by {{ cell }}, period_start, comparison || ' (' || reason || '):'
    ) as counts
    group by {{ cell }}, period_start

),

measured as (

    select
        {{ cell }},
        period_start,
        their_date,
        their_hours,
        percent_rank() over (partition by {{ cell }}, period_start order by their_hours) as share_below
    from placed
    where their_hours is not null

),

-- GitLab keeps a median a day, and a month's figure is the median of those.
daily_medians as (

    select
        {{ cell }},
        period_start,
        their_date,
        percentile_cont(0.5) within group (order by their_hours) as hours
    from measured
    where tool = 'gitlab'
    group by {{ cell }}, period_start, their_date

),

hours as (

    select
        {{ cell }},
        period_start,
        percentile_cont(0.5) within group (order by hours) as hours
    from daily_medians
    group by {{ cell }}, period_start
    union all
    select
        {{ cell }},
        period_start,
        percentile_cont(0.5) within group (order by their_hours) as hours
    from measured
    where tool = 'four_keys'
    group by {{ cell }}, period_start
    union all
    -- DevLake takes the greatest value whose percent rank does not pass a half: of an even number, the lower one.
    select
        {{ cell }},
        period_start,
        max(their_hours) as hours
    from measured
    where tool = 'devlake' and share_below <= 0.5
    group by {{ cell }}, period_start

),

valued as (

    select
        counted.*,
        case counted.kpi_id
            when 'deployment_frequency'
                then cast(counted.numerator as double) / case when counted.tool = 'gitlab' then periods.counted_days else 1 end
            when 'change_failure_rate' then cast(counted.numerator as double) / nullif(counted.denominator, 0)
            when 'time_to_restore' then hours.hours * 60
            else hours.hours
        end as their_value,
        case counted.kpi_id
            when 'deployment_frequency'
                then case when counted.tool = 'gitlab' then 'deployments per day' else 'deployments per month' end
            when 'change_failure_rate'
                then case when counted.tool = 'gitlab' then 'incidents per deployment' else 'share' end
            when 'time_to_restore' then 'minutes'
            else 'hours'
        end as their_unit,
        reasons.explanation
    from counted
    inner join periods on counted.period_start = periods.period_start
    left join hours
        on {{ joined_on('counted', 'hours', cell ~ ', period_start') }}
    left join reasons
        on {{ joined_on('counted', 'reasons', cell ~ ', period_start') }}

)

select
    valued.tool,
    valued.kpi_id,
    valued.period_start,
    valued.segment_type,
    valued.segment_id,
    valued.their_value,
    valued.their_unit,
    ours.value as our_value,
    ours.unit as our_unit,
    cast(valued.numerator as bigint) as their_numerator,
    cast(valued.denominator as bigint) as their_denominator,
    cast(valued.their_records as bigint) as their_records,
    cast(valued.same_records as bigint) as same_records,
    cast(valued.other_records as bigint) as other_records,
    cast(valued.only_their_records as bigint) as only_their_records,
    cast(valued.only_our_records as bigint) as only_our_records,
    valued.explanation
from valued
left join {{ ref('fct_kpi_values') }} as ours
    on
        valued.kpi_id = ours.kpi_id
        and ours.period_grain = 'month'
        and valued.period_start = ours.period_start
        and valued.segment_type = ours.segment_type
        and valued.segment_id = ours.segment_id
