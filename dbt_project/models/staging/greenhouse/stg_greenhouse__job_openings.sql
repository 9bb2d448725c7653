with

source as (

    select * from {{ source('raw_greenhouse', 'job_openings') }}

)

select
    job_id,
    opening_id,
    case {{ slug('status') }} when 'true' then 'open' when 'false' then 'closed' else {{ slug('status') }} end as status,
    opened_at,
    closed_at,
    application_id,
    close_reason_id,
    close_reason_name as close_reason
from source
