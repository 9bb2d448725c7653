select
    reject_id,
    file_id,
    system,
    table_name,
    column_name,
    reason,
    rejected_at,
    replayed_at
from {{ source('ops', 'ingest_rejects') }}
