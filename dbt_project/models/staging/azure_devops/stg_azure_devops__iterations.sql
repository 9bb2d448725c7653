select
    organization,
    project,
    iteration_id,
    name,
    iteration_path,
    started_at,
    finished_at
from {{ source('raw_azure_devops', 'iterations') }}
