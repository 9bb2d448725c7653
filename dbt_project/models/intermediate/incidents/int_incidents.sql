{#- One relation per system, each with these columns: what the system tells of an incident, its ids already ours
    (source_system:native id), its words still its own. -#}
{%- set relations = [
    'int_pagerduty_incidents',
    'int_opsgenie_incidents',
    'int_servicenow_incidents',
    'int_gitlab_incidents',
] -%}
{%- set columns = [
    'source_system',
    'incident_id',
    'title',
    'status',
    'urgency',
    'priority',
    'incident_type',
    'source_service_id',
    'details',
    'caused_by_deployment',
    'caused_by_sha',
    'created_at',
    'detected_at',
    'impact_started_at',
    'acknowledged_at',
    'mitigated_at',
    'resolved_at',
    'is_merged',
    'merged_into_incident_id',
    'problem_id',
    'problem_title',
] -%}

with told as (
    {% for relation in relations %}
    {{ 'union all' if not loop.first }}
    select
        {{ columns | join(',\n        ') }}
    from {{ ref(relation) }}
    {%- endfor %}

),

-- What an incident's log says that its priority was at some time.
logged_priorities as (

    select
        'pagerduty' as source_system,
        'pagerduty:' || incident_id as incident_id,
        priority
    from {{ ref('stg_pagerduty__log_entries') }}
    where entry_type like '%priority%' and priority is not null

),

raw_severities as (

    select
        source_system,
        incident_id,
        'priority' as concept,
        lower(priority) as raw_value
    from told
    where priority is not null
    union
    select
        source_system,
        incident_id,
        'incident_type' as concept,
        lower(incident_type) as raw_value
    from told
    where incident_type is not null
    union
    select
        source_system,
        incident_id,
        'priority' as concept,
        lower(priority) as raw_value
    from logged_priorities
    union
    select
        source_system,
        incident_id,
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
            raw_severities.source_system = severity_map.system
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
        min(case when meaning = 'caused_by_deployment' then field_value end) as caused_by_deployment,
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

cancelled as (

    select
        system,
        raw_value
    from {{ ref('status_map') }}
    where concept = 'incident' and status = 'cancelled'

),

named as (

    select
        told.incident_id,
        trim(coalesce(fields.caused_by_deployment, told.caused_by_deployment, named_causes.deployment_number)) as cause,
        coalesce(fields.sha, told.caused_by_sha, named_causes.sha) as sha
    from told
    left join fields on told.incident_id = fields.incident_id
    left join named_causes on told.incident_id = named_causes.incident_id

),

-- A deployment is named by its id with its system (jenkins:shop/main#42) or by a bare number, which is GitHub's.
causes as (

    select
        incident_id,
        case
            when regexp_extract(cause, '^([a-z_]+):[^/]', 1) not in ('', 'deployment') then cause
            else 'github:' || nullif(regexp_extract(cause, '([0-9]+)', 1), '')
        end as attempt_id,
        sha
    from named

)

select
    told.incident_id,
    told.source_system,
    coalesce(identifiers.service_id, 'unmapped') as service_id,
    told.source_service_id,
    told.title,
    coalesce(severities.severity, 'unmapped') as severity,
    coalesce(told.priority, fields.severity) as severity_raw,
    told.urgency,
    case when told.resolved_at is not null then 'resolved' else 'open' end as status,
    told.status as status_raw,
    told.created_at,
    coalesce(fields.detected_at, told.detected_at) as detected_at,
    coalesce(fields.impact_started_at, told.impact_started_at) as impact_started_at,
    told.acknowledged_at,
    coalesce(fields.mitigated_at, told.mitigated_at) as mitigated_at,
    told.resolved_at,
    coalesce(
        fields.impact_started_at,
        told.impact_started_at,
        fields.detected_at,
        told.detected_at,
        told.created_at
    ) as began_at,
    coalesce(fields.mitigated_at, told.mitigated_at, told.resolved_at) as restored_at,
    coalesce(attempts.deployment_id, causes.attempt_id) as caused_by_deployment_id,
    causes.sha as caused_by_sha,
    case
        when ruled.is_test = 1 then 'test'
        when cancelled.raw_value is not null then 'cancelled'
        when told.is_merged then 'merged'
        when ruled.is_duplicate = 1 then 'duplicate'
    end as exclusion_reason,
    told.merged_into_incident_id,
    told.problem_id,
    told.problem_title
from told
left join {{ ref('int_service_identifiers') }} as identifiers
    on
        told.source_system = identifiers.tool
        and lower(told.source_service_id) = identifiers.identifier
left join severities on told.incident_id = severities.incident_id
left join fields on told.incident_id = fields.incident_id
left join ruled on told.incident_id = ruled.incident_id
left join causes on told.incident_id = causes.incident_id
left join cancelled
    on
        told.source_system = cancelled.system
        and told.status = cancelled.raw_value
left join {{ ref('int_deployment_attempts') }} as attempts on causes.attempt_id = attempts.attempt_id
