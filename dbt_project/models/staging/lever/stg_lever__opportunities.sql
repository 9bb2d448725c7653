with

source as (

    select * from {{ source('raw_lever', 'opportunities') }}

)

select
    opportunity_id,
    contact_id,
    created_at,
    archived_at,
    archive_reason_id,
    stage_id,
    stage_changes,
    posting_id,
    requisition_id,
    coalesce(is_anonymized, false) as is_anonymized,
    coalesce(is_deleted, false) as is_deleted
from source
