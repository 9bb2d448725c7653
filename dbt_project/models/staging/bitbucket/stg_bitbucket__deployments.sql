select
    deployment_uuid,
    repository,
    environment,
    environment_kind,
    sha,
    release_name,
    pipeline_uuid,
    step_uuid,
    state,
    result,
    created_at,
    started_at,
    completed_at,
    updated_at
from {{ source('raw_bitbucket', 'deployments') }}
