select
    project_id,
    repository,
    default_branch
from {{ source('raw_gitlab', 'projects') }}
