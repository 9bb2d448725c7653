with

source as (

    select * from {{ source('raw_bamboohr', 'employees') }}

)

select
    worker_id,
    coalesce(hired_on, original_hired_on) as hired_date,
    terminated_on as terminated_date,
    {{ slug('employment_status') }} as employment_status,
    trim(department) as department,
    manager_id,
    changed_at,
    _file_id,
    _row
from source
