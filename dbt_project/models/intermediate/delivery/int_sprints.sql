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
