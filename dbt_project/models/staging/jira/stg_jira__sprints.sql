select
    sprint_id,
    sprint_name,
    state,
    board_id,
    started_at,
    ends_at,
    completed_at
from {{ source('raw_jira', 'sprints') }}
