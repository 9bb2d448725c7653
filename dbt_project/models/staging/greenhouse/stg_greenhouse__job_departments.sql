with

source as (

    select * from {{ source('raw_greenhouse', 'job_departments') }}

)

select
    job_id,
    min(department_id) as department_id
from source
group by job_id
