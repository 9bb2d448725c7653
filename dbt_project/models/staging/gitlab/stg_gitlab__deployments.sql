select
    deployment_id,
    repository,
    project_id,
    environment,
    environment_tier,
    sha,
    ref,
    status,
    pipeline_id,
    deployer_id,
    created_at,
    updated_at,
    started_at,
    finished_at
from {{ source('raw_gitlab', 'deployments') }}
