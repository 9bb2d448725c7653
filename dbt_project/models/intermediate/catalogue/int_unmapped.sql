-- What the seeds and the catalogue have no answer for: the list of work of whoever keeps them.
with attempts as (

    select
        source_system,
        environment,
        environment_tier,
        repository,
        service_id,
        service_name,
        unmapped_state
    from {{ ref('int_deployment_attempts') }}
    where exclusion_reason is null

),

incidents as (

    select
        source_system,
        severity,
        severity_raw,
        status_raw,
        service_id,
        source_service_id
    from {{ ref('int_incidents') }}

),

status_map as (

    select
        system,
        concept,
        raw_value
    from {{ ref('status_map') }}

),

alerts as (

    select
        source_system,
        priority,
        urgency,
        service_id,
        source_service_id
    from {{ ref('int_alerts') }}

),

values_seen as (

    select
        source_system as system,
        'environment' as concept,
        coalesce(environment, '(none)') as raw_value
    from attempts
    where environment_tier = 'unmapped'
    union all
    select
        source_system as system,
        'deployment service' as concept,
        coalesce(service_name, repository, '(none)') as raw_value
    from attempts
    where service_id = 'unmapped'
    union all
    select
        source_system as system,
        'deployment state' as concept,
        unmapped_state as raw_value
    from attempts
    where unmapped_state is not null
    union all
    select
        attempts.source_system as system,
        'run result' as concept,
        coalesce(attempts.raw_status, '(none)') as raw_value
    from {{ ref('int_pipeline_attempts') }} as attempts
    left join
        status_map
        on
            attempts.source_system = status_map.system
            and status_map.concept = 'pipeline_run'
            and attempts.raw_status = status_map.raw_value
    where status_map.raw_value is null
    union all
    select
        pull_requests.source_system as system,
        'pull request state' as concept,
        coalesce(pull_requests.state, '(none)') as raw_value
    from {{ ref('int_pull_requests') }} as pull_requests
    left join
        status_map
        on
            pull_requests.source_system = status_map.system
            and status_map.concept = 'pull_request'
            and pull_requests.state = status_map.raw_value
    where status_map.raw_value is null and pull_requests.merged_at is null
    union all
    select
        changes.source_system as system,
        'change service' as concept,
        changes.repository as raw_value
    from {{ ref('int_change_services') }} as services
    inner join {{ ref('int_changes') }} as changes on services.change_id = changes.change_id
    where services.service_id = 'unmapped' and changes.state = 'merged'
    union all
    select
        source_system as system,
        'test status' as concept,
        coalesce(raw_status, '(none)') as raw_value
    from {{ ref('int_test_tellings') }}
    where status = 'unmapped'
    union all
    select
        source_system as system,
        'test report without a commit' as concept,
        coalesce(bundle, '(none)') as raw_value
    from {{ ref('int_test_reports') }}
    where commit_key like 'report %'
    union all
    select
        source_system as system,
        'test report without a date' as concept,
        coalesce(bundle, '(none)') as raw_value
    from {{ ref('int_test_reports') }}
    where observed_at is null
    union all
    select
        source_system as system,
        'test service' as concept,
        repository as raw_value
    from {{ ref('int_test_reports') }}
    where service_id = 'unmapped'
    union all
    select
        source_system as system,
        'work type' as concept,
        coalesce(type_raw, labels, '(no type or label)') as raw_value
    from {{ ref('int_work_items') }}
    where work_type = 'unmapped' and exclusion_reason is null
    union all
    select
        source_system as system,
        'work item status' as concept,
        coalesce(status_name, '(none)') as raw_value
    from {{ ref('int_work_items') }}
    where state = 'unmapped' and exclusion_reason is null
    union all
    -- A status that was deleted is in no list any more, and old histories still go through it.
    select
        source_system as system,
        'work item status in histories' as concept,
        to_value as raw_value
    from {{ ref('int_work_item_changes') }}
    where field = 'status' and to_state = 'unmapped'
    union all
    select
        source_system as system,
        'work item service' as concept,
        coalesce(repository, components, project_key, '(none)') as raw_value
    from {{ ref('int_work_items') }}
    where service_id = 'unmapped' and exclusion_reason is null
    union all
    select
        'catalogue' as system,
        'quarter' as concept,
        quarter as raw_value
    from {{ ref('fct_quarter_commitments') }}
    where exclusion_reason = 'unknown_quarter'
    union all
    select
        source_system as system,
        'severity' as concept,
        coalesce(severity_raw, '(none)') as raw_value
    from incidents
    where severity = 'unmapped'
    union all
    select
        source_system as system,
        'incident service' as concept,
        coalesce(source_service_id, '(none)') as raw_value
    from incidents
    where service_id = 'unmapped'
    union all
    select
        incidents.source_system as system,
        'incident status' as concept,
        coalesce(incidents.status_raw, '(none)') as raw_value
    from incidents
    left join status_map
        on
            incidents.source_system = status_map.system
            and status_map.concept = 'incident'
            and incidents.status_raw = status_map.raw_value
    where status_map.raw_value is null
    union all
    select
        source_system as system,
        'alert urgency' as concept,
        coalesce(priority, '(none)') as raw_value
    from alerts
    where urgency is null
    union all
    select
        source_system as system,
        'alert service' as concept,
        coalesce(source_service_id, '(none)') as raw_value
    from alerts
    where service_id = 'unmapped'
    union all
    select
        source_system as system,
        'change request state' as concept,
        coalesce(state_raw, '(none)') as raw_value
    from {{ ref('int_change_requests') }}
    where state = 'unmapped'
    union all
    select
        source_system as system,
        'change request outcome' as concept,
        coalesce(outcome_raw, '(none)') as raw_value
    from {{ ref('int_change_requests') }}
    where outcome = 'unmapped'
    union all
    select
        'opsgenie' as system,
        'alert log entry' as concept,
        log_type as raw_value
    from {{ ref('stg_opsgenie__alert_logs') }}
    where log_type = 'alertrecipient' and not is_understood
    union all
    select
        source_system as system,
        'vulnerability severity' as concept,
        coalesce(severity_raw, '(none)') as raw_value
    from {{ ref('int_vulnerabilities') }}
    where severity = 'unmapped'
    union all
    select
        source_system as system,
        'vulnerability state' as concept,
        coalesce(raw_state, '(none)') || coalesce(': ' || raw_reason, '') as raw_value
    from {{ ref('int_vulnerabilities') }}
    where exclusion_reason in ('unmapped_state', 'unmapped_dismissal')
    union all
    select
        source_system as system,
        'vulnerability service' as concept,
        coalesce(repository, asset_id, '(none)') as raw_value
    from {{ ref('int_vulnerabilities') }}
    where service_id = 'unmapped'
    union all
    select
        source_system as system,
        'flag action' as concept,
        coalesce(action, '(none)') as raw_value
    from {{ ref('int_flag_changes') }}
    where change_kind = 'unmapped'
    union all
    select
        source_system as system,
        'flag environment' as concept,
        environment as raw_value
    from {{ ref('int_flag_changes') }}
    where environment_tier = 'unmapped'
    union all
    select
        source_system as system,
        'flag service' as concept,
        project_key as raw_value
    from {{ ref('int_flag_changes') }}
    where service_id = 'unmapped' and is_production
    union all
    select
        source_system as system,
        'code project' as concept,
        project_id as raw_value
    from {{ ref('int_code_projects') }}
    where service_id = 'unmapped'

)

select
    system,
    concept,
    raw_value,
    count(*) as record_count
from values_seen
group by system, concept, raw_value
union all
select
    system,
    concept,
    raw_value,
    record_count
from {{ ref('int_hiring_unmapped') }}
