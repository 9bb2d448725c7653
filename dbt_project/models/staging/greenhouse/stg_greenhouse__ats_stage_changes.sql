with

source as (

    select * from {{ source('raw_greenhouse', 'ats_stage_changes') }}

)

select
    application_id,
    stage as stage_name,
    entered_at
from source
