select
    worklog_id,
    issue_id,
    author_id,
    time_spent_seconds,
    started_at
from {{ source('raw_jira', 'worklogs') }}
