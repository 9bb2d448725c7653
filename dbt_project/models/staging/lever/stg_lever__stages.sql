with

source as (

    select * from {{ source('raw_lever', 'stages') }}

)

select
    stage_id,
    stage_name
from source
