with told as (

    select
        'pagerduty' as source_system,
        'pagerduty:' || incident_id as incident_id,
        user_id,
        notification_method,
        created_at
    from {{ ref('stg_pagerduty__log_entries') }}
    where entry_type = 'notify_log_entry' and user_id is not null
    union all
    select
        'opsgenie' as source_system,
        'opsgenie:' || alert_id as incident_id,
        user_id,
        notification_channel as notification_method,
        created_at
    from {{ ref('stg_opsgenie__alert_logs') }}
    where notification_channel is not null and user_id is not null

),

told_users as (

    select
        user_id,
        {{ known_time_zone('time_zone') }} as time_zone
    from {{ ref('stg_pagerduty__users') }}
    union all
    select
        user_id,
        {{ known_time_zone('time_zone') }} as time_zone
    from {{ ref('stg_opsgenie__users') }}

),

-- Older answers carry the zone with the shift, and never list the person.
told_shifts as (

    select
        user_id,
        {{ known_time_zone('user_time_zone') }} as time_zone
    from {{ ref('stg_pagerduty__on_calls') }}

),

-- What people are called about: incidents, or alerts where a system has those besides.
subjects as (

    select
        incident_id,
        service_id,
        urgency
    from {{ ref('int_incidents') }}
    union all
    select
        alert_id as incident_id,
        service_id,
        urgency
    from {{ ref('int_alerts') }}

),

folded as (

    select
        source_system,
        incident_id,
        user_id,
        -- A method that is not told is taken for one that wakes people.
        coalesce(
            min(case when coalesce(notification_method, 'unknown') <> 'email' then created_at end),
            min(created_at)
        ) as paged_at,
        count(*) as notification_count,
        max(case when coalesce(notification_method, 'unknown') <> 'email' then 1 else 0 end) = 0 as is_email_only
    from told
    group by source_system, incident_id, user_id

),

zones as (

    select
        user_id,
        min(time_zone) as user_time_zone
    from told_users
    group by user_id

),

shift_zones as (

    select
        user_id,
        min(time_zone) as user_time_zone
    from told_shifts
    group by user_id

)

select
    folded.incident_id || ':' || folded.user_id as page_id,
    folded.source_system,
    folded.incident_id,
    folded.user_id,
    coalesce(zones.user_time_zone, shift_zones.user_time_zone) as user_time_zone,
    coalesce(subjects.service_id, 'unmapped') as service_id,
    folded.paged_at,
    subjects.urgency,
    folded.notification_count,
    folded.is_email_only
from folded
left join subjects on folded.incident_id = subjects.incident_id
left join zones on folded.user_id = zones.user_id
left join shift_zones on folded.user_id = shift_zones.user_id
