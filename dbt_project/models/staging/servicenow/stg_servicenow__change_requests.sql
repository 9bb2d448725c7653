select
    change_id,
    change_number,
    substring(title, 1, 200) as title,
    change_type,
    state,
    close_code,
    business_service_id,
    business_service,
    configuration_item_id,
    configuration_item,
    correlation_id,
    work_started_at,
    work_ended_at,
    updated_at
from {{ source('raw_servicenow', 'change_requests') }}
