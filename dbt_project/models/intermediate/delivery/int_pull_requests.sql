-- Pull and merge requests of every system that hosts code, in one shape.
{{ config(materialized='view') }}

select
    'github' as source_system,
    repository,
    pull_number,
    title,
    state,
    is_draft,
    author_id,
    author_type,
    created_at,
    updated_at,
    closed_at,
    merged_at,
    merge_sha,
    head_branch,
    head_sha,
    base_branch,
    default_branch,
    labels,
    reverts_reference,
    reverts_sha
from {{ ref('stg_github__pull_requests') }}
union all
select
    'azure_devops' as source_system,
    coalesce(repositories.repository, pulls.repository_id) as repository,
    pulls.pull_number,
    substring(pulls.title, 1, 200) as title,
    pulls.status as state,
    pulls.is_draft,
    pulls.author_id,
    cast(null as string) as author_type,
    pulls.created_at,
    coalesce(pulls.closed_at, pulls.created_at) as updated_at,
    pulls.closed_at,
    case when pulls.status = 'completed' then pulls.closed_at end as merged_at,
    -- Of an open one it is the trial merge.
    case when pulls.status = 'completed' then pulls.merge_sha end as merge_sha,
    pulls.head_branch,
    pulls.head_sha,
    pulls.base_branch,
    pulls.default_branch,
    pulls.labels,
    '#' || cast(pulls.reverts_pull_number as string) as reverts_reference,
    cast(null as string) as reverts_sha
from {{ ref('stg_azure_devops__pull_requests') }} as pulls
left join {{ ref('int_azure_devops_repositories') }} as repositories
    on
        pulls.organization = repositories.organization
        and pulls.repository_id = repositories.repository_id
