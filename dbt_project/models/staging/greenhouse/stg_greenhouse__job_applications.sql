with

source as (

    select * from {{ source('raw_greenhouse', 'job_applications') }}

)

-- A prospect may stand for several jobs; an application has one.
select
    application_id,
    min(job_id) as job_id
from source
group by application_id
