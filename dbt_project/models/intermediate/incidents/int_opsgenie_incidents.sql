{#- Opsgenie tells no instant of a resolution: the end of the impact is the restoration, the last change stands for the rest. -#}
{{ config(materialized='view') }}

with responder_alerts as (

    select
        responder_of_incident_id as incident_id,
        min(case when is_acknowledged_by_person then acknowledged_at end) as acknowledged_at
    from {{ ref('stg_opsgenie__alerts') }}
    where responder_of_incident_id is not null
    group by responder_of_incident_id

),

statuses as (

    select
        raw_value,
        status
    from {{ ref('status_map') }}
    where system = 'opsgenie' and concept = 'incident'

)

select
    'opsgenie' as source_system,
    'opsgenie:' || incidents.incident_id as incident_id,
    incidents.title,
    incidents.status,
    'high' as urgency,
    incidents.priority,
    cast(null as string) as incident_type,
    {{ json_text('incidents.impacted_services', '[0]') }} as source_service_id,
    incidents.description as details,
    cast(null as string) as caused_by_deployment,
    cast(null as string) as caused_by_sha,
    incidents.created_at,
    cast(null as timestamp) as detected_at,
    incidents.impact_started_at,
    responder_alerts.acknowledged_at,
    incidents.impact_ended_at as mitigated_at,
    case when statuses.status = 'resolved' then greatest(incidents.updated_at, incidents.created_at) end as resolved_at,
    false as is_merged,
    cast(null as string) as merged_into_incident_id,
    cast(null as string) as problem_id,
    cast(null as string) as problem_title
from {{ ref('stg_opsgenie__incidents') }} as incidents
left join responder_alerts on incidents.incident_id = responder_alerts.incident_id
left join statuses on incidents.status = statuses.raw_value
