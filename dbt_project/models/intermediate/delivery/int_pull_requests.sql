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
