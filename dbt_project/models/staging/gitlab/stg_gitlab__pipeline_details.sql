select
    pipeline_id,
    repository,
    sha,
    ref,
    pipeline_name,
    status,
    source,
    created_at,
    updated_at,
    started_at,
    finished_at,
    duration_seconds
from {{ source('raw_gitlab', 'pipeline_details') }}
