with

source as (

    select * from {{ source('raw_greenhouse', 'ats_stage_changes') }}

)

-- Two files of one delivery may tell of one change.
select distinct
    application_id,
    stage as stage_name,
    entered_at
from source
