select
    run_id,
    coalesce(run_attempt, 1) as attempt,
    repository,
    workflow_name,
    workflow_path,
    event as trigger_event,
    status,
    conclusion,
    head_branch,
    head_sha,
    head_repository,
    actor_id,
    created_at,
    coalesce(run_started_at, created_at) as started_at,
    updated_at
from {{ source('raw_github', 'workflow_runs') }}
