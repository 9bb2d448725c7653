-- The list of a merge request's commits leaves their parents out, so that a merge of the target into the branch is told
-- by the words that git gives it.
select
    repository,
    project_id,
    pull_number,
    sha,
    author_id,
    authored_at,
    coalesce(committed_at, authored_at) as committed_at,
    substring(message_title, 1, 200) as message_title,
    reverts_sha,
    first_parent_sha,
    second_parent_sha,
    parents,
    case
        when json_array_length(parents) > 0 then cast(json_array_length(parents) as bigint)
        when message_title like 'Merge branch %' or message_title like 'Merge remote-tracking branch %' then cast(2 as bigint)
    end as parent_count
from {{ source('raw_gitlab', 'merge_request_commits') }}
