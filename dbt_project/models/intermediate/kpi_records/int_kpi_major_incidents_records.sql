with

incidents as (
    select
        incident_id,
        severity,
        is_major,
        began_date,
        case when exclusion_reason not in ('open', 'negative_span') then exclusion_reason end as exclusion_reason
    from {{ ref('fct_incidents') }}
),

incident_services as (
    select distinct
        incident_id,
        service_id
    from {{ ref('int_incident_services') }}
),

began as (
    select
        incidents.incident_id,
        coalesce(incident_services.service_id, 'unmapped') as service_id,
        incidents.severity,
        incidents.is_major,
        incidents.began_date,
        incidents.exclusion_reason,
        case
            when incidents.exclusion_reason is not null then incidents.exclusion_reason
            when incidents.severity = 'unmapped' then 'unmapped_severity'
        end as major_exclusion_reason
    from incidents
    left join incident_services
        on incidents.incident_id = incident_services.incident_id
)

select
    {{ kpi_record_columns(
        'major_incidents', 'incident_id', 'began_date', 'major_exclusion_reason',
        numerator='case when is_major then 1 else 0 end', denominator='1', severity='severity'
    ) }}
from began
union all
select
    {{ kpi_record_columns(
        'unmapped_severity_incidents', 'incident_id', 'began_date', 'exclusion_reason',
        numerator="case when severity = 'unmapped' then 1 else 0 end", denominator='1', severity='severity'
    ) }}
from began
