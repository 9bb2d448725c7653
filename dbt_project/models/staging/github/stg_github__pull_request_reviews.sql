select
    repository,
    pull_number,
    review_id,
    reviewer_id,
    reviewer_type,
    state as review_state,
    submitted_at,
    commit_sha
from {{ source('raw_github', 'pull_request_reviews') }}
