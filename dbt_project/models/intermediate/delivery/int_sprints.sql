with told as (

    select
        'jira' as source_system,
        sprint_id as sprint_key,
        sprint_name,
        board_id as board_key,
        state,
        started_at,
        ends_at,
        completed_at
    from {{ ref('stg_jira__sprints') }}
    union all
    -- An iteration has days and no state: it is over when its last day is. Work items name it by its path.
    select
        'azure_devops' as source_system,
        organization || '/' || translate(iteration_path, chr(92), '/') as sprint_key,
        name as sprint_name,
        project as board_key,
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
    source_system || ':' || sprint_key as sprint_id,
    source_system,
    sprint_key,
    sprint_name,
    board_key,
    state,
    started_at,
    ends_at,
    case when state = 'closed' then coalesce(completed_at, ends_at) end as closed_at
from told
