-- The Cloud's list says neither when nor by which whole commit a pull request was merged: its activities tell the instant,
-- and the first digits of a commit are made whole by the commits that are known. Where no activity is known, the time of
-- the merge commit comes next, and the last change only then.
{{ config(materialized='view') }}

with pull_requests as (

    select
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
        merge_sha,
        head_branch,
        head_sha,
        base_branch,
        reverts_sha
    from {{ ref('stg_bitbucket__pull_requests') }}

),

activities as (

    select
        repository,
        pull_number,
        max(case when action = 'merged' then happened_at end) as merged_at,
        max(case when action in ('declined', 'superseded') then happened_at end) as declined_at
    from {{ ref('stg_bitbucket__pull_request_activities') }}
    group by repository, pull_number

),

told_commits as (

    select
        repository,
        sha,
        committed_at
    from {{ ref('stg_bitbucket__commits') }}
    union
    select
        repository,
        sha,
        committed_at
    from {{ ref('stg_bitbucket__pull_request_commits') }}

),

commits as (

    select
        repository,
        substring(sha, 1, 12) as short_sha,
        max(sha) as sha,
        max(committed_at) as committed_at
    from told_commits
    group by repository, substring(sha, 1, 12)
    -- Two commits that begin alike are no answer.
    having count(distinct sha) = 1

),

default_branches as (

    select
        repository,
        max(default_branch) as default_branch
    from {{ ref('stg_bitbucket__repositories') }}
    group by repository

),

timed as (

    select
        pull_requests.repository,
        pull_requests.pull_number,
        case
            when pull_requests.state = 'merged'
                then coalesce(
                    activities.merged_at, pull_requests.closed_at, merge_commits.committed_at, pull_requests.updated_at
                )
        end as merged_at,
        case
            when pull_requests.state in ('declined', 'superseded')
                then coalesce(activities.declined_at, pull_requests.closed_at, pull_requests.updated_at)
        end as declined_at,
        case
            when length(pull_requests.merge_sha) < 40 then coalesce(merge_commits.sha, pull_requests.merge_sha)
            else pull_requests.merge_sha
        end as merge_sha,
        case
            when length(pull_requests.head_sha) < 40 then coalesce(head_commits.sha, pull_requests.head_sha)
            else pull_requests.head_sha
        end as head_sha
    from pull_requests
    left join activities
        on
            pull_requests.repository = activities.repository
            and pull_requests.pull_number = activities.pull_number
    left join commits as merge_commits
        on
            pull_requests.repository = merge_commits.repository
            and substring(pull_requests.merge_sha, 1, 12) = merge_commits.short_sha
    left join commits as head_commits
        on
            pull_requests.repository = head_commits.repository
            and substring(pull_requests.head_sha, 1, 12) = head_commits.short_sha

)

select
    pull_requests.repository,
    pull_requests.pull_number,
    pull_requests.title,
    pull_requests.state,
    pull_requests.is_draft,
    pull_requests.author_id,
    pull_requests.author_type,
    pull_requests.created_at,
    pull_requests.updated_at,
    coalesce(timed.merged_at, timed.declined_at) as closed_at,
    timed.merged_at,
    case when timed.merged_at is not null then timed.merge_sha end as merge_sha,
    cast(null as string) as squash_sha,
    pull_requests.head_branch,
    timed.head_sha,
    pull_requests.base_branch,
    default_branches.default_branch,
    cast(null as string) as labels,
    cast(null as string) as reverts_reference,
    pull_requests.reverts_sha
from pull_requests
inner join timed
    on
        pull_requests.repository = timed.repository
        and pull_requests.pull_number = timed.pull_number
left join default_branches on pull_requests.repository = default_branches.repository
