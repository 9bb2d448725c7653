with

told as (

    select
        'prometheus' as source_system,
        slo_id,
        kind,
        step_seconds,
        sampled_at,
        value
    from {{ ref('stg_prometheus__sli_samples') }}
    union all
    select
        'datadog' as source_system,
        'datadog:' || slo_id as slo_id,
        'good' as kind,
        interval_seconds as step_seconds,
        {{ dbt.dateadd('second', 'interval_seconds', 'interval_started_at') }} as sampled_at,
        good as value
    from {{ ref('stg_datadog__slo_history') }}
    union all
    select
        'datadog' as source_system,
        'datadog:' || slo_id as slo_id,
        'total' as kind,
        interval_seconds as step_seconds,
        {{ dbt.dateadd('second', 'interval_seconds', 'interval_started_at') }} as sampled_at,
        total as value
    from {{ ref('stg_datadog__slo_history') }}

),

intervals as (

    select
        source_system,
        slo_id,
        step_seconds,
        sampled_at,
        cast(sum(case when kind = 'good' then value end) as decimal(38, 9)) as good_value,
        cast(sum(case when kind = 'bad' then value end) as decimal(38, 9)) as bad_value,
        cast(sum(case when kind = 'total' then value end) as decimal(38, 9)) as total_value,
        count(case when kind = 'total' and value is null then 1 end) as unreadable_totals,
        count(case when kind <> 'total' and value is null then 1 end) as unreadable_parts
    from told
    group by source_system, slo_id, step_seconds, sampled_at

),

paired as (

    select
        source_system,
        slo_id,
        step_seconds as interval_seconds,
        {{ dbt.dateadd('second', '-step_seconds', 'sampled_at') }} as interval_started_at,
        coalesce(total_value, good_value + bad_value) as total,
        case
            when total_value = 0 then coalesce(good_value, total_value)
            else coalesce(good_value, total_value - bad_value)
        end as good,
        unreadable_totals > 0 or (unreadable_parts > 0 and coalesce(total_value, 1) <> 0) as is_unreadable
    from intervals

),

judged as (

    select
        source_system,
        slo_id,
        interval_seconds,
        interval_started_at,
        {{ epoch_seconds('interval_started_at') }} as started_epoch,
        total,
        good,
        case
            when interval_seconds <= 0 then 'no_length'
            when is_unreadable then 'not_a_number'
            when total is null then 'total_missing'
            when good is null then 'good_missing'
            when good < 0 or total < 0 then 'negative'
            when good > total then 'good_exceeds_total'
        end as exclusion_reason
    from paired

),

steps as (

    select distinct
        slo_id,
        interval_seconds
    from judged
    where exclusion_reason is null

),

-- History may be kept hourly and recent days every five minutes, and both may tell of one hour. Only SLOs with
-- several steps come through this join, and each of their intervals meets only steps longer than its own.
nested as (

    select
        judged.slo_id,
        judged.interval_seconds,
        judged.started_epoch,
        steps.interval_seconds as outer_seconds,
        cast(floor(judged.started_epoch / steps.interval_seconds) as bigint) as outer_number
    from judged
    inner join steps
        on
            judged.slo_id = steps.slo_id
            and judged.interval_seconds < steps.interval_seconds
    where judged.exclusion_reason is null

),

filled as (

    select
        slo_id,
        outer_seconds,
        outer_number,
        interval_seconds,
        sum(interval_seconds) as covered_seconds
    from nested
    group by slo_id, outer_seconds, outer_number, interval_seconds

),

fully_covered as (

    select distinct
        slo_id,
        outer_seconds,
        outer_number
    from filled
    where covered_seconds >= outer_seconds

),

coarse_judged as (

    select
        judged.source_system,
        judged.slo_id,
        judged.interval_seconds,
        judged.interval_started_at,
        judged.started_epoch,
        judged.total,
        judged.good,
        case
            when judged.exclusion_reason is not null then judged.exclusion_reason
            when fully_covered.slo_id is not null then 'covered_by_finer'
        end as exclusion_reason
    from judged
    left join fully_covered
        on
            judged.slo_id = fully_covered.slo_id
            and judged.interval_seconds = fully_covered.outer_seconds
            and fully_covered.outer_number
            = cast(floor(judged.started_epoch / judged.interval_seconds) as bigint)

),

finest as (

    select
        slo_id,
        min(interval_seconds) as finest_seconds
    from steps
    group by slo_id

),

kept_coarse as (

    select distinct
        coarse_judged.slo_id,
        coarse_judged.interval_seconds,
        cast(floor(coarse_judged.started_epoch / coarse_judged.interval_seconds) as bigint) as outer_number
    from coarse_judged
    inner join finest
        on
            coarse_judged.slo_id = finest.slo_id
            and coarse_judged.interval_seconds > finest.finest_seconds
    where coarse_judged.exclusion_reason is null

),

within_coarse as (

    select distinct
        nested.slo_id,
        nested.interval_seconds,
        nested.started_epoch
    from nested
    inner join kept_coarse
        on
            nested.slo_id = kept_coarse.slo_id
            and nested.outer_seconds = kept_coarse.interval_seconds
            and nested.outer_number = kept_coarse.outer_number

),

final as (

    select
        coarse_judged.source_system,
        coarse_judged.slo_id,
        coarse_judged.interval_started_at,
        coarse_judged.interval_seconds,
        coarse_judged.good,
        coarse_judged.total,
        case
            when coarse_judged.exclusion_reason is not null then coarse_judged.exclusion_reason
            when within_coarse.slo_id is not null then 'covered_by_coarser'
        end as exclusion_reason
    from coarse_judged
    left join within_coarse
        on
            coarse_judged.slo_id = within_coarse.slo_id
            and coarse_judged.interval_seconds = within_coarse.interval_seconds
            and coarse_judged.started_epoch = within_coarse.started_epoch

)

select * from final
