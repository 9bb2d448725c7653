with

source as (

    select * from {{ source('raw_lever', 'offers') }}

)

select
    offer_id,
    opportunity_id,
    {{ slug('status') }} as status,
    created_at,
    sent_at,
    decided_at
from source
where not coalesce(is_deleted, false)
