with

source as (

    select * from {{ source('raw_bamboohr', 'job_information') }}

)

select
    worker_id,
    effective_on as effective_date,
    trim(department) as department,
    _file_id,
    _row
from source
where effective_on is not null
