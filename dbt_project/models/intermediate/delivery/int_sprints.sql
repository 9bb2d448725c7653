with told as (

    select
        'jira' as source_system,
        sprints.sprint_id as sprint_key,
        sprints.sprint_name,
        sprints.board_id as board_key,
        boards.board_name,
        boards.project_key,
        sprints.state,
        sprints.started_at,
        sprints.ends_at,
        sprints.completed_at
    from {{ ref('stg_jira__sprints') }} as sprints
    left join {{ ref('stg_jira__boards') }} as boards on sprints.board_id = boards.board_id
    union all
    -- An iteration has days and no state: it is over when its last day is. Work items name it by its path.
    select
        'azure_devops' as source_system,
        organization || '/' || translate(iteration_path, chr(92), '/') as sprint_key,
        name as sprint_name,
        project as board_key,
        project as board_name,
        project as project_key,
        case
            when {{ dbt.dateadd('day', 1, 'finished_at') }} <= {{ as_of_instant() }} then 'closed'
            when started_at <= {{ as_of_instant() }} then 'active'
            else 'future'
        end as state,
        case when started_at <= {{ as_of_instant() }} then started_at end as started_at,
        {{ dbt.dateadd('day', 1, 'finished_at') }} as ends_at,
        cast(null as timestamp) as completed_at
    from {{ ref('stg_azure_devops__iterations') }}

)

select
    told.source_system || ':' || told.sprint_key as sprint_id,
    told.source_system,
    told.sprint_key,
    told.sprint_name,
    told.board_key,
    told.board_name,
    told.project_key,
    coalesce(identifiers.service_id, 'unmapped') as service_id,
    told.state,
    told.started_at,
    told.ends_at,
    case when told.state = 'closed' then coalesce(told.completed_at, told.ends_at) end as closed_at
from told
left join {{ ref('int_service_identifiers') }} as identifiers
    on
        told.source_system = identifiers.tool
        and lower(told.project_key) = identifiers.identifier
