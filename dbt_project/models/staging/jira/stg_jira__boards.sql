select
    board_id,
    max(board_name) as board_name,
    max(board_type) as board_type,
    case when count(distinct project_key) = 1 then max(project_key) end as project_key
from {{ source('raw_jira', 'boards') }}
group by board_id
