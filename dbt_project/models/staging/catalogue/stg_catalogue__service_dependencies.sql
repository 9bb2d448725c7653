select
    service_id,
    depends_on_service_id
from {{ source('raw_catalogue', 'service_dependencies') }}
