with notifications as (

    select
        incident_id,
        user_id,
        notification_method,
        created_at
    from {{ ref('stg_pagerduty__log_entries') }}
    where entry_type = 'notify_log_entry' and user_id is not null

),

folded as (

    select
        incident_id,
        user_id,
        -- A method that is not told is taken for one that wakes people.
        coalesce(
            min(case when coalesce(notification_method, 'unknown') <> 'email' then created_at end),
            min(created_at)
        ) as paged_at,
        count(*) as notification_count,
        max(case when coalesce(notification_method, 'unknown') <> 'email' then 1 else 0 end) = 0 as is_email_only
    from notifications
    group by incident_id, user_id

)

select
    'pagerduty:' || folded.incident_id || ':' || folded.user_id as page_id,
    'pagerduty' as source_system,
    'pagerduty:' || folded.incident_id as incident_id,
    folded.user_id,
    coalesce(incidents.service_id, 'unmapped') as service_id,
    folded.paged_at,
    incidents.urgency,
    folded.notification_count,
    folded.is_email_only
from folded
left join {{ ref('int_incidents') }} as incidents on 'pagerduty:' || folded.incident_id = incidents.incident_id
