with

source as (

    select * from {{ source('raw_greenhouse', 'ats_openings') }}

)

select
    opening_id,
    job_id,
    trim(job_name) as job_name,
    trim(department) as department_name,
    {{ slug('status') }} as status,
    {{ tri_state('is_evergreen') }} as is_evergreen,
    opened_at,
    closed_at,
    close_reason,
    application_id,
    hiring_manager_id
from source
