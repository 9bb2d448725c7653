{#- The table API's telling of an incident comes before a list export's: its instants have a zone. Of what an incident names
    for its service the first that the catalogue knows counts: service, configuration item, group; by sys_id, then by name. -#}
{{ config(materialized='view') }}

with responses as (

    select
        task_id,
        min(ended_at) as responded_at
    from {{ ref('stg_servicenow__task_slas') }}
    where target = 'response' and stage <> 'cancelled'
    group by task_id

),

exported_responses as (

    select
        task_number,
        min(ended_at) as responded_at
    from {{ ref('stg_servicenow__task_sla_exports') }}
    where target = 'response' and stage <> 'cancelled'
    group by task_number

),

api_incidents as (

    select
        incidents.incident_number,
        incidents.title,
        incidents.state,
        incidents.priority,
        incidents.business_service_id,
        incidents.business_service,
        incidents.configuration_item_id,
        incidents.configuration_item,
        incidents.assignment_group_id,
        incidents.assignment_group,
        changes.change_number as caused_by_change,
        parents.incident_number as parent_incident,
        incidents.parent_incident_id is not null as is_child,
        coalesce(problems.problem_number, incidents.problem, incidents.problem_id) as problem,
        coalesce(problems.title, named_problems.title) as problem_title,
        incidents.created_at,
        coalesce(responses.responded_at, exported_responses.responded_at) as acknowledged_at,
        incidents.resolved_at
    from {{ ref('stg_servicenow__incidents') }} as incidents
    left join {{ ref('stg_servicenow__incidents') }} as parents on incidents.parent_incident_id = parents.incident_id
    left join {{ ref('stg_servicenow__change_requests') }} as changes on incidents.caused_by_change_id = changes.change_id
    left join {{ ref('int_servicenow_problems') }} as problems on incidents.problem_id = problems.problem_id
    left join {{ ref('int_servicenow_problems') }} as named_problems
        on incidents.problem = named_problems.problem_number
    left join responses on incidents.incident_id = responses.task_id
    left join exported_responses on incidents.incident_number = exported_responses.task_number

),

told as (

    select * from api_incidents
    union all
    select
        exports.incident_number,
        exports.title,
        exports.state,
        exports.priority,
        cast(null as string) as business_service_id,
        exports.business_service,
        cast(null as string) as configuration_item_id,
        exports.configuration_item,
        cast(null as string) as assignment_group_id,
        exports.assignment_group,
        exports.caused_by_change,
        exports.parent_incident,
        exports.parent_incident is not null as is_child,
        exports.problem,
        problems.title as problem_title,
        exports.created_at,
        coalesce(exported_responses.responded_at, exports.acknowledged_at) as acknowledged_at,
        exports.resolved_at
    from {{ ref('stg_servicenow__incident_exports') }} as exports
    left join {{ ref('int_servicenow_problems') }} as problems on exports.problem = problems.problem_number
    left join exported_responses on exports.incident_number = exported_responses.task_number
    left join api_incidents on exports.incident_number = api_incidents.incident_number
    where api_incidents.incident_number is null

),

names as (
    {% for column in [
        'business_service_id', 'business_service', 'configuration_item_id', 'configuration_item', 'assignment_group_id',
        'assignment_group',
    ] %}
    {{ 'union all' if not loop.first }}
    select
        incident_number,
        {{ column }} as source_service_id,
        {{ loop.index }} as position
    from told
    where {{ column }} is not null
    {%- endfor %}

),

ranked as (

    select
        names.incident_number,
        names.source_service_id,
        row_number() over (
            partition by names.incident_number
            order by case when identifiers.service_id is not null then 0 else 1 end asc, names.position asc
        ) as preference
    from names
    left join {{ ref('int_service_identifiers') }} as identifiers
        on
            identifiers.tool = 'servicenow'
            and lower(names.source_service_id) = identifiers.identifier

),

statuses as (

    select
        raw_value,
        status
    from {{ ref('status_map') }}
    where system = 'servicenow' and concept = 'incident'

)

select
    'servicenow' as source_system,
    'servicenow:' || told.incident_number as incident_id,
    told.title,
    told.state as status,
    cast(null as string) as urgency,
    told.priority,
    cast(null as string) as incident_type,
    ranked.source_service_id,
    cast(null as string) as details,
    changes.deployment_id as caused_by_deployment,
    changes.sha as caused_by_sha,
    told.created_at,
    cast(null as timestamp) as detected_at,
    cast(null as timestamp) as impact_started_at,
    told.acknowledged_at,
    cast(null as timestamp) as mitigated_at,
    case when statuses.status in ('resolved', 'cancelled') then told.resolved_at end as resolved_at,
    told.is_child as is_merged,
    'servicenow:' || told.parent_incident as merged_into_incident_id,
    'servicenow:' || told.problem as problem_id,
    told.problem_title
from told
left join ranked
    on
        told.incident_number = ranked.incident_number
        and ranked.preference = 1
left join {{ ref('int_change_requests') }} as changes on 'servicenow:' || told.caused_by_change = changes.change_request_id
left join statuses on told.state = statuses.raw_value
