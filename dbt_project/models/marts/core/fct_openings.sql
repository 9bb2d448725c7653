with

openings as (

    select * from {{ ref('int_openings') }}

)

select
    source_system || ':' || opening_id as opening_key,
    source_system,
    opening_id,
    job_id,
    job_name,
    team_id,
    team_method,
    hiring_manager_id is not null as has_hiring_manager,
    is_evergreen,
    opening_status,
    opened_date,
    closed_date,
    accepted_date,
    accepted_told_by,
    close_reason,
    close_kind,
    case
        when exclusion_reason is null or exclusion_reason = 'negative_span' then time_to_fill_days
    end as time_to_fill_days,
    case when exclusion_reason is null then time_to_hire_days end as time_to_hire_days,
    case
        when opening_status in ('open', 'on_hold') and not is_evergreen
            then {{ dbt.datediff('opened_date', "cast('" ~ var('as_of_date') ~ "' as date)", 'day') }}
    end as open_days,
    exclusion_reason
from openings
where opened_date is null or opened_date <= cast('{{ var("as_of_date") }}' as date)
