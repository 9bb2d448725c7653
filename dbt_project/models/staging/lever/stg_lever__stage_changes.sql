with

source as (

    select * from {{ source('raw_lever', 'stage_changes') }}

)

select
    opportunity_id,
    changed_at,
    to_stage_id
from source
