select
    note_id,
    noteable_type,
    merge_request_id,
    author_id,
    coalesce(is_system, false) as is_system,
    verdict,
    created_at
from {{ source('raw_gitlab', 'merge_request_notes') }}
