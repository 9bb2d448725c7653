select
    service_id,
    coalesce(service_name, service_id) as service_name,
    coalesce(tier, 'unmapped') as tier,
    lifecycle,
    coalesce(valid_from, date '1900-01-01') as valid_from,
    coalesce(valid_to, date '9999-12-31') as valid_to
from {{ source('raw_catalogue', 'services') }}
