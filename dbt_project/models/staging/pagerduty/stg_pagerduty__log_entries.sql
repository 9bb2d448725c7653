select
    log_entry_id,
    entry_type,
    incident_id,
    coalesce(user_id, notified_name) as user_id,
    lower(notification_method) as notification_method,
    channel_type,
    agent_id,
    agent_type,
    priority,
    merged_into_number,
    created_at
from {{ source('raw_pagerduty', 'log_entries') }}
