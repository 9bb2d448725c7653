select
    pipeline_uuid,
    repository,
    repository_uuid,
    pipeline_name,
    state,
    result,
    stage,
    trigger_kind,
    target_kind,
    branch,
    sha,
    created_at,
    completed_at,
    duration_seconds
from {{ source('raw_bitbucket', 'pipelines') }}
