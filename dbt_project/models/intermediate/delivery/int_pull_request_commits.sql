-- The answer that lists the commits of a pull request seldom names it. Where the landing path did not tell it either, the branch is
-- walked down its first parents from the head that the pull request names, as far as unplaced commits reach; merges
-- of the base into the branch lie on that chain, what they brought does not.
with recursive told as (

    select
        source_system,
        repository,
        pull_number,
        sha,
        author_id,
        authored_at,
        message_title,
        reverts_sha,
        first_parent_sha,
        parent_count
    from {{ ref('int_commit_tellings') }}
    where told_by = 'pull_request'

),

unplaced as (

    select
        source_system,
        repository,
        sha,
        max(first_parent_sha) as first_parent_sha
    from told
    where pull_number is null
    group by source_system, repository, sha

),

heads as (

    select
        pull_requests.source_system,
        pull_requests.repository,
        pull_requests.pull_number,
        unplaced.sha,
        unplaced.first_parent_sha
    from {{ ref('int_pull_requests') }} as pull_requests
    inner join unplaced
        on
            pull_requests.source_system = unplaced.source_system
            and pull_requests.repository = unplaced.repository
            and pull_requests.head_sha = unplaced.sha

),

walk as (

    select
        source_system,
        repository,
        pull_number,
        sha,
        first_parent_sha
    from heads
    union all
    select
        walk.source_system,
        walk.repository,
        walk.pull_number,
        unplaced.sha,
        unplaced.first_parent_sha
    from walk
    inner join unplaced
        on
            walk.source_system = unplaced.source_system
            and walk.repository = unplaced.repository
            and walk.first_parent_sha = unplaced.sha

),

placed as (

    select
        source_system,
        repository,
        pull_number,
        sha,
        'landing path' as method
    from told
    where pull_number is not null
    union all
    select
        source_system,
        repository,
        pull_number,
        sha,
        'head of the branch' as method
    from walk

),

distinct_placed as (

    select
        source_system,
        repository,
        pull_number,
        sha,
        max(method) as method
    from placed
    group by source_system, repository, pull_number, sha

),

described as (

    select
        source_system,
        repository,
        sha,
        author_id,
        authored_at,
        message_title,
        reverts_sha,
        parent_count,
        row_number() over (partition by source_system, repository, sha order by coalesce(pull_number, 0)) as rank
    from told

)

select
    described.source_system,
    described.repository,
    distinct_placed.pull_number,
    described.sha,
    described.author_id,
    described.authored_at,
    described.message_title,
    described.reverts_sha,
    coalesce(described.parent_count > 1, false) as is_merge,
    distinct_placed.method
from described
left join distinct_placed
    on
        described.source_system = distinct_placed.source_system
        and described.repository = distinct_placed.repository
        and described.sha = distinct_placed.sha
where described.rank = 1
