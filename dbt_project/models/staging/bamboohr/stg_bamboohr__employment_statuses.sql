with

source as (

    select * from {{ source('raw_bamboohr', 'employment_statuses') }}

)

select
    worker_id,
    effective_on as effective_date,
    {{ slug('employment_status') }} as employment_status,
    {{ slug('coalesce(termination_type, termination_reason)') }} as termination_text,
    termination_reason,
    {{ tri_state('regrettable_termination') }} as is_regretted,
    _file_id,
    _row
from source
