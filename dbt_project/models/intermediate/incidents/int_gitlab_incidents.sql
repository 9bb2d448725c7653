-- Where nobody set the severity, the scoped label that GitLab's own handbook uses for it may tell it.
{{ config(materialized='view') }}

select
    'gitlab' as source_system,
    'gitlab:' || repository || '#' || cast(issue_number as string) as incident_id,
    title,
    state as status,
    cast(null as string) as urgency,
    coalesce(
        nullif(lower(severity), 'unknown'),
        nullif(regexp_extract(lower(labels), '"severity:{2}([a-z0-9]+)"', 1), '')
    ) as priority,
    cast(null as string) as incident_type,
    repository as source_service_id,
    cast(null as string) as details,
    'gitlab:' || cast(caused_by_deployment as string) as caused_by_deployment,
    caused_by_sha,
    created_at,
    cast(null as timestamp) as detected_at,
    cast(null as timestamp) as impact_started_at,
    cast(null as timestamp) as acknowledged_at,
    cast(null as timestamp) as mitigated_at,
    case when state = 'closed' then closed_at end as resolved_at,
    duplicate_of is not null as is_merged,
    cast(null as string) as merged_into_incident_id,
    cast(null as string) as problem_id,
    cast(null as string) as problem_title
from {{ ref('stg_gitlab__issues') }}
where issue_type = 'incident'
