select
    service_id,
    service_name,
    team_id
from {{ source('raw_opsgenie', 'services') }}
