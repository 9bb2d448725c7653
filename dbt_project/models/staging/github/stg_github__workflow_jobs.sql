select
    job_id,
    run_id,
    coalesce(run_attempt, 1) as attempt,
    repository,
    workflow_name,
    job_name,
    status,
    conclusion,
    head_sha,
    created_at,
    started_at,
    completed_at,
    runner_name
from {{ source('raw_github', 'workflow_jobs') }}
