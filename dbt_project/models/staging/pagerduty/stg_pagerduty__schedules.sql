select
    schedule_id,
    schedule_name,
    time_zone,
    teams,
    escalation_policies
from {{ source('raw_pagerduty', 'schedules') }}
