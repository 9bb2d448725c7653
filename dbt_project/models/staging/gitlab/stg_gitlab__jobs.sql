select
    job_id,
    pipeline_id,
    job_name,
    status,
    coalesce(may_fail, false) as may_fail,
    failure_reason,
    created_at,
    started_at,
    finished_at
from {{ source('raw_gitlab', 'jobs') }}
