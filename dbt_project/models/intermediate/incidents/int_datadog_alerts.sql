{#- A monitor tells each change of its state; an alert lasts from the first event in alert to the next that is not. -#}
{{ config(materialized='view') }}

with events as (

    select
        *,
        case when destination_state = 'alert' then 1 else 0 end as is_alerting
    from {{ ref('stg_datadog__monitor_events') }}
    where destination_state is not null

),

compared as (

    select
        *,
        lag(is_alerting) over (
            partition by monitor_id, group_key order by occurred_at, event_id
        ) as was_alerting
    from events

),

-- Notifying again changes nothing: only changes into and out of the alert are kept.
changes as (

    select
        event_id,
        monitor_id,
        group_key,
        monitor_name,
        priority,
        service,
        is_alerting,
        occurred_at,
        lead(occurred_at) over (
            partition by monitor_id, group_key order by occurred_at, event_id
        ) as changed_again_at
    from compared
    where is_alerting <> coalesce(was_alerting, 0)

)

select
    'datadog' as source_system,
    'datadog:' || event_id as alert_id,
    cast(null as string) as incident_id,
    monitor_name as title,
    case when changed_again_at is null then 'open' else 'closed' end as status,
    priority,
    service as named_service,
    monitor_id as sender,
    cast(null as string) as source_team_id,
    occurred_at as created_at,
    cast(null as timestamp) as acknowledged_at,
    changed_again_at as closed_at
from changes
where is_alerting = 1
