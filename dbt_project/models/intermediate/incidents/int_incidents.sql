-- The API's telling of an incident comes before the analytics report's: the report is a day late and knows less.
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
        reported.created_at,
        reported.acknowledged_at,
        reported.resolved_at
    from {{ ref('stg_pagerduty__raw_incidents') }} as reported
    left join api_incidents on reported.incident_id = api_incidents.incident_id
    where api_incidents.incident_id is null

),

told as (

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
    from api_incidents
    union all
    select
        incident_id,
        incident_number,
        title,
        status,
        urgency,
        priority,
        incident_type,
        service_id,
        cast(null as string) as resolve_reason_type,
        cast(null as string) as merged_into_incident_id,
        cast(null as string) as details,
        created_at,
        acknowledged_at,
        resolved_at,
        coalesce(resolved_at, created_at) as updated_at
    from reported_incidents

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

raw_severities as (

    select
        incident_id,
        'priority' as concept,
        lower(priority) as raw_value
    from told where priority is not null
    union
    select
        incident_id,
        'incident_type' as concept,
        lower(incident_type) as raw_value
    from told
    where incident_type is not null
    union
    select
        incident_id,
        'priority' as concept,
        lower(priority) as raw_value
    from {{ ref('stg_pagerduty__log_entries') }}
    where entry_type like '%priority%' and priority is not null
    union
    select
        substring(incident_id, 11) as incident_id,
        'priority' as concept,
        lower(field_value) as raw_value
    from {{ ref('int_incident_fields') }}
    where meaning = 'severity'

),

severities as (

    select
        raw_severities.incident_id,
        min(severity_map.severity) as severity
    from raw_severities
    inner join {{ ref('severity_map') }} as severity_map
        on
            severity_map.system = 'pagerduty'
            and raw_severities.concept = severity_map.concept
            and raw_severities.raw_value = severity_map.raw_value
    group by raw_severities.incident_id

),

fields as (

    select
        incident_id,
        min(
            case when meaning = 'impact_started_at' then {{ instant_from_text('field_value') }} end
        ) as impact_started_at,
        min(case when meaning = 'detected_at' then {{ instant_from_text('field_value') }} end) as detected_at,
        min(case when meaning = 'mitigated_at' then {{ instant_from_text('field_value') }} end) as mitigated_at,
        min(case when meaning = 'severity' then field_value end) as severity,
        min(
            case when meaning = 'caused_by_deployment' then nullif(regexp_extract(field_value, '([0-9]+)', 1), '') end
        ) as deployment_number,
        min(
            case
                when meaning = 'caused_by_sha' then nullif(regexp_extract(lower(field_value), '([0-9a-f]{40})', 1), '')
            end
        ) as sha
    from {{ ref('int_incident_fields') }}
    group by incident_id

),

ruled as (

    select
        told.incident_id,
        max(case when rules.rule = 'test' then 1 else 0 end) as is_test,
        max(case when rules.rule = 'duplicate' then 1 else 0 end) as is_duplicate
    from told
    inner join {{ ref('incident_rules') }} as rules
        on
            (rules.field = 'title' and {{ matches_pattern('lower(told.title)', 'rules.pattern') }})
            or (rules.field = 'incident_type' and {{ matches_pattern('lower(told.incident_type)', 'rules.pattern') }})
    group by told.incident_id

),

named_causes as (

    select
        incident_id,
        nullif(regexp_extract(
            lower(concat(coalesce(title, ''), ' ', coalesce(details, ''))),
            'deployments?(?: id)?[ :#=/"]+([0-9]+)',
            1
        ), '') as deployment_number,
        nullif(regexp_extract(
            lower(concat(coalesce(title, ''), ' ', coalesce(details, ''))),
            '(?:sha|commit|version|revision)[ :#=/"]+([0-9a-f]{40})',
            1
        ), '') as sha
    from told

),

identifiers as (

    select
        identifier,
        service_id
    from {{ ref('int_service_identifiers') }}
    where tool = 'pagerduty'

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

),

settled as (

    select
        told.incident_id,
        told.incident_number,
        told.title,
        told.urgency,
        told.priority,
        told.incident_type,
        told.service_id as pagerduty_service_id,
        told.resolve_reason_type,
        told.merged_into_incident_id,
        told.created_at,
        coalesce(logged.first_acknowledged_at, told.acknowledged_at) as acknowledged_at,
        logged.merged_into_number,
        coalesce(logged.has_merge_entry, 0) as has_merge_entry,
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
        end as resolved_at
    from told
    left join logged on told.incident_id = logged.incident_id
    left join statuses on told.status = statuses.raw_value

)

select
    'pagerduty:' || settled.incident_id as incident_id,
    'pagerduty' as source_system,
    coalesce(identifiers.service_id, 'unmapped') as service_id,
    settled.title,
    coalesce(severities.severity, 'unmapped') as severity,
    coalesce(settled.priority, fields.severity) as severity_raw,
    settled.urgency,
    case when settled.resolved_at is not null then 'resolved' else 'open' end as status,
    settled.created_at,
    fields.detected_at,
    fields.impact_started_at,
    settled.acknowledged_at,
    fields.mitigated_at,
    settled.resolved_at,
    coalesce(fields.impact_started_at, fields.detected_at, settled.created_at) as began_at,
    coalesce(fields.mitigated_at, settled.resolved_at) as restored_at,
    coalesce(
        attempts.deployment_id,
        'github:' || coalesce(fields.deployment_number, named_causes.deployment_number)
    ) as caused_by_deployment_id,
    coalesce(fields.sha, named_causes.sha) as caused_by_sha,
    case
        when ruled.is_test = 1 then 'test'
        when
            settled.merged_into_incident_id is not null
            or settled.resolve_reason_type = 'merge_resolve_reason'
            or settled.merged_into_number is not null
            or settled.has_merge_entry = 1
            then 'merged'
        when ruled.is_duplicate = 1 then 'duplicate'
    end as exclusion_reason,
    coalesce(
        'pagerduty:' || settled.merged_into_incident_id,
        'pagerduty:' || targets.incident_id
    ) as merged_into_incident_id
from settled
left join identifiers on lower(settled.pagerduty_service_id) = identifiers.identifier
left join severities on settled.incident_id = severities.incident_id
left join fields on 'pagerduty:' || settled.incident_id = fields.incident_id
left join ruled on settled.incident_id = ruled.incident_id
left join named_causes on settled.incident_id = named_causes.incident_id
left join {{ ref('int_deployment_attempts') }} as attempts
    on 'github:' || coalesce(fields.deployment_number, named_causes.deployment_number) = attempts.attempt_id
left join numbered as targets on settled.merged_into_number = targets.incident_number
