select
    escalation_policy_id,
    escalation_level,
    schedule_id,
    user_id,
    user_time_zone,
    started_at,
    ended_at
from {{ source('raw_pagerduty', 'on_calls') }}
