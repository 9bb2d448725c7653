select
    organization,
    project,
    run_id,
    result_id,
    title,
    test_name,
    test_storage,
    outcome,
    build_id,
    duration_ms,
    result_group,
    sub_results,
    started_at,
    completed_at,
    last_updated_at
from {{ source('raw_azure_devops', 'test_results') }}
