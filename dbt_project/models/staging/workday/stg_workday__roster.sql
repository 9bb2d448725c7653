with

source as (

    select * from {{ source('raw_workday', 'roster') }}

)

select
    worker_id,
    {{ slug('worker_type') }} as worker_type,
    hired_on as hired_date,
    terminated_on as terminated_date,
    {{ slug('coalesce(termination_kind, termination_reason)') }} as termination_text,
    termination_reason,
    {{ tri_state('regretted') }} as is_regretted,
    {{ slug('last_rating') }} as last_rating,
    hr_organization_id,
    manager_id,
    cast(coalesce(fte, 1) as decimal(9, 4)) as fte,
    coalesce(effective_from, hired_on) as valid_from,
    coalesce(effective_to, cast('9999-12-31' as date)) as valid_to,
    updated_at,
    _file_id,
    _row
from source
