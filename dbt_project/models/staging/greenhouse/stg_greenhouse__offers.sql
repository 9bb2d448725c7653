with

source as (

    select * from {{ source('raw_greenhouse', 'offers') }}

)

select
    offer_id,
    coalesce(version, 1) as version,
    application_id,
    {{ slug('status') }} as status,
    created_at,
    updated_at,
    sent_on as sent_date,
    resolved_at,
    starts_on as starts_date
from source
