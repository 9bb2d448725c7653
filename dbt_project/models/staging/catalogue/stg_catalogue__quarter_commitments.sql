select
    quarter,
    team_id,
    nullif(trim(work_item), '') as work_item,
    nullif(trim(title), '') as title,
    committed_at,
    removed_at,
    delivered_at
from {{ source('raw_catalogue', 'quarter_commitments') }}
