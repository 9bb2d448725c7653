select
    worker_id,
    successor_id,
    {{ slug('readiness') }} as readiness,
    planned_on
from {{ source('raw_workday', 'successors') }}
