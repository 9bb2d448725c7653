select
    project_id,
    org_id,
    target_id,
    repository,
    project_name,
    manifest_path,
    project_type,
    origin,
    status,
    branch,
    created_at
from {{ source('raw_snyk', 'projects') }}
