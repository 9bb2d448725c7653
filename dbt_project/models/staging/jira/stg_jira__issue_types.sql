select
    issue_type_id,
    issue_type,
    is_subtask,
    hierarchy_level
from {{ source('raw_jira', 'issue_types') }}
