{%- set lags = failure_lags() -%}
{%- set lag_limit_hours = (lags + [var('incident_lag_hours')]) | max -%}
with

deployments as (
    select * from {{ ref('int_deployment_commits') }}
),

all_deployments as (
    select * from {{ ref('int_deployments') }}
),

incidents as (
    select
        incident_id,
        severity,
        began_at,
        restored_at,
        caused_by_deployment_id,
        caused_by_sha
    from {{ ref('int_incidents') }}
    where
        exclusion_reason is null
        and began_at is not null
),

incident_services as (
    select distinct
        incident_services.incident_id,
        incident_services.service_id
    from {{ ref('int_incident_services') }} as incident_services
    where incident_services.service_id <> 'unmapped'
),

dependencies as (
    select * from {{ ref('int_service_dependencies') }}
),

named_codes as (
    select
        deployment_id,
        service_id,
        finished_at,
        sha as code
    from all_deployments
    where
        is_production
        and outcome = 'success'
        and exclusion_reason is null
        and sha is not null
    union
    select
        deployment_id,
        service_id,
        finished_at,
        version as code
    from all_deployments
    where
        is_production
        and outcome = 'success'
        and exclusion_reason is null
        and version is not null
),

naming_incidents as (
    select
        incident_id,
        began_at,
        caused_by_sha
    from incidents
    where caused_by_sha is not null
),

-- 1. The incident names a deployment, or the commit or version that one of its services was running.
named_deployments as (
    select
        incidents.incident_id,
        all_deployments.deployment_id,
        all_deployments.service_id,
        all_deployments.finished_at,
        1 as named_rank
    from incidents
    inner join all_deployments
        on incidents.caused_by_deployment_id = all_deployments.deployment_id
    where
        all_deployments.is_production
        and all_deployments.exclusion_reason is null
    union all
    select
        naming_incidents.incident_id,
        named_codes.deployment_id,
        named_codes.service_id,
        named_codes.finished_at,
        case when incident_services.incident_id is null then 3 else 2 end as named_rank
    from naming_incidents
    inner join named_codes
        on
            naming_incidents.caused_by_sha = named_codes.code
            and naming_incidents.began_at >= named_codes.finished_at
    left join incident_services
        on
            naming_incidents.incident_id = incident_services.incident_id
            and named_codes.service_id = incident_services.service_id
),

-- 2. A service's latest deployment before an incident on it, or on a service that depends on it.
suspected_services as (
    select
        incident_id,
        service_id,
        'time_window' as method
    from incident_services
    union all
    select
        incident_services.incident_id,
        dependencies.depends_on_service_id as service_id,
        'time_window_dependency' as method
    from incident_services
    inner join dependencies
        on incident_services.service_id = dependencies.service_id
    where dependencies.depends_on_service_id <> dependencies.service_id
),

service_sequences as (
    select
        deployment_id,
        service_id,
        finished_at,
        row_number() over (
            partition by service_id
            order by finished_at, deployment_id
        ) as service_sequence
    from deployments
    where service_id <> 'unmapped'
),

timeline as (
    select
        service_id,
        finished_at as occurred_at,
        service_sequence,
        cast(null as string) as incident_id,
        cast(null as string) as method,
        0 as is_incident
    from service_sequences
    union all
    select
        suspected_services.service_id,
        incidents.began_at as occurred_at,
        cast(null as bigint) as service_sequence,
        incidents.incident_id,
        suspected_services.method,
        1 as is_incident
    from suspected_services
    inner join incidents
        on suspected_services.incident_id = incidents.incident_id
    where incidents.severity in (
        {%- for level in range(1, var('incident_max_severity') + 1) -%}
            'sev{{ level }}'{{ ", " if not loop.last }}
        {%- endfor -%}
    )
),

preceded as (
    select
        service_id,
        incident_id,
        method,
        is_incident,
        max(service_sequence) over (
            partition by service_id
            order by occurred_at, is_incident
            rows between unbounded preceding and current row
        ) as service_sequence
    from timeline
),

candidates as (
    select
        named_deployments.incident_id,
        named_deployments.deployment_id,
        named_deployments.service_id,
        'named_by_incident' as method,
        named_deployments.named_rank as method_rank,
        incidents.began_at,
        incidents.restored_at,
        incidents.severity,
        {{ seconds_between('named_deployments.finished_at', 'incidents.began_at') }}
            as lag_seconds
    from named_deployments
    inner join incidents
        on named_deployments.incident_id = incidents.incident_id
    union all
    select
        preceded.incident_id,
        service_sequences.deployment_id,
        preceded.service_id,
        preceded.method,
        case preceded.method when 'time_window' then 4 else 5 end as method_rank,
        incidents.began_at,
        incidents.restored_at,
        incidents.severity,
        {{ seconds_between('service_sequences.finished_at', 'incidents.began_at') }}
            as lag_seconds
    from preceded
    inner join service_sequences
        on
            preceded.service_id = service_sequences.service_id
            and preceded.service_sequence = service_sequences.service_sequence
    inner join incidents
        on preceded.incident_id = incidents.incident_id
    where preceded.is_incident = 1
),

judged as (
    select
        incident_id,
        deployment_id,
        service_id,
        method,
        method_rank,
        began_at,
        restored_at,
        severity,
        lag_seconds,
        method = 'named_by_incident' or lag_seconds <= {{ var('incident_lag_hours') * 3600 }} as is_counted,
        {% for hours in lags -%}
        method = 'named_by_incident' or lag_seconds <= {{ hours * 3600 }} as is_within_{{ hours }}h{{ ',' if not loop.last }}
        {% endfor %}
    from candidates
    where
        method = 'named_by_incident'
        or lag_seconds <= {{ lag_limit_hours * 3600 }}
),

-- One incident blames at most one deployment: the strongest method, the shortest lag.
ordered as (
    select
        incident_id,
        deployment_id,
        service_id,
        method,
        began_at,
        restored_at,
        severity,
        lag_seconds,
        is_counted,
        row_number() over (
            partition by incident_id
            order by
                case when is_counted then 0 else 1 end,
                method_rank,
                lag_seconds,
                deployment_id
        ) as candidate_order,
        {% for hours in lags -%}
        case
            when is_within_{{ hours }}h
                then
                    row_number() over (
                        partition by incident_id
                        order by
                            case when is_within_{{ hours }}h then 0 else 1 end,
                            method_rank,
                            lag_seconds,
                            deployment_id
                    )
        end as order_within_{{ hours }}h{{ ',' if not loop.last }}
        {% endfor %}
    from judged
),

-- With another lag another deployment may be blamed: the service's own of two days ago goes before what it depends on.
asked_again as (
    select
        ordered.*,
        {% for hours in lags -%}
        max(case when order_within_{{ hours }}h = 1 then deployment_id end) over (partition by incident_id)
            as blamed_within_{{ hours }}h{{ ',' if not loop.last }}
        {% endfor %}
    from ordered
),

final as (
    select
        incident_id,
        deployment_id,
        service_id,
        method,
        {{ link_confidence('method') }} as confidence,
        severity,
        began_at,
        restored_at,
        lag_seconds,
        is_counted,
        {% for hours in lags -%}
        blamed_within_{{ hours }}h{{ ',' if not loop.last }}
        {% endfor %}
    from asked_again
    where candidate_order = 1
)

select
    incident_id,
    deployment_id,
    service_id,
    method,
    confidence,
    severity,
    began_at,
    restored_at,
    lag_seconds,
    is_counted,
    {% for hours in lags -%}
    blamed_within_{{ hours }}h{{ ',' if not loop.last }}
    {% endfor -%}
from final
