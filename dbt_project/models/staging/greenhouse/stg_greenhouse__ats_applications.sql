with

source as (

    select * from {{ source('raw_greenhouse', 'ats_applications') }}

)

select
    application_id,
    candidate_id,
    job_id,
    coalesce(is_prospect, false) as is_prospect,
    {{ slug('status') }} as status,
    stage,
    applied_at,
    rejected_at,
    rejection_reason,
    hired_at
from source
