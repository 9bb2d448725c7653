select
    issue_id,
    sla_id,
    sla_name,
    {{ valid_json('completed_cycles') }} as completed_cycles,
    ongoing_started_at is not null or ongoing_is_breached is not null as is_ongoing,
    coalesce(ongoing_is_breached, false) as ongoing_is_breached
from {{ source('raw_jira', 'request_slas') }}
