select
    incident_id,
    incident_number,
    substring(title, 1, 200) as title,
    state,
    priority,
    business_service_id,
    business_service,
    configuration_item_id,
    configuration_item,
    assignment_group_id,
    assignment_group,
    caused_by_change_id,
    parent_incident_id,
    {{ valid_json('custom_fields') }} as custom_fields,
    opened_at as created_at,
    coalesce(resolved_at, closed_at) as resolved_at,
    updated_at
from {{ source('raw_servicenow', 'incidents') }}
