-- Pull and merge requests of every system that hosts code, in one shape.
{{ config(materialized='view') }}

-- Whoever opens a draft asks nobody yet. What was marked as a draft later was opened for review before.
with gitlab_marks as (

    select
        merge_request_id,
        verdict,
        created_at,
        row_number() over (partition by merge_request_id order by created_at asc, note_id asc) as position
    from {{ ref('stg_gitlab__merge_request_notes') }}
    where is_system and verdict in ('draft', 'ready') and coalesce(noteable_type, 'MergeRequest') = 'MergeRequest'

)

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
    cast(null as timestamp) as ready_at,
    updated_at,
    closed_at,
    merged_at,
    merge_sha,
    cast(null as string) as squash_sha,
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
    cast(null as timestamp) as ready_at,
    coalesce(pulls.closed_at, pulls.created_at) as updated_at,
    pulls.closed_at,
    case when pulls.status = 'completed' then pulls.closed_at end as merged_at,
    -- Of an open one it is the trial merge.
    case when pulls.status = 'completed' then pulls.merge_sha end as merge_sha,
    cast(null as string) as squash_sha,
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
union all
select
    'gitlab' as source_system,
    merge_requests.repository,
    merge_requests.pull_number,
    merge_requests.title,
    merge_requests.state,
    merge_requests.is_draft,
    merge_requests.author_id,
    cast(null as string) as author_type,
    merge_requests.created_at,
    marks.created_at as ready_at,
    merge_requests.updated_at,
    merge_requests.closed_at,
    merge_requests.merged_at,
    merge_requests.merge_sha,
    merge_requests.squash_sha,
    merge_requests.head_branch,
    merge_requests.head_sha,
    merge_requests.base_branch,
    projects.default_branch,
    merge_requests.labels,
    merge_requests.reverts_reference,
    merge_requests.reverts_sha
from {{ ref('stg_gitlab__merge_requests') }} as merge_requests
left join {{ ref('stg_gitlab__projects') }} as projects on merge_requests.project_id = projects.project_id
left join gitlab_marks as marks
    on
        merge_requests.merge_request_id = marks.merge_request_id
        and marks.position = 1
        and marks.verdict = 'ready'
union all
select
    'bitbucket' as source_system,
    repository,
    pull_number,
    title,
    state,
    is_draft,
    author_id,
    author_type,
    created_at,
    cast(null as timestamp) as ready_at,
    updated_at,
    closed_at,
    merged_at,
    merge_sha,
    squash_sha,
    head_branch,
    head_sha,
    base_branch,
    default_branch,
    labels,
    reverts_reference,
    reverts_sha
from {{ ref('int_bitbucket_pull_requests') }}
