-- The same time on call is told once per escalation policy and once per window asked for; what touches or overlaps
-- is one.
with told as (

    select
        'pagerduty' as source_system,
        escalation_policy_id,
        escalation_level,
        schedule_id,
        user_id,
        user_time_zone,
        coalesce(started_at, timestamp '1900-01-01 00:00:00') as started_at,
        coalesce(ended_at, timestamp '9999-12-31 00:00:00') as ended_at
    from {{ ref('stg_pagerduty__on_calls') }}
    union all
    select
        'opsgenie' as source_system,
        schedules.owner_team_id as escalation_policy_id,
        cast(1 as bigint) as escalation_level,
        on_calls.schedule_id,
        on_calls.user_id,
        cast(null as string) as user_time_zone,
        on_calls.started_at,
        on_calls.ended_at
    from {{ ref('stg_opsgenie__on_calls') }} as on_calls
    left join {{ ref('stg_opsgenie__schedules') }} as schedules on on_calls.schedule_id = schedules.schedule_id

),

told_users as (

    select
        user_id,
        time_zone
    from {{ ref('stg_pagerduty__users') }}
    union all
    select
        user_id,
        time_zone
    from {{ ref('stg_opsgenie__users') }}

),

-- Which services call whom: by escalation policy, in Opsgenie by the team that owns service and schedule. The catalogue may
-- also know such a team as if it were a service.
told_services as (

    select
        'pagerduty' as source_system,
        escalation_policy_id,
        service_id as source_service_id
    from {{ ref('stg_pagerduty__services') }}
    where escalation_policy_id is not null
    union all
    select
        'opsgenie' as source_system,
        team_id as escalation_policy_id,
        service_id as source_service_id
    from {{ ref('stg_opsgenie__services') }}
    where team_id is not null
    union all
    select distinct
        'opsgenie' as source_system,
        owner_team_id as escalation_policy_id,
        owner_team_id as source_service_id
    from {{ ref('stg_opsgenie__schedules') }}
    where owner_team_id is not null

),

compared as (

    select
        source_system,
        schedule_id,
        user_id,
        escalation_level,
        started_at,
        ended_at,
        case
            when started_at <= max(ended_at) over (
                partition by source_system, schedule_id, user_id, escalation_level
                order by started_at, ended_at
                rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as begins
    from told
    where started_at < ended_at

),

numbered as (

    select
        source_system,
        schedule_id,
        user_id,
        escalation_level,
        started_at,
        ended_at,
        sum(begins) over (
            partition by source_system, schedule_id, user_id, escalation_level
            order by started_at, ended_at
            rows between unbounded preceding and current row
        ) as shift_number
    from compared

),

shifts as (

    select
        source_system,
        schedule_id,
        user_id,
        escalation_level,
        min(started_at) as started_at,
        max(ended_at) as ended_at
    from numbered
    group by source_system, schedule_id, user_id, escalation_level, shift_number

),

zones as (

    select
        user_id,
        max(user_time_zone) as user_time_zone
    from told
    group by user_id

),

-- Whom a schedule stands in for: the owners of the services whose escalation policy calls it. Several owners, no team.
policy_services as (

    select
        services.source_system,
        services.escalation_policy_id,
        identifiers.service_id
    from told_services as services
    inner join {{ ref('int_service_identifiers') }} as identifiers
        on
            services.source_system = identifiers.tool
            and lower(services.source_service_id) = identifiers.identifier

),

schedule_services as (

    select distinct
        told.source_system,
        told.schedule_id,
        told.user_id,
        told.escalation_level,
        policy_services.service_id
    from told
    inner join policy_services
        on
            told.source_system = policy_services.source_system
            and told.escalation_policy_id = policy_services.escalation_policy_id

),

shift_teams as (

    select
        shifts.source_system,
        shifts.schedule_id,
        shifts.user_id,
        shifts.escalation_level,
        shifts.started_at,
        case when count(distinct ownership.team_id) = 1 then min(ownership.team_id) end as team_id
    from shifts
    inner join schedule_services
        on
            shifts.source_system = schedule_services.source_system
            and coalesce(shifts.schedule_id, '') = coalesce(schedule_services.schedule_id, '')
            and shifts.user_id = schedule_services.user_id
            and shifts.escalation_level = schedule_services.escalation_level
    inner join {{ ref('int_service_ownership') }} as ownership
        on
            schedule_services.service_id = ownership.service_id
            and {{ business_date('shifts.started_at') }} >= ownership.valid_from
            and {{ business_date('shifts.started_at') }} < ownership.valid_to
    where ownership.team_id <> 'unmapped'
    group by shifts.source_system, shifts.schedule_id, shifts.user_id, shifts.escalation_level, shifts.started_at

)

select
    shifts.source_system,
    shifts.schedule_id,
    shifts.user_id,
    coalesce(users.time_zone, zones.user_time_zone) as user_time_zone,
    shift_teams.team_id,
    shifts.escalation_level,
    case when shifts.started_at > timestamp '1900-01-01 00:00:00' then shifts.started_at end as started_at,
    case when shifts.ended_at < timestamp '9999-12-31 00:00:00' then shifts.ended_at end as ended_at
from shifts
left join zones on shifts.user_id = zones.user_id
left join told_users as users on shifts.user_id = users.user_id
left join shift_teams
    on
        shifts.source_system = shift_teams.source_system
        and coalesce(shifts.schedule_id, '') = coalesce(shift_teams.schedule_id, '')
        and shifts.user_id = shift_teams.user_id
        and shifts.escalation_level = shift_teams.escalation_level
        and shifts.started_at = shift_teams.started_at
