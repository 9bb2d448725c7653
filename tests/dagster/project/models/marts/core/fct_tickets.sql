select
    ticket_id,
    severity,
    updated_at
from {{ ref('stg_tickets__tickets') }}
where {{ counted_until('updated_at') }}
