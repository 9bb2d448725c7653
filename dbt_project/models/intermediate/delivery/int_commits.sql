-- The default branch's telling of a commit comes first; a pull request's branch adds those that never got there.
with told as (

    select
        repository,
        sha,
        author_id,
        authored_at,
        committed_at,
        first_parent_sha,
        parent_count,
        message_title,
        reverts_sha,
        1 as preference,
        cast(0 as bigint) as pull_number
    from {{ ref('stg_github__commits') }}
    union all
    select
        repository,
        sha,
        author_id,
        authored_at,
        committed_at,
        first_parent_sha,
        parent_count,
        message_title,
        reverts_sha,
        2 as preference,
        coalesce(pull_number, 0) as pull_number
    from {{ ref('stg_github__pull_request_commits') }}

),

ranked as (

    select
        repository,
        sha,
        author_id,
        authored_at,
        committed_at,
        first_parent_sha,
        parent_count,
        message_title,
        reverts_sha,
        row_number() over (partition by repository, sha order by preference asc, pull_number asc) as rank
    from told

)

select
    'github' as source_system,
    ranked.repository,
    ranked.sha,
    ranked.author_id,
    bots.account_id is not null as is_bot,
    ranked.authored_at,
    ranked.committed_at,
    ranked.first_parent_sha,
    ranked.parent_count,
    coalesce(ranked.parent_count > 1, false) as is_merge,
    ranked.message_title,
    ranked.reverts_sha
from ranked
left join {{ ref('int_bot_accounts') }} as bots on ranked.author_id = bots.account_id
where ranked.rank = 1
