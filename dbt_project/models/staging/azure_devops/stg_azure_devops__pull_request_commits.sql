select
    organization,
    repository_id,
    pull_number,
    sha,
    author_id,
    authored_at,
    committer_id,
    committed_at,
    substring(message_title, 1, 200) as message_title,
    reverts_sha,
    parents
from {{ source('raw_azure_devops', 'pull_request_commits') }}
