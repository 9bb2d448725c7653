select
    incident_id,
    substring(title, 1, 200) as title,
    status,
    priority,
    {{ valid_json('impacted_services') }} as impacted_services,
    {{ valid_json('extra_properties') }} as extra_properties,
    description,
    created_at,
    impact_started_at,
    impact_ended_at,
    updated_at
from {{ source('raw_opsgenie', 'incidents') }}
