with

source as (

    select * from {{ source('raw_greenhouse', 'activity_feed') }}

)

select
    activity_id,
    application_id,
    candidate_id,
    happened_at,
    {{ slug('activity_kind') }} as activity_kind,
    moved_into
from source
