with answers as (

    select * from {{ source('raw_datadog', 'slo_history') }}

),

counted as (

    select * from answers
    where bucket_times is not null

),

times as (

    {{ explode_json_array('counted', ['slo_id', 'asked_from', 'asked_to', 'interval_seconds'], 'bucket_times', 'bucket_time') }}

),

goods as (

    {{ explode_json_array('counted', ['slo_id', 'asked_from', 'asked_to'], 'good_values', 'good_value') }}

),

totals as (

    {{ explode_json_array('counted', ['slo_id', 'asked_from', 'asked_to'], 'total_values', 'total_value') }}

),

buckets as (

    select
        times.slo_id,
        times.asked_from,
        times.asked_to,
        cast(
            {{ dbt.dateadd(
                'second', whole_quotient('cast(times.bucket_time as decimal(38, 0))', 1000), "timestamp '1970-01-01 00:00:00'"
            ) }} as timestamp
        ) as interval_started_at,
        times.interval_seconds,
        {{ decimal_from_text('goods.good_value') }} as good,
        {{ decimal_from_text('totals.total_value') }} as total
    from times
    left join goods
        on
            times.slo_id = goods.slo_id
            and times.asked_from = goods.asked_from
            and times.asked_to = goods.asked_to
            and times.element_index = goods.element_index
    left join totals
        on
            times.slo_id = totals.slo_id
            and times.asked_from = totals.asked_from
            and times.asked_to = totals.asked_to
            and times.element_index = totals.element_index

),

spans as (

    select
        slo_id,
        asked_from,
        asked_to,
        asked_from as interval_started_at,
        {{ seconds_between('asked_from', 'asked_to') }} as interval_seconds,
        sli_percent
    from answers
    where bucket_times is null

),

told as (

    select
        slo_id,
        asked_from,
        asked_to,
        interval_started_at,
        interval_seconds,
        good,
        total
    from buckets
    where
        interval_started_at >= asked_from
        and {{ dbt.dateadd('second', 'interval_seconds', 'interval_started_at') }} <= asked_to
    union all
    select
        slo_id,
        asked_from,
        asked_to,
        interval_started_at,
        interval_seconds,
        cast(cast(sli_percent as decimal(20, 9)) / 100 * interval_seconds as decimal(38, 9)) as good,
        cast(case when sli_percent is not null then interval_seconds end as decimal(38, 9)) as total
    from spans

),

ranked as (

    select
        *,
        row_number() over (
            partition by slo_id, interval_started_at, interval_seconds
            order by asked_to desc, asked_from desc
        ) as preference
    from told

)

select
    slo_id,
    interval_started_at,
    interval_seconds,
    good,
    total
from ranked
where preference = 1
