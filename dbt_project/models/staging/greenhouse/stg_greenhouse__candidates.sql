with

source as (

    select * from {{ source('raw_greenhouse', 'candidates') }}

)

select
    candidate_id,
    created_at,
    updated_at
from source
where not coalesce(is_deleted, false)
