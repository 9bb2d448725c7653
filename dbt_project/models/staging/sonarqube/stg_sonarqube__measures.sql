select
    project_key,
    metric,
    analysed_at,
    value
from {{ source('raw_sonarqube', 'measures') }}
