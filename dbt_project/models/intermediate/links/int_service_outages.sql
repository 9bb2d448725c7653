with

incidents as (
    select
        incident_id,
        began_at,
        restored_at,
        coalesce(restored_at, {{ as_of_instant() }}) as ended_at
    from {{ ref('int_incidents') }}
    where
        exclusion_reason is null
        and began_at is not null
),

incident_services as (
    select distinct
        incident_id,
        service_id
    from {{ ref('int_incident_services') }}
),

intervals as (
    select
        incident_services.service_id,
        incidents.incident_id,
        incidents.began_at,
        incidents.ended_at,
        incidents.restored_at is null as is_open
    from incidents
    inner join incident_services
        on incidents.incident_id = incident_services.incident_id
    where incidents.ended_at > incidents.began_at
),

-- An interval that begins after everything before it has ended opens a new outage.
preceded as (
    select
        service_id,
        incident_id,
        began_at,
        ended_at,
        is_open,
        max(ended_at) over (
            partition by service_id
            order by began_at, incident_id
            rows between unbounded preceding and 1 preceding
        ) as previous_ended_at
    from intervals
),

numbered as (
    select
        service_id,
        began_at,
        ended_at,
        is_open,
        sum(case when previous_ended_at is null or began_at > previous_ended_at then 1 else 0 end) over (
            partition by service_id
            order by began_at, incident_id
            rows between unbounded preceding and current row
        ) as outage_number
    from preceded
),

final as (
    select
        service_id,
        cast(outage_number as bigint) as outage_number,
        min(began_at) as began_at,
        max(ended_at) as ended_at,
        max(case when is_open then 1 else 0 end) = 1 as is_open,
        count(*) as incident_count
    from numbered
    group by service_id, outage_number
)

select
    service_id,
    outage_number,
    began_at,
    ended_at,
    is_open,
    incident_count,
    {{ seconds_between('began_at', 'ended_at') }}
        as outage_seconds
from final
