with

source as (

    select * from {{ source('raw_workday', 'performance_ratings') }}

)

select
    worker_id,
    rated_on as rated_date,
    {{ slug('rating') }} as rating,
    review_cycle,
    _file_id,
    _row
from source
