with

source as (

    select * from {{ source('raw_greenhouse', 'close_reasons') }}

)

select
    close_reason_id,
    close_reason_name
from source
