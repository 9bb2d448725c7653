with

source as (

    select * from {{ source('raw_greenhouse', 'application_history') }}

)

select
    application_id,
    changed_at,
    stage_id,
    {{ slug('status') }} as status
from source
