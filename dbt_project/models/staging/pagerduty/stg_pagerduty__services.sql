select
    service_id,
    service_name,
    status,
    escalation_policy_id,
    urgency,
    teams,
    created_at,
    updated_at
from {{ source('raw_pagerduty', 'services') }}
