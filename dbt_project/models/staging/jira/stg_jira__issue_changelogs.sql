select
    issue_id,
    history_id,
    field,
    from_id,
    to_id,
    changed_at
from {{ source('raw_jira', 'issue_changelogs') }}
