with

source as (

    select * from {{ source('raw_greenhouse', 'rejection_reasons') }}

)

select
    rejection_reason_id,
    rejection_reason_name,
    rejection_type_name
from source
