-- Whatever each system calls a review: somebody's word on a pull request.
{{ config(materialized='view') }}

select
    'github' as source_system,
    repository,
    pull_number,
    reviewer_id,
    reviewer_type,
    review_state,
    submitted_at
from {{ ref('stg_github__pull_request_reviews') }}
