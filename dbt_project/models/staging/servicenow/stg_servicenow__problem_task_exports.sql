select
    task_number,
    substring(title, 1, 200) as title,
    state,
    coalesce(nullif(regexp_extract(priority, '^([0-9]+)', 1), ''), priority) as priority,
    problem,
    business_service,
    configuration_item,
    opened_at as created_at,
    due_at,
    work_started_at,
    closed_at
from {{ source('raw_servicenow', 'problem_task_exports') }}
