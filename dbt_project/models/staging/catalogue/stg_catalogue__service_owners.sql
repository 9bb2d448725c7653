select
    service_id,
    team_id,
    coalesce(valid_from, date '1900-01-01') as valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('raw_catalogue', 'service_owners') }}
