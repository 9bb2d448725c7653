select
    incident_id,
    incident_number,
    substring(title, 1, 200) as title,
    service_id,
    service_name,
    urgency,
    priority,
    incident_type,
    is_major,
    coalesce(
        status, case when resolved_at is null and seconds_to_resolve is null then 'triggered' else 'resolved' end
    ) as status,
    created_at,
    cast(
        case
            when seconds_to_first_ack is not null then {{ dbt.dateadd('second', 'seconds_to_first_ack', 'created_at') }}
        end as timestamp
    )
        as acknowledged_at,
    cast(
        coalesce(
            resolved_at,
            case
                when seconds_to_resolve is not null then {{ dbt.dateadd('second', 'seconds_to_resolve', 'created_at') }}
            end
        ) as timestamp
    )
        as resolved_at
from {{ source('raw_pagerduty', 'incidents_raw_csv') }}
