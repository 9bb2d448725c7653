select
    user_id,
    time_zone,
    role,
    teams
from {{ source('raw_pagerduty', 'users') }}
