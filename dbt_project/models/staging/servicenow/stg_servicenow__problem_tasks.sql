select
    task_number,
    substring(title, 1, 200) as title,
    state,
    priority,
    problem_id,
    problem,
    business_service_id,
    business_service,
    configuration_item_id,
    configuration_item,
    created_at,
    due_at,
    work_started_at,
    closed_at
from {{ source('raw_servicenow', 'problem_tasks') }}
