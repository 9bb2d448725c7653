select
    repository,
    issue_number,
    substring(title, 1, 200) as title,
    coalesce(issue_type, 'issue') as issue_type,
    state,
    severity,
    labels,
    label_list,
    author_id,
    weight,
    epic_number,
    epic_title,
    due_date,
    created_at,
    updated_at,
    closed_at
from {{ source('raw_gitlab', 'issues') }}
