select
    repository,
    issue_number,
    substring(title, 1, 200) as title,
    coalesce(issue_type, 'issue') as issue_type,
    state,
    severity,
    case
        when labels like '[%' then labels
        else '["' || replace(replace(labels, '"', ''), ',', '","') || '"]'
    end as labels,
    duplicate_of,
    caused_by_deployment,
    caused_by_sha,
    author_id,
    weight,
    epic_number,
    epic_title,
    due_date,
    created_at,
    updated_at,
    closed_at
from {{ source('raw_gitlab', 'issues') }}
