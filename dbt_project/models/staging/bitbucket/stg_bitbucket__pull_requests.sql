select
    replace(repository, '/repos/', '/') as repository,
    repository_uuid,
    pull_number,
    substring(title, 1, 200) as title,
    state,
    coalesce(is_draft, false) as is_draft,
    author_id,
    case when author_bot_name is not null or author_type in ('app_user', 'service') then 'bot' else author_type end as author_type,
    created_at,
    updated_at,
    closed_at,
    merge_sha,
    head_branch,
    head_sha,
    base_branch,
    reverts_sha
from {{ source('raw_bitbucket', 'pull_requests') }}
