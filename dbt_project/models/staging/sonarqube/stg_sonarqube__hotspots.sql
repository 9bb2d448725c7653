select
    hotspot_key,
    project_key,
    file_path,
    rule,
    security_category,
    vulnerability_probability,
    status,
    resolution,
    message,
    created_at,
    updated_at
from {{ source('raw_sonarqube', 'hotspots') }}
