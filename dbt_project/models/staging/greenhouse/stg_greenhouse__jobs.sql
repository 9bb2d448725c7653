with

source as (

    select * from {{ source('raw_greenhouse', 'jobs') }}

)

select
    job_id,
    trim(job_name) as job_name,
    {{ slug('status') }} as status,
    department_id,
    department_name,
    department_external_id,
    hiring_manager_id,
    {{ tri_state('is_evergreen') }} as is_evergreen,
    opened_at,
    closed_at,
    openings
from source
where not coalesce(is_deleted, false) and not coalesce(is_template, false)
