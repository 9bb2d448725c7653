select
    event_id,
    monitor_id,
    substring(monitor_name, 1, 200) as monitor_name,
    coalesce(group_key, '') as group_key,
    destination_state,
    case when priority in ('1', '2', '3', '4', '5') then 'p' || priority end as priority,
    coalesce(service, nullif(regexp_extract(tags, '"service:([^"]+)"', 1), '')) as service,
    occurred_at
from {{ source('raw_datadog', 'monitor_events') }}
