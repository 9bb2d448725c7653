with

source as (

    select * from {{ source('raw_lever', 'requisitions') }}

)

select
    requisition_id,
    requisition_name,
    {{ slug('status') }} as status,
    case when {{ matches_pattern('headcount_total', "'^[0-9]{1,6}$'") }} then cast(headcount_total as bigint) end
        as headcount_total,
    coalesce(headcount_hired, 0) as headcount_hired,
    coalesce(is_headcount_unlimited, lower(headcount_total) = 'unlimited', false) as is_headcount_unlimited,
    created_at,
    closed_at,
    coalesce(team, department) as department_name,
    hiring_manager_id
from source
where not coalesce(is_deleted, false)
