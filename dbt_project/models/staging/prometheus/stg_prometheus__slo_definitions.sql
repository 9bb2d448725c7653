with

source as (

    select * from {{ source('raw_prometheus', 'slo_definitions') }}

),

parsed as (

    select
        slo_name,
        coalesce(slo_display_name, slo_name) as slo_display_name,
        objective_name,
        cast(coalesce(target, target_percent / 100) as decimal(18, 9)) as objective,
        cast(time_slice_target as decimal(18, 9)) as time_slice_target,
        case
            when {{ matches_pattern('time_slice_window', "'^[0-9]{1,6}$'") }}
                then 60 * cast(time_slice_window as bigint)
            when {{ matches_pattern('time_slice_window', "'^[0-9]{1,6}[smh]$'") }}
                then
                    cast(substr(time_slice_window, 1, length(time_slice_window) - 1) as bigint)
                    * case substr(time_slice_window, length(time_slice_window), 1)
                        when 's' then 1
                        when 'm' then 60
                        else 3600
                    end
        end as time_slice_seconds,
        service,
        description,
        case lower(replace(replace(budgeting_method, '_', ''), '-', ''))
            when 'occurrences' then 'occurrences'
            when 'timeslices' then 'timeslices'
            when 'ratiotimeslices' then 'ratio_timeslices'
        end as budgeting_method,
        {{ slo_window('window_duration', 'count') }} as window_count,
        {{ slo_window('window_duration', 'unit') }} as window_unit,
        case
            when is_rolling then 'rolling'
            when not is_rolling or calendar_started_local_at is not null then 'calendar'
            else 'rolling'
        end as window_type,
        calendar_started_local_at,
        calendar_time_zone,
        coalesce(indicator, indicator_ref) as query,
        valid_from
    from source

)

select * from parsed
