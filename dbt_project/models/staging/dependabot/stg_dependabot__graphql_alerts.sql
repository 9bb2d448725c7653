select
    repository,
    repository_name,
    alert_id,
    alert_number,
    coalesce(
        state,
        case when fixed_at is not null then 'fixed' when dismissed_at is not null then 'dismissed' else 'open' end
    ) as state,
    package_ecosystem,
    package_name,
    manifest_path,
    requirements,
    dependency_scope,
    {{ valid_json('identifiers') }} as identifiers,
    summary,
    severity,
    created_at,
    fixed_at,
    dismissed_at,
    dismissed_reason
from {{ source('raw_dependabot', 'graphql_alerts') }}
