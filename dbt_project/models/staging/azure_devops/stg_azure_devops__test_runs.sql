select
    organization,
    project,
    run_id,
    name,
    state,
    build_id,
    stage_attempt,
    job_name,
    total_tests,
    started_at,
    completed_at,
    last_updated_at
from {{ source('raw_azure_devops', 'test_runs') }}
