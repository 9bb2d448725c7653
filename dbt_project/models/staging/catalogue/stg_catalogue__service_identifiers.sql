select
    tool,
    lower(identifier) as identifier,
    service_id
from {{ source('raw_catalogue', 'service_identifiers') }}
