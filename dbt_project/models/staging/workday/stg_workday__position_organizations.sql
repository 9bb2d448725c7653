with

source as (

    select * from {{ source('raw_workday', 'worker_position_organization_history') }}

)

select
    worker_id,
    position_id,
    organization_id,
    coalesce(organization_index, 0) as organization_index,
    history_started_at,
    coalesce(cast(history_started_at as date), cast('1900-01-01' as date)) as valid_from,
    case
        when history_ended_at < cast('9999-01-01 00:00:00' as timestamp)
            then cast({{ dbt.dateadd('day', 1, 'cast(history_ended_at as date)') }} as date)
        else cast('9999-12-31' as date)
    end as valid_to
from source
where not coalesce(is_deleted, false)
