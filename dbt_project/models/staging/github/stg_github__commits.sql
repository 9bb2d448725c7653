select
    repository,
    sha,
    author_id,
    author_type,
    authored_at,
    coalesce(committed_at, authored_at) as committed_at,
    committer_id,
    substring(message_title, 1, 200) as message_title,
    reverts_sha,
    first_parent_sha,
    second_parent_sha,
    parents,
    case when parents is not null then cast(json_array_length(parents) as bigint) end as parent_count,
    files
from {{ source('raw_github', 'commits') }}
