select
    deployment_id,
    repository,
    coalesce(environment, original_environment) as environment,
    sha,
    ref,
    task,
    {{ valid_json('payload') }} as payload,
    description,
    creator_id,
    creator_type,
    state,
    statuses,
    latest_status,
    created_at,
    updated_at
from {{ source('raw_github', 'deployments') }}
