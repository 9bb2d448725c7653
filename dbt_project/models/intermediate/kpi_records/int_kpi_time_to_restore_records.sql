with

incidents as (
    select
        incident_id,
        severity,
        coalesce(restored_date, began_date) as event_date,
        restore_seconds,
        exclusion_reason
    from {{ ref('fct_incidents') }}
),

incident_services as (
    select distinct
        incident_id,
        service_id
    from {{ ref('int_incident_services') }}
),

restored as (
    select
        incidents.incident_id,
        coalesce(incident_services.service_id, 'unmapped') as service_id,
        incidents.severity,
        incidents.event_date,
        incidents.restore_seconds,
        incidents.exclusion_reason
    from incidents
    left join incident_services
        on incidents.incident_id = incident_services.incident_id
),

failed_deployments as (
    select
        deployment_id,
        service_id,
        coalesce({{ business_date('restored_at') }}, deployment_date) as event_date,
        recovery_seconds,
        case
            when restored_at is null then 'open'
            when recovery_seconds < 0 then 'negative_span'
        end as exclusion_reason
    from {{ ref('fct_deployments') }}
    where
        is_failed_change
        and exclusion_reason is null
),

days as (
    select date_day as day
    from {{ ref('dim_date') }}
),

outages as (
    select
        service_id,
        began_at,
        ended_at,
        {{ business_date('began_at') }} as began_date,
        {{ business_date('ended_at') }} as ended_date
    from {{ ref('int_service_outages') }}
),

-- An outage that lasts over midnight counts on each day with the seconds that fell on it.
outage_parts as (
    select
        outages.service_id,
        days.day as event_date,
        {{ seconds_between(
            'greatest(outages.began_at, ' ~ business_day_start('days.day') ~ ')',
            'least(outages.ended_at, '
            ~ business_day_start('cast(' ~ dbt.dateadd('day', 1, 'days.day') ~ ' as date)') ~ ')'
        ) }} as outage_seconds
    from outages
    inner join days
        on
            outages.began_date <= days.day
            and outages.ended_date >= days.day
),

outage_days as (
    select
        service_id,
        event_date,
        cast(null as string) as exclusion_reason,
        sum(outage_seconds) as outage_seconds
    from outage_parts
    group by service_id, event_date
)

select
    {{ kpi_record_columns(
        'time_to_restore', 'incident_id', 'event_date', 'exclusion_reason',
        measured='cast(restore_seconds as double) / 60', severity='severity'
    ) }}
from restored
union all
select
    {{ kpi_record_columns(
        'failed_deployment_recovery_time', 'deployment_id', 'event_date', 'exclusion_reason',
        measured='cast(recovery_seconds as double) / 60'
    ) }}
from failed_deployments
union all
select
    {{ kpi_record_columns(
        'outage_minutes', "service_id || ':' || cast(event_date as string)", 'event_date', 'exclusion_reason',
        numerator='cast(outage_seconds as double) / 60', denominator='1'
    ) }}
from outage_days
where outage_seconds > 0
