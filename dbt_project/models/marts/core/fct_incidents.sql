with

incidents as (
    select * from {{ ref('int_incidents') }}
),

incident_services as (
    select
        incident_id,
        count(distinct service_id) as service_count
    from {{ ref('int_incident_services') }}
    group by incident_id
),

links as (
    select * from {{ ref('int_deployment_incidents') }}
),

ownership as (
    select * from {{ ref('int_service_ownership') }}
),

measured as (
    select
        incident_id,
        source_system,
        coalesce(service_id, 'unmapped') as service_id,
        title,
        severity,
        severity_raw,
        severity in ('sev1', 'sev2') as is_major,
        urgency,
        status,
        created_at,
        detected_at,
        impact_started_at,
        acknowledged_at,
        mitigated_at,
        resolved_at,
        began_at,
        restored_at,
        {{ business_date('began_at') }} as began_date,
        {{ business_date('restored_at') }} as restored_date,
        {{ seconds_between('impact_started_at', 'detected_at') }}
            as detect_seconds,
        {{ seconds_between('began_at', 'acknowledged_at') }}
            as acknowledge_seconds,
        {{ seconds_between('began_at', 'restored_at') }}
            as restore_seconds,
        caused_by_deployment_id,
        caused_by_sha,
        problem_id,
        problem_title,
        -- Merged ones, duplicates and tests are no further occurrence of a problem.
        case
            when problem_id is not null and exclusion_reason is null
                then row_number() over (
                    partition by problem_id, exclusion_reason order by began_at asc, incident_id asc
                )
        end as occurrence_of_problem,
        exclusion_reason
    from incidents
),

final as (
    select
        measured.incident_id,
        measured.source_system,
        measured.service_id,
        cast(coalesce(incident_services.service_count, 0) as bigint) as service_count,
        coalesce(ownership.team_id, 'unmapped') as team_id,
        coalesce(ownership.group_id, 'unmapped') as group_id,
        coalesce(ownership.tier, 'unmapped') as tier,
        measured.title,
        measured.severity,
        measured.severity_raw,
        measured.is_major,
        measured.urgency,
        measured.status,
        measured.created_at,
        measured.detected_at,
        measured.impact_started_at,
        measured.acknowledged_at,
        measured.mitigated_at,
        measured.resolved_at,
        measured.began_at,
        measured.restored_at,
        measured.began_date,
        measured.restored_date,
        measured.detect_seconds,
        measured.acknowledge_seconds,
        measured.restore_seconds,
        measured.caused_by_deployment_id,
        measured.caused_by_sha,
        links.deployment_id,
        links.method as link_method,
        links.confidence as link_confidence,
        links.lag_seconds,
        coalesce(links.is_counted, false) as is_held_against_deployment,
        measured.problem_id,
        measured.problem_title,
        cast(measured.occurrence_of_problem as bigint) as occurrence_of_problem,
        case
            when measured.exclusion_reason is not null then measured.exclusion_reason
            when measured.restored_at is null then 'open'
            when measured.restore_seconds < 0 then 'negative_span'
        end as exclusion_reason
    from measured
    left join incident_services
        on measured.incident_id = incident_services.incident_id
    left join links
        on measured.incident_id = links.incident_id
    left join ownership
        on
            measured.service_id = ownership.service_id
            and measured.began_date >= ownership.valid_from
            and measured.began_date < ownership.valid_to
)

select * from final
