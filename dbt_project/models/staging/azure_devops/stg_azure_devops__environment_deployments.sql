select
    organization,
    project,
    environment,
    environment_id,
    record_id,
    stage_name,
    job_name,
    stage_attempt,
    job_attempt,
    definition_id,
    definition_name,
    build_id,
    result,
    queued_at,
    started_at,
    finished_at
from {{ source('raw_azure_devops', 'environment_deployments') }}
