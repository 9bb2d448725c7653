{#- The API's telling of an incident comes before the analytics report's: the report is a day late and knows less. -#}
{{ config(materialized='view') }}

with api_incidents as (

    select
        incident_id,
        incident_number,
        title,
        status,
        urgency,
        priority,
        incident_type,
        service_id,
        resolve_reason_type,
        merged_into_incident_id,
        details,
        created_at,
        acknowledged_at,
        resolved_at,
        updated_at
    from {{ ref('stg_pagerduty__incidents') }}

),

reported_incidents as (

    select
        reported.incident_id,
        reported.incident_number,
        reported.title,
        reported.status,
        reported.urgency,
        reported.priority,
        reported.incident_type,
        reported.service_id,
        cast(null as string) as resolve_reason_type,
        cast(null as string) as merged_into_incident_id,
        cast(null as string) as details,
        reported.created_at,
        reported.acknowledged_at,
        reported.resolved_at,
        coalesce(reported.resolved_at, reported.created_at) as updated_at
    from {{ ref('stg_pagerduty__raw_incidents') }} as reported
    left join api_incidents on reported.incident_id = api_incidents.incident_id
    where api_incidents.incident_id is null

),

-- Both have the same columns in the same order.
told as (

    select * from api_incidents
    union all
    select * from reported_incidents

),

-- An incident that was opened again is open until it is resolved again, whatever the record said when it was fetched.
logged as (

    select
        incident_id,
        min(case when entry_type = 'acknowledge_log_entry' then created_at end) as first_acknowledged_at,
        max(case when entry_type = 'resolve_log_entry' then created_at end) as last_resolved_at,
        max(case when entry_type like 'reopen%' then created_at end) as last_reopened_at,
        max(merged_into_number) as merged_into_number,
        max(case when entry_type like 'merge%' then 1 else 0 end) as has_merge_entry
    from {{ ref('stg_pagerduty__log_entries') }}
    group by incident_id

),

statuses as (

    select
        raw_value,
        status
    from {{ ref('status_map') }}
    where system = 'pagerduty' and concept = 'incident'

),

numbered as (

    select
        incident_number,
        min(incident_id) as incident_id
    from told
    group by incident_number

)

select
    'pagerduty' as source_system,
    'pagerduty:' || told.incident_id as incident_id,
    told.title,
    told.status,
    told.urgency,
    told.priority,
    told.incident_type,
    told.service_id as source_service_id,
    told.details,
    cast(null as string) as caused_by_deployment,
    cast(null as string) as caused_by_sha,
    told.created_at,
    cast(null as timestamp) as detected_at,
    cast(null as timestamp) as impact_started_at,
    coalesce(logged.first_acknowledged_at, told.acknowledged_at) as acknowledged_at,
    cast(null as timestamp) as mitigated_at,
    case
        -- Opened again after the last resolution known.
        when logged.last_reopened_at > greatest(
            coalesce(logged.last_resolved_at, told.resolved_at, logged.last_reopened_at),
            coalesce(told.resolved_at, logged.last_resolved_at, logged.last_reopened_at)
        ) then cast(null as timestamp)
        when statuses.status = 'resolved'
            then greatest(
                coalesce(told.resolved_at, logged.last_resolved_at),
                coalesce(logged.last_resolved_at, told.resolved_at)
            )
        -- The log goes on after the record was fetched.
        when logged.last_resolved_at >= told.updated_at then logged.last_resolved_at
    end as resolved_at,
    told.merged_into_incident_id is not null
    or coalesce(told.resolve_reason_type = 'merge_resolve_reason', false)
    or logged.merged_into_number is not null
    or coalesce(logged.has_merge_entry, 0) = 1 as is_merged,
    'pagerduty:' || coalesce(told.merged_into_incident_id, targets.incident_id) as merged_into_incident_id,
    cast(null as string) as problem_id,
    cast(null as string) as problem_title
from told
left join logged on told.incident_id = logged.incident_id
left join statuses on told.status = statuses.raw_value
left join numbered as targets on logged.merged_into_number = targets.incident_number
