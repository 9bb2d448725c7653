with

source as (

    select * from {{ source('raw_greenhouse', 'job_stages') }}

)

select
    stage_id,
    job_id,
    stage_name,
    priority
from source
