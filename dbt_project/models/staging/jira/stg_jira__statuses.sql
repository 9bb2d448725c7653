select
    status_id,
    status,
    status_category
from {{ source('raw_jira', 'statuses') }}
