select
    note_id,
    noteable_type,
    merge_request_id,
    author_id,
    coalesce(is_system, false) as is_system,
    -- Before version 13.2 GitLab called a draft a work in progress.
    case
        when verdict like 'marked%ready' or verdict like 'unmarked%' then 'ready'
        when verdict like 'marked%' then 'draft'
        else verdict
    end as verdict,
    created_at
from {{ source('raw_gitlab', 'merge_request_notes') }}
