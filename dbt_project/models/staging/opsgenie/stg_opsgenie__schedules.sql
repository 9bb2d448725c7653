select
    schedule_id,
    schedule_name,
    time_zone,
    owner_team_id
from {{ source('raw_opsgenie', 'schedules') }}
