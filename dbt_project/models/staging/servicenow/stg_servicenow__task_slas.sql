select
    task_sla_id,
    task_id,
    target,
    stage,
    has_breached,
    started_at,
    ended_at
from {{ source('raw_servicenow', 'task_slas') }}
