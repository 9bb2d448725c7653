select
    step_uuid,
    coalesce(run_number, 1) as run_number,
    pipeline_uuid,
    state,
    result,
    started_at,
    completed_at
from {{ source('raw_bitbucket', 'pipeline_steps') }}
