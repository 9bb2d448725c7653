-- A commit is told by the listing of its branch and by each pull request that it belongs to.
{{ config(materialized='view') }}

select
    'github' as source_system,
    'branch' as told_by,
    repository,
    cast(null as bigint) as pull_number,
    sha,
    author_id,
    author_type,
    authored_at,
    committed_at,
    message_title,
    reverts_sha,
    first_parent_sha,
    second_parent_sha,
    parent_count,
    parents,
    files
from {{ ref('stg_github__commits') }}
union all
select
    'github' as source_system,
    'pull_request' as told_by,
    repository,
    pull_number,
    sha,
    author_id,
    author_type,
    authored_at,
    committed_at,
    message_title,
    reverts_sha,
    first_parent_sha,
    second_parent_sha,
    parent_count,
    parents,
    cast(null as string) as files
from {{ ref('stg_github__pull_request_commits') }}
