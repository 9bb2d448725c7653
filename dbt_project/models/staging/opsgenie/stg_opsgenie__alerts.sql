select
    alert_id,
    alias,
    nullif(
        regexp_extract(alias, '^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})_[0-9a-f]{8}-', 1), ''
    ) as responder_of_incident_id,
    substring(title, 1, 200) as title,
    status,
    priority,
    coalesce(nullif(regexp_extract(tags, '"service:([^"]+)"', 1), ''), entity) as named_service,
    integration_name,
    owner_team_id,
    cast(
        case
            when ack_ms is not null then {{ dbt.dateadd('second', whole_quotient('ack_ms', 1000), 'created_at') }}
        end as timestamp
    ) as acknowledged_at,
    acknowledged_by_sign is not null as is_acknowledged_by_person,
    cast(
        case
            when close_ms is not null then {{ dbt.dateadd('second', whole_quotient('close_ms', 1000), 'created_at') }}
        end as timestamp
    ) as closed_at,
    closed_by_sign is not null as is_closed_by_person,
    created_at,
    updated_at
from {{ source('raw_opsgenie', 'alerts') }}
