select
    action_id,
    incident_id,
    work_item,
    service_id,
    created_on,
    first_due_date,
    due_date,
    completed_on,
    status
from {{ source('raw_catalogue', 'postmortem_actions') }}
