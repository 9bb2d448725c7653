-- Systems that tell alerts beside incidents. An alert's service is that of the incident whose responders
-- it calls, else what the catalogue knows it by: the service it names, its sender, the team it went to.
with told as (

    select
        'opsgenie' as source_system,
        'opsgenie:' || alert_id as alert_id,
        'opsgenie:' || responder_of_incident_id as incident_id,
        title,
        status,
        priority,
        named_service,
        integration_name as sender,
        owner_team_id as source_team_id,
        created_at,
        acknowledged_at,
        closed_at
    from {{ ref('stg_opsgenie__alerts') }}
    union all
    select
        source_system,
        alert_id,
        incident_id,
        title,
        status,
        priority,
        named_service,
        sender,
        source_team_id,
        created_at,
        acknowledged_at,
        closed_at
    from {{ ref('int_datadog_alerts') }}

),

urgencies as (

    select
        system,
        raw_value,
        status as urgency
    from {{ ref('status_map') }}
    where concept = 'urgency'

),

identifiers as (

    select * from {{ ref('int_service_identifiers') }}

),

services as (

    select distinct service_id
    from {{ ref('int_service_ownership') }}

),

ruled as (

    select
        told.alert_id,
        1 as is_test
    from told
    inner join {{ ref('incident_rules') }} as rules
        on
            rules.rule = 'test'
            and rules.field = 'title'
            and {{ matches_pattern('lower(told.title)', 'rules.pattern') }}
    group by told.alert_id

)

select
    told.alert_id,
    told.source_system,
    incidents.incident_id,
    told.title,
    told.status,
    told.priority,
    urgencies.urgency,
    coalesce(
        nullif(incidents.service_id, 'unmapped'),
        by_name.service_id,
        services.service_id,
        by_sender.service_id,
        by_team.service_id,
        'unmapped'
    ) as service_id,
    coalesce(told.named_service, told.sender, told.source_team_id) as source_service_id,
    told.created_at,
    told.acknowledged_at,
    told.closed_at,
    coalesce(ruled.is_test, 0) = 1 or coalesce(incidents.exclusion_reason = 'test', false) as is_test
from told
left join {{ ref('int_incidents') }} as incidents on told.incident_id = incidents.incident_id
left join urgencies
    on
        told.source_system = urgencies.system
        and lower(told.priority) = urgencies.raw_value
left join identifiers as by_name
    on
        told.source_system = by_name.tool
        and lower(told.named_service) = by_name.identifier
left join identifiers as by_sender
    on
        told.source_system = by_sender.tool
        and lower(told.sender) = by_sender.identifier
left join identifiers as by_team
    on
        told.source_system = by_team.tool
        and lower(told.source_team_id) = by_team.identifier
left join services on lower(told.named_service) = lower(services.service_id)
left join ruled on told.alert_id = ruled.alert_id
