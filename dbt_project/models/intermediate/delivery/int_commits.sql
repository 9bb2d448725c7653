-- The default branch's telling of a commit comes first; a pull request's branch adds those that never got there.
with ranked as (

    select
        source_system,
        repository,
        sha,
        author_id,
        authored_at,
        committed_at,
        first_parent_sha,
        parent_count,
        message_title,
        reverts_sha,
        row_number() over (
            partition by repository, sha
            order by case when told_by = 'branch' then 1 else 2 end asc, source_system asc, coalesce(pull_number, 0) asc
        ) as rank
    from {{ ref('int_commit_tellings') }}

)

select
    ranked.source_system,
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
