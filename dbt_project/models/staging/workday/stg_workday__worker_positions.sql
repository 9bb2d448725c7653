with

source as (

    select * from {{ source('raw_workday', 'worker_position_history') }}

),

dated as (

    select
        worker_id,
        position_id,
        history_started_at,
        coalesce(effective_on, started_on, cast(history_started_at as date)) as valid_from,
        ended_on,
        case
            when history_ended_at < cast('9999-01-01 00:00:00' as timestamp)
                then cast({{ dbt.dateadd('day', 1, 'cast(history_ended_at as date)') }} as date)
            else cast('9999-12-31' as date)
        end as history_valid_to,
        {{ slug('employee_type') }} as employee_type,
        coalesce(is_external, false) as is_external,
        coalesce(is_excluded_from_headcount, false) as is_excluded_from_headcount,
        coalesce(is_primary_job, true) as is_primary_job,
        cast(coalesce(fte_percent / 100, 1) as decimal(9, 4)) as fte,
        coalesce(is_deleted, false) as is_deleted,
        _file_id,
        _row
    from source

),

final as (

    select
        worker_id,
        position_id,
        history_started_at,
        coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
        case
            when ended_on is not null and ended_on < cast('9999-12-31' as date)
                then least(cast({{ dbt.dateadd('day', 1, 'ended_on') }} as date), history_valid_to)
            else history_valid_to
        end as valid_to,
        employee_type,
        is_external,
        is_excluded_from_headcount,
        is_primary_job,
        fte,
        case
            when is_deleted then 'deleted'
            when ended_on < valid_from then 'end_before_start'
            when history_valid_to <= valid_from then 'superseded_before_start'
        end as exclusion_reason,
        _file_id,
        _row
    from dated

)

select * from final
