with

definitions as (

    select * from {{ ref('int_slo_definitions') }}
    where exclusion_reason is null

),

samples as (

    select
        slo_id,
        interval_started_at,
        interval_seconds,
        {{ epoch_seconds('interval_started_at') }} as started_epoch,
        {{ business_date('interval_started_at') }} as unit_date,
        good,
        total
    from {{ ref('int_sli_samples') }}
    where
        exclusion_reason is null
        and {{ business_date('interval_started_at') }} <= cast('{{ var("as_of_date") }}' as date)

),

sampled as (

    select distinct slo_id as sample_id
    from samples

),

-- Samples may be kept per objective or once for all objectives of a document.
sources as (

    select distinct
        definitions.slo_id,
        coalesce(by_objective.sample_id, by_document.sample_id) as sample_id
    from definitions
    left join sampled as by_objective
        on by_objective.sample_id = definitions.slo_id
    left join sampled as by_document
        on by_document.sample_id = definitions.document_id
    where coalesce(by_objective.sample_id, by_document.sample_id) is not null

),

defined as (

    select
        definitions.slo_id,
        samples.started_epoch,
        samples.interval_started_at,
        samples.interval_seconds,
        samples.unit_date,
        samples.good,
        samples.total,
        definitions.budgeting_method,
        definitions.time_slice_target,
        case
            when definitions.time_slice_seconds > samples.interval_seconds
                then definitions.time_slice_seconds
            else samples.interval_seconds
        end as unit_seconds,
        definitions.time_slice_seconds,
        definitions.calendar_months,
        definitions.calendar_days,
        definitions.calendar_started_local_at,
        definitions.calendar_time_zone
    from samples
    inner join sources
        on sources.sample_id = samples.slo_id
    inner join definitions
        on
            definitions.slo_id = sources.slo_id
            and samples.unit_date >= definitions.valid_from
            and samples.unit_date < definitions.valid_to

),

whole as (

    select
        slo_id,
        started_epoch,
        interval_started_at as started_at,
        unit_date,
        unit_seconds,
        interval_seconds as longest_interval_seconds,
        interval_seconds as data_seconds,
        good,
        total,
        budgeting_method,
        time_slice_target,
        time_slice_seconds,
        calendar_months,
        calendar_days,
        calendar_started_local_at,
        calendar_time_zone
    from defined
    where interval_seconds = unit_seconds

),

-- Samples finer than the slice are added up to it before it is judged.
pieced as (

    select
        slo_id,
        min(started_epoch) as started_epoch,
        min(interval_started_at) as started_at,
        min(unit_date) as unit_date,
        unit_seconds,
        max(interval_seconds) as longest_interval_seconds,
        cast(sum(interval_seconds) as bigint) as data_seconds,
        cast(sum(good) as decimal(38, 9)) as good,
        cast(sum(total) as decimal(38, 9)) as total,
        budgeting_method,
        time_slice_target,
        time_slice_seconds,
        calendar_months,
        calendar_days,
        calendar_started_local_at,
        calendar_time_zone
    from defined
    where interval_seconds < unit_seconds
    group by
        slo_id,
        floor(started_epoch / unit_seconds),
        unit_seconds,
        budgeting_method,
        time_slice_target,
        time_slice_seconds,
        calendar_months,
        calendar_days,
        calendar_started_local_at,
        calendar_time_zone

),

units as (

    select
        slo_id, started_epoch, started_at, unit_date, unit_seconds, longest_interval_seconds, data_seconds, good, total,
        budgeting_method, time_slice_target, time_slice_seconds, calendar_months, calendar_days,
        calendar_started_local_at, calendar_time_zone
    from whole

    union all

    select
        slo_id, started_epoch, started_at, unit_date, unit_seconds, longest_interval_seconds, data_seconds, good, total,
        budgeting_method, time_slice_target, time_slice_seconds, calendar_months, calendar_days,
        calendar_started_local_at, calendar_time_zone
    from pieced

),

-- A sample longer than the slice stands for as many slices as fit into it: finer than its samples nothing is known.
weighed as (

    select
        *,
        cast(
            case when total > 0 then cast(data_seconds as double) / nullif(time_slice_seconds, 0) else 0 end
            as decimal(38, 9)
        ) as slices,
        cast(good as double) / nullif(cast(total as double), 0) as good_share
    from units

),

counted as (

    select
        *,
        case when budgeting_method = 'occurrences' then total else slices end as valid_units,
        case
            when budgeting_method = 'occurrences' then good
            -- good ÷ total ≥ target, without the rounding of a division
            when budgeting_method = 'timeslices'
                then case when good >= cast(total as decimal(28, 9)) * cast(time_slice_target as decimal(10, 9)) then slices else 0 end
            else cast(cast(slices as double) * coalesce(good_share, 0) as decimal(38, 9))
        end as good_units
    from weighed

),

final as (

    select
        slo_id,
        started_at as unit_started_at,
        started_epoch + unit_seconds as ended_epoch,
        unit_date,
        unit_seconds,
        longest_interval_seconds,
        data_seconds,
        cast(good_units as decimal(38, 9)) as good_units,
        cast(valid_units as decimal(38, 9)) as valid_units,
        {{ slo_calendar_window('started_at') }} as calendar_window
    from counted

)

select * from final
