select
    replace(repository, '/repos/', '/') as repository,
    pull_number,
    sha,
    author_id,
    case when author_bot_name is not null then 'bot' end as author_type,
    authored_at,
    coalesce(committed_at, authored_at) as committed_at,
    substring(message_title, 1, 200) as message_title,
    reverts_sha,
    first_parent_sha,
    second_parent_sha,
    parents,
    case when parents is not null then cast(json_array_length(parents) as bigint) end as parent_count
from {{ source('raw_bitbucket', 'pull_request_commits') }}
