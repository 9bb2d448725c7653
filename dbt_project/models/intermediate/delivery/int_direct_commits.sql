-- A commit of the default branch is direct where no merged pull request brought it: not as its merge or squash
-- commit, not as a commit of its branch, and not as the copy that a rebase merge makes (another id, the same author
-- time and title).
with merged as (

    select
        source_system,
        repository,
        pull_number,
        merge_sha,
        squash_sha
    from {{ ref('int_pull_requests') }}
    where merged_at is not null

),

brought as (

    select
        branch_commits.repository,
        branch_commits.sha,
        branch_commits.authored_at,
        branch_commits.message_title
    from {{ ref('int_pull_request_commits') }} as branch_commits
    left join merged
        on
            branch_commits.source_system = merged.source_system
            and branch_commits.repository = merged.repository
            and branch_commits.pull_number = merged.pull_number
    -- Unplaced ones belong to some pull request that is not known here.
    where merged.pull_number is not null or branch_commits.pull_number is null

),

brought_ids as (

    select
        repository,
        merge_sha as sha
    from merged where merge_sha is not null
    union
    select
        repository,
        squash_sha as sha
    from merged where squash_sha is not null
    union
    select
        repository,
        sha
    from brought

),

brought_copies as (

    select distinct
        repository,
        authored_at,
        message_title
    from brought

),

-- A mirror tells the same commits again.
commits as (

    select
        source_system,
        repository,
        sha,
        author_id,
        authored_at,
        committed_at,
        message_title,
        reverts_sha,
        parent_count,
        row_number() over (partition by repository, sha order by source_system asc) as rank
    from {{ ref('int_commit_tellings') }}
    where told_by = 'branch'

)

select
    commits.source_system,
    commits.repository,
    commits.sha,
    commits.author_id,
    commits.authored_at,
    commits.committed_at,
    commits.message_title,
    commits.reverts_sha
from commits
left join brought_ids
    on
        commits.repository = brought_ids.repository
        and commits.sha = brought_ids.sha
left join brought_copies
    on
        commits.repository = brought_copies.repository
        and commits.authored_at = brought_copies.authored_at
        and commits.message_title = brought_copies.message_title
where
    commits.rank = 1
    and brought_ids.sha is null
    and brought_copies.repository is null
    -- A merge brings the work of others and is none of its own.
    and coalesce(commits.parent_count, 1) <= 1
