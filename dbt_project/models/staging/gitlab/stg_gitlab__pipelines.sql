select
    pipeline_id,
    repository,
    sha,
    ref,
    pipeline_name,
    status,
    source,
    created_at,
    updated_at
from {{ source('raw_gitlab', 'pipelines') }}
