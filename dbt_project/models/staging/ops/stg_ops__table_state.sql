select
    system,
    table_name,
    rows as row_count,
    data_through,
    last_loaded_at
from {{ source('ops', 'table_state') }}
