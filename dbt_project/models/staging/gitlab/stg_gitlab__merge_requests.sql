-- The export as CSV says that it was merged and not when: the last change is the nearest that is known.
select
    repository,
    pull_number,
    merge_request_id,
    project_id,
    substring(title, 1, 200) as title,
    state,
    coalesce(is_draft, false) as is_draft,
    author_id,
    created_at,
    updated_at,
    case when state in ('closed', 'merged') then coalesce(merged_at, closed_at, updated_at) end as closed_at,
    case when state = 'merged' then coalesce(merged_at, closed_at, updated_at) end as merged_at,
    case when state = 'merged' then coalesce(merge_commit_sha, squash_commit_sha, head_sha) end as merge_sha,
    case when state = 'merged' then squash_commit_sha end as squash_sha,
    head_branch,
    head_sha,
    base_branch,
    labels,
    lower(replace(reverts_reference, '!', '#')) as reverts_reference,
    reverts_sha
from {{ source('raw_gitlab', 'merge_requests') }}
