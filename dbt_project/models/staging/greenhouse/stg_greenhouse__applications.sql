with

source as (

    select * from {{ source('raw_greenhouse', 'applications') }}

)

select
    application_id,
    candidate_id,
    job_id,
    coalesce(is_prospect, false) as is_prospect,
    {{ slug('status') }} as status,
    applied_at,
    rejected_at,
    last_activity_at,
    current_stage_id,
    current_stage_name,
    rejection_reason_id,
    rejection_reason_name as rejection_reason,
    rejection_type_name as rejection_type,
    coalesce(is_deleted, false) as is_deleted
from source
