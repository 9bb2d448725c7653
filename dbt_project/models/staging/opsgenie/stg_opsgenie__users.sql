select
    user_id,
    time_zone
from {{ source('raw_opsgenie', 'users') }}
