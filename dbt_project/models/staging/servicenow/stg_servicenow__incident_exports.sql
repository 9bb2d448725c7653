with versions as (

    select
        told.incident_number,
        substring(told.title, 1, 200) as title,
        told.state,
        coalesce(nullif(regexp_extract(told.priority, '^([0-9]+)', 1), ''), told.priority) as priority,
        told.business_service,
        told.configuration_item,
        told.assignment_group,
        told.caused_by_change,
        told.parent_incident,
        told.problem,
        told.opened_at as created_at,
        coalesce(told.resolved_at, told.closed_at) as resolved_at,
        told.updated_at,
        min(case when states.status in ('acknowledged', 'resolved') then told.updated_at end) over (
            partition by told.incident_number
        ) as acknowledged_at,
        count(*) over (partition by told.incident_number) as version_count,
        row_number() over (
            partition by told.incident_number
            order by
                told.updated_at desc,
                coalesce(cast(replace(replace(told.version_number, ',', ''), '.', '') as bigint), -1) desc
        ) as age
    from {{ source('raw_servicenow', 'incident_exports') }} as told
    left join {{ ref('status_map') }} as states
        on
            states.system = 'servicenow'
            and states.concept = 'incident'
            and told.state = states.raw_value

)

select
    incident_number,
    title,
    state,
    priority,
    business_service,
    configuration_item,
    assignment_group,
    caused_by_change,
    parent_incident,
    problem,
    created_at,
    case when version_count > 1 then acknowledged_at end as acknowledged_at,
    resolved_at,
    updated_at
from versions
where age = 1
