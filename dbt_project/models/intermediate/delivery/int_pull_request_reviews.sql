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
union all
-- A vote, or somebody's comment; what the system writes of pushes and policies is no review.
select
    'azure_devops' as source_system,
    coalesce(repositories.repository, threads.repository_id) as repository,
    threads.pull_number,
    threads.author_id as reviewer_id,
    cast(null as string) as reviewer_type,
    case threads.thread_kind when 'voteupdate' then 'voted' else 'commented' end as review_state,
    threads.published_at as submitted_at
from {{ ref('stg_azure_devops__pull_request_threads') }} as threads
left join {{ ref('int_azure_devops_repositories') }} as repositories
    on
        threads.organization = repositories.organization
        and threads.repository_id = repositories.repository_id
where threads.thread_kind = 'voteupdate' or threads.comment_kind = 'text'
union all
select
    'gitlab' as source_system,
    repository,
    pull_number,
    reviewer_id,
    reviewer_type,
    review_state,
    submitted_at
from {{ ref('int_gitlab_reviews') }}
union all
select
    'bitbucket' as source_system,
    repository,
    pull_number,
    actor_id as reviewer_id,
    cast(null as string) as reviewer_type,
    action as review_state,
    happened_at as submitted_at
from {{ ref('stg_bitbucket__pull_request_activities') }}
where action in ('approved', 'changes_requested', 'commented')
