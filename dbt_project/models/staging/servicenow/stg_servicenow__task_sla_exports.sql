select
    task_number,
    sla_definition,
    target,
    stage,
    started_at,
    ended_at
from {{ source('raw_servicenow', 'task_sla_exports') }}
