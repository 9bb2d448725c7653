{%- set lag_hours = var('incident_lag_hours') -%}
with

changes as (
    select * from {{ ref('int_flag_changes') }}
),

ownership as (
    select * from {{ ref('int_service_ownership') }}
),

dated as (
    select
        flag_change_id,
        source_system,
        entry_id,
        happened_at,
        {{ business_date('happened_at') }} as change_date,
        project_key,
        flag_key,
        flag_name,
        environment,
        environment_tier,
        action,
        change_kind,
        is_turned_on,
        is_behavioural,
        is_production,
        service_id
    from changes
),

incidents as (
    select
        services.service_id,
        incidents.incident_id,
        incidents.began_at
    from {{ ref('int_incidents') }} as incidents
    inner join {{ ref('int_incident_services') }} as services on incidents.incident_id = services.incident_id
    where
        incidents.exclusion_reason is null
        and incidents.began_at is not null
        and services.service_id <> 'unmapped'
),

deployments as (
    select
        service_id,
        finished_at
    from {{ ref('int_deployments') }}
    where
        is_production
        and outcome = 'success'
        and exclusion_reason is null
        and finished_at is not null
),

-- The first incident of the service that began within the lag after the change.
followed as (
    select
        dated.flag_change_id,
        dated.service_id,
        dated.happened_at,
        incidents.incident_id,
        incidents.began_at,
        row_number() over (
            partition by dated.flag_change_id order by incidents.began_at asc, incidents.incident_id asc
        ) as position
    from dated
    inner join incidents
        on
            dated.service_id = incidents.service_id
            and incidents.began_at >= dated.happened_at
            and incidents.began_at <= {{ dbt.dateadd('hour', lag_hours, 'dated.happened_at') }}
    where dated.is_production
),

-- Between the two, another suspect: what was deployed to the same service.
interrupted as (
    select
        followed.flag_change_id,
        count(*) as deployment_count
    from followed
    inner join deployments
        on
            followed.service_id = deployments.service_id
            and deployments.finished_at >= followed.happened_at
            and deployments.finished_at <= followed.began_at
    where followed.position = 1
    group by followed.flag_change_id
),

final as (
    select
        dated.flag_change_id,
        dated.source_system,
        dated.entry_id,
        dated.happened_at,
        dated.change_date,
        dated.project_key,
        dated.flag_key,
        dated.flag_name,
        dated.environment,
        dated.environment_tier,
        dated.is_production,
        dated.action,
        dated.change_kind,
        dated.is_turned_on,
        dated.is_behavioural,
        dated.service_id,
        coalesce(ownership.team_id, 'unmapped') as team_id,
        coalesce(ownership.group_id, 'unmapped') as group_id,
        coalesce(ownership.tier, 'unmapped') as tier,
        followed.incident_id as following_incident_id,
        cast({{ seconds_between('dated.happened_at', 'followed.began_at') }} as bigint) as incident_lag_seconds,
        cast(
            case when followed.incident_id is not null then coalesce(interrupted.deployment_count, 0) end as bigint
        ) as deployments_between,
        followed.incident_id is not null and interrupted.flag_change_id is null as is_suspect
    from dated
    left join ownership
        on
            dated.service_id = ownership.service_id
            and dated.change_date >= ownership.valid_from
            and dated.change_date < ownership.valid_to
    left join followed
        on
            dated.flag_change_id = followed.flag_change_id
            and followed.position = 1
    left join interrupted on dated.flag_change_id = interrupted.flag_change_id
)

select * from final
