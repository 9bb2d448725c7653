select
    organization,
    repository_id,
    pull_number,
    thread_id,
    thread_kind,
    comment_kind,
    author_id,
    published_at,
    updated_at
from {{ source('raw_azure_devops', 'pull_request_threads') }}
