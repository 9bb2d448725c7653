select
    agent_id,
    agent_name
from {{ source('raw_tickets', 'agents') }}
