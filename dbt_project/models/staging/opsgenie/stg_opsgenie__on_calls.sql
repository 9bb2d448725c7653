select
    schedule_id,
    rotation_id,
    user_id,
    started_at,
    ended_at
from {{ source('raw_opsgenie', 'on_calls') }}
where user_id is not null and coalesce(recipient_type, 'user') <> 'none'
