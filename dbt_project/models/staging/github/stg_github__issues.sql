select
    repository,
    issue_number,
    substring(title, 1, 200) as title,
    state,
    state_reason,
    issue_type,
    labels,
    author_id,
    author_type,
    reporter_group,
    pull_request_url is not null as is_pull_request,
    milestone_due_at,
    created_at,
    updated_at,
    closed_at
from {{ source('raw_github', 'issues') }}
