with

definitions as (

    select * from {{ ref('int_slo_definitions') }}
    where exclusion_reason is null

),

units as (

    select * from {{ ref('int_slo_units') }}

),

counted as (

    select
        slo_id,
        unit_date,
        sum(good_units) as good,
        sum(valid_units) as total,
        count(*) as intervals,
        sum(data_seconds) as data_seconds,
        max(longest_interval_seconds) as longest_interval_seconds
    from units
    group by slo_id, unit_date

),

first_days as (

    select
        slo_id,
        min(unit_date) as first_date
    from counted
    group by slo_id

),

days as (

    {{ days_as_rows("(select min(first_date) from first_days)", "cast('" ~ var("as_of_date") ~ "' as date)") }}

),

spine as (

    select
        definitions.slo_id,
        days.day as slo_date,
        definitions.slo_name,
        definitions.document_id,
        definitions.service_id,
        definitions.objective,
        definitions.budgeting_method,
        definitions.window_type,
        definitions.window_days,
        {{ business_day_start('days.day') }} as day_started_at,
        {{ business_day_start(dbt.dateadd('day', 1, 'days.day')) }} as day_ended_at
    from first_days
    inner join days
        on first_days.first_date <= days.day
    inner join definitions
        on
            first_days.slo_id = definitions.slo_id
            and days.day >= definitions.valid_from
            and days.day < definitions.valid_to

),

measured as (

    select
        spine.slo_id,
        spine.slo_date,
        spine.slo_name,
        spine.document_id,
        spine.service_id,
        spine.objective,
        spine.budgeting_method,
        spine.window_type,
        spine.window_days,
        spine.day_started_at,
        spine.day_ended_at,
        {{ dbt.datediff('spine.day_started_at', 'spine.day_ended_at', 'second') }}
            as expected_seconds,
        coalesce(counted.good, 0) as good,
        coalesce(counted.total, 0) as total,
        coalesce(counted.intervals, 0) as intervals,
        coalesce(counted.data_seconds, 0) as data_seconds,
        counted.longest_interval_seconds
    from spine
    left join counted
        on
            spine.slo_id = counted.slo_id
            and spine.slo_date = counted.unit_date

),

-- Objectives of one document that count the same events (an SLA and a stricter goal inside) are one stream of events.
ranked as (

    select
        *,
        first_value(slo_id) over (
            partition by document_id, slo_date, good, total, intervals, data_seconds, budgeting_method
            order by objective desc, slo_id asc
        ) as leading_slo_id
    from measured

),

final as (

    select
        slo_id,
        slo_date,
        slo_name,
        service_id,
        cast(objective as decimal(18, 9)) as objective,
        budgeting_method,
        case when budgeting_method = 'occurrences' then 'events' else 'slices' end as counted_unit,
        window_type,
        window_days,
        cast(good as decimal(38, 9)) as good,
        cast(total as decimal(38, 9)) as total,
        cast(total - good as decimal(38, 9)) as bad,
        cast(good as double) / nullif(cast(total as double), 0) as attainment_share,
        cast(intervals as bigint) as intervals,
        cast(longest_interval_seconds as bigint) as longest_interval_seconds,
        cast(data_seconds as bigint) as data_seconds,
        cast(expected_seconds as bigint) as expected_seconds,
        -- A sample that began before midnight may end after it.
        least(1.0, cast(data_seconds as double) / nullif(expected_seconds, 0)) as coverage_share,
        day_started_at,
        day_ended_at,
        case when leading_slo_id <> slo_id and total > 0 then leading_slo_id end as same_events_as_slo_id,
        case
            when data_seconds = 0 then 'no_data'
            when total = 0 then 'no_events'
            when leading_slo_id <> slo_id then 'same_events_as_stricter_objective'
        end as exclusion_reason
    from ranked

)

select
    slo_id,
    slo_date,
    slo_name,
    service_id,
    objective,
    budgeting_method,
    counted_unit,
    window_type,
    window_days,
    good,
    total,
    bad,
    cast(attainment_share as double) as attainment_share,
    intervals,
    longest_interval_seconds,
    data_seconds,
    expected_seconds,
    cast(coverage_share as double) as coverage_share,
    day_started_at,
    day_ended_at,
    same_events_as_slo_id,
    exclusion_reason
from final
