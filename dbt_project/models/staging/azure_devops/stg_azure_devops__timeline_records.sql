select
    organization,
    build_id,
    record_id,
    parent_id,
    record_type,
    name,
    identifier,
    state,
    result,
    attempt,
    started_at,
    finished_at
from {{ source('raw_azure_devops', 'timeline_records') }}
