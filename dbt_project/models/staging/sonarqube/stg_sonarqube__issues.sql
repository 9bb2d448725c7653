select
    issue_key,
    project_key,
    file_path,
    rule,
    severity,
    issue_type,
    impacts,
    status,
    resolution,
    message,
    {{ effort_minutes('effort') }} as effort_minutes,
    created_at,
    updated_at,
    closed_at
from {{ source('raw_sonarqube', 'issues') }}
