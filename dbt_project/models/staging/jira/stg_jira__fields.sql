select
    field_id,
    field_name,
    custom_type
from {{ source('raw_jira', 'fields') }}
