-- Millions of samples pass through here: they are read once per use and never carried wide, since a common table
-- expression that is used twice is written down in full.
{%- set sample_columns -%}
        samples.interval_started_at,
        samples.interval_seconds,
        {{ epoch_seconds('samples.interval_started_at') }} as started_epoch,
        {{ business_date('samples.interval_started_at') }} as unit_date,
        samples.good,
        samples.total
{%- endset -%}
{%- set counts -%}
        samples.exclusion_reason is null
        and {{ business_date('samples.interval_started_at') }} <= cast('{{ var("as_of_date") }}' as date)
{%- endset %}
with

definitions as (

    select * from {{ ref('int_slo_definitions') }}
    where exclusion_reason is null

),

sampled as (

    select distinct slo_id as sample_id
    from {{ ref('int_sli_samples') }}
    where exclusion_reason is null

),

-- Samples may be kept per objective or once for all objectives of a document.
streams as (

    select
        definitions.slo_id,
        coalesce(by_objective.sample_id, by_document.sample_id) as sample_id,
        definitions.valid_from,
        definitions.valid_to,
        coalesce(definitions.time_slice_seconds, 0) as slice_seconds
    from definitions
    left join sampled as by_objective
        on definitions.slo_id = by_objective.sample_id
    left join sampled as by_document
        on definitions.document_id = by_document.sample_id
    where coalesce(by_objective.sample_id, by_document.sample_id) is not null

),

whole as (

    select
        streams.slo_id,
        {{ sample_columns }}
    from {{ ref('int_sli_samples') }} as samples
    inner join streams
        on
            samples.slo_id = streams.sample_id
            and samples.interval_seconds >= streams.slice_seconds
            and {{ business_date('samples.interval_started_at') }} >= streams.valid_from
            and {{ business_date('samples.interval_started_at') }} < streams.valid_to
    where
        {{ counts }}

),

pieces as (

    select
        streams.slo_id,
        streams.slice_seconds,
        {{ sample_columns }}
    from {{ ref('int_sli_samples') }} as samples
    inner join streams
        on
            samples.slo_id = streams.sample_id
            and samples.interval_seconds < streams.slice_seconds
            and {{ business_date('samples.interval_started_at') }} >= streams.valid_from
            and {{ business_date('samples.interval_started_at') }} < streams.valid_to
    where
        {{ counts }}

),

-- Samples finer than the slice are added up to it before it is judged.
units as (

    select
        slo_id,
        interval_started_at as started_at,
        started_epoch,
        unit_date,
        interval_seconds as unit_seconds,
        interval_seconds as longest_interval_seconds,
        interval_seconds as data_seconds,
        good,
        total
    from whole

    union all

    select
        slo_id,
        min(interval_started_at) as started_at,
        min(started_epoch) as started_epoch,
        min(unit_date) as unit_date,
        slice_seconds as unit_seconds,
        max(interval_seconds) as longest_interval_seconds,
        cast(sum(interval_seconds) as bigint) as data_seconds,
        cast(sum(good) as decimal(38, 9)) as good,
        cast(sum(total) as decimal(38, 9)) as total
    from pieces
    group by slo_id, slice_seconds, floor(started_epoch / slice_seconds)

),

-- A sample longer than the slice stands for as many slices as fit into it: finer than its samples nothing is known.
weighed as (

    select
        units.slo_id,
        units.started_at,
        units.started_epoch,
        units.unit_date,
        units.unit_seconds,
        units.longest_interval_seconds,
        units.data_seconds,
        units.good,
        units.total,
        definitions.budgeting_method,
        definitions.time_slice_target,
        definitions.calendar_months,
        definitions.calendar_days,
        definitions.calendar_started_local_at,
        definitions.calendar_time_zone,
        case
            when definitions.budgeting_method <> 'occurrences'
                then
                    cast(
                        case
                            when units.total > 0
                                then cast(units.data_seconds as double) / definitions.time_slice_seconds
                            else 0
                        end as decimal(38, 9)
                    )
        end as slices
    from units
    inner join definitions
        on
            units.slo_id = definitions.slo_id
            and units.unit_date >= definitions.valid_from
            and units.unit_date < definitions.valid_to

)

select
    slo_id,
    started_at as unit_started_at,
    started_epoch + unit_seconds as ended_epoch,
    unit_date,
    unit_seconds,
    longest_interval_seconds,
    data_seconds,
    cast(
        case budgeting_method
            when 'occurrences' then good
            -- good ÷ total ≥ target, without the rounding of a division
            when 'timeslices'
                then
                    case
                        when good >= cast(total as decimal(28, 9)) * cast(time_slice_target as decimal(10, 9))
                            then slices
                        else 0
                    end
            else
                cast(
                    cast(slices as double) * coalesce(cast(good as double) / nullif(cast(total as double), 0), 0)
                    as decimal(38, 9)
                )
        end as decimal(38, 9)
    ) as good_units,
    cast(case when budgeting_method = 'occurrences' then total else slices end as decimal(38, 9)) as valid_units,
    {{ slo_calendar_window('started_at') }} as calendar_window
from weighed
