with pull_requests as (

    select
        source_system || ':' || repository || '#' || cast(pull_number as string) as change_id,
        source_system,
        repository,
        pull_number,
        title,
        state,
        is_draft,
        author_id,
        created_at,
        ready_at,
        closed_at,
        merged_at,
        merge_sha,
        squash_sha,
        head_branch,
        head_sha,
        base_branch,
        labels,
        reverts_reference,
        reverts_sha
    from {{ ref('int_pull_requests') }}

),

direct_commits as (

    select
        source_system || ':' || repository || '@' || sha as change_id,
        source_system,
        repository,
        sha,
        author_id,
        authored_at,
        committed_at,
        message_title,
        reverts_sha
    from {{ ref('int_direct_commits') }}

),

branch_commits as (

    select
        source_system || ':' || repository || '#' || cast(pull_number as string) as change_id,
        repository,
        sha,
        authored_at,
        reverts_sha,
        is_merge
    from {{ ref('int_pull_request_commits') }}
    where pull_number is not null

),

rules as (

    select
        rule,
        field,
        pattern
    from {{ ref('change_rules') }}

),

bots as (

    select account_id
    from {{ ref('int_bot_accounts') }}

),

repositories as (

    select
        repository,
        default_branch
    from {{ ref('int_known_repositories') }}

),

states as (

    select
        system,
        raw_value,
        status
    from {{ ref('status_map') }}
    where concept = 'pull_request'

),

-- A merge of the base into the branch is no work on the change, so it does not begin it, unless there is nothing else.
worked as (

    select
        change_id,
        coalesce(min(case when not is_merge then authored_at end), min(authored_at)) as first_commit_at,
        count(*) as commit_count,
        min(case when is_merge then 1 else 0 end) = 1 as is_pure_merge,
        max(reverts_sha) as reverts_sha
    from branch_commits
    group by change_id

),

reviewed as (

    select
        pull_requests.change_id,
        min(reviews.submitted_at) as first_review_at
    from {{ ref('int_pull_request_reviews') }} as reviews
    inner join pull_requests
        on
            reviews.source_system = pull_requests.source_system
            and reviews.repository = pull_requests.repository
            and reviews.pull_number = pull_requests.pull_number
    left join bots on reviews.reviewer_id = bots.account_id
    where
        bots.account_id is null
        and coalesce(reviews.review_state, 'commented') <> 'pending'
        and reviews.reviewer_id is not null
        and (pull_requests.author_id is null or reviews.reviewer_id <> pull_requests.author_id)
    group by pull_requests.change_id

),

labelled as (

    {{ explode_json_array('pull_requests', ['change_id'], 'labels', 'label_element') }}

),

label_names as (

    select
        change_id,
        lower(coalesce({{ json_text(valid_json('label_element'), 'name') }}, label_element)) as label
    from labelled

),

label_matches as (

    select
        label_names.change_id,
        max(case when rules.rule = 'hotfix' then 1 else 0 end) as is_hotfix
    from label_names
    inner join rules on rules.field = 'label' and {{ matches_pattern('label_names.label', 'rules.pattern') }}
    group by label_names.change_id

),

named as (

    select
        change_id,
        title,
        head_branch
    from pull_requests
    union all
    select
        change_id,
        message_title as title,
        cast(null as string) as head_branch
    from direct_commits

),

name_matches as (

    select
        named.change_id,
        max(case when rules.rule = 'revert' then 1 else 0 end) as is_revert,
        max(case when rules.rule = 'hotfix' then 1 else 0 end) as is_hotfix
    from named
    inner join rules
        on
            (rules.field = 'title' and {{ matches_pattern('lower(named.title)', 'rules.pattern') }})
            or (rules.field = 'branch' and {{ matches_pattern('lower(named.head_branch)', 'rules.pattern') }})
    group by named.change_id

),

changes as (

    select
        pull_requests.change_id,
        pull_requests.source_system,
        'pull_request' as change_kind,
        pull_requests.repository,
        pull_requests.pull_number as number,
        pull_requests.title,
        pull_requests.author_id,
        pull_requests.is_draft,
        case
            when pull_requests.merged_at is not null then 'merged'
            else coalesce(states.status, 'unmapped')
        end as state,
        pull_requests.base_branch,
        pull_requests.head_branch,
        coalesce(
            pull_requests.base_branch = repositories.default_branch,
            pull_requests.base_branch in ('main', 'master'),
            false
        ) as is_default_branch,
        pull_requests.head_sha,
        pull_requests.merge_sha,
        worked.first_commit_at,
        coalesce(pull_requests.ready_at, pull_requests.created_at) as opened_at,
        reviewed.first_review_at,
        pull_requests.merged_at,
        pull_requests.closed_at,
        coalesce(worked.is_pure_merge, false) as is_pure_merge,
        pull_requests.reverts_reference,
        coalesce(pull_requests.reverts_sha, worked.reverts_sha) as reverts_sha,
        coalesce(label_matches.is_hotfix, 0) = 1 as has_hotfix_label,
        coalesce(worked.commit_count, 0) as commit_count
    from pull_requests
    left join repositories on pull_requests.repository = repositories.repository
    left join states
        on
            pull_requests.source_system = states.system
            and pull_requests.state = states.raw_value
    left join worked on pull_requests.change_id = worked.change_id
    left join reviewed on pull_requests.change_id = reviewed.change_id
    left join label_matches on pull_requests.change_id = label_matches.change_id
    union all
    select
        direct_commits.change_id,
        direct_commits.source_system,
        'direct_commit' as change_kind,
        direct_commits.repository,
        cast(null as bigint) as number,
        direct_commits.message_title as title,
        direct_commits.author_id,
        false as is_draft,
        'merged' as state,
        repositories.default_branch as base_branch,
        cast(null as string) as head_branch,
        true as is_default_branch,
        direct_commits.sha as head_sha,
        direct_commits.sha as merge_sha,
        direct_commits.authored_at as first_commit_at,
        cast(null as timestamp) as opened_at,
        cast(null as timestamp) as first_review_at,
        direct_commits.committed_at as merged_at,
        direct_commits.committed_at as closed_at,
        false as is_pure_merge,
        cast(null as string) as reverts_reference,
        direct_commits.reverts_sha,
        false as has_hotfix_label,
        cast(1 as bigint) as commit_count
    from direct_commits
    left join repositories on direct_commits.repository = repositories.repository

),

flagged as (

    select
        changes.*,
        changes.reverts_reference is not null
        or changes.reverts_sha is not null
        or coalesce(name_matches.is_revert, 0) = 1 as is_revert,
        changes.has_hotfix_label or coalesce(name_matches.is_hotfix, 0) = 1 as is_hotfix
    from changes
    left join name_matches on changes.change_id = name_matches.change_id

),

reverts as (

    select
        change_id,
        repository,
        title,
        coalesce(merged_at, opened_at) as happened_at,
        -- 'Reverts #12' means this repository, 'Reverts owner/name#12' the one that it names.
        lower(case
            when reverts_reference like '#%' then source_system || ':' || repository || reverts_reference
            else source_system || ':' || reverts_reference
        end) as referenced_change_id,
        reverts_sha,
        nullif(regexp_extract(title, '^[Rr]evert "(.*)"', 1), '') as reverted_title
    from flagged
    where is_revert

),

commit_changes as (

    select
        repository,
        merge_sha as sha,
        change_id
    from changes where merge_sha is not null
    union
    select
        repository,
        squash_sha as sha,
        change_id
    from pull_requests where squash_sha is not null
    union
    select
        repository,
        sha,
        change_id
    from branch_commits

),

reverted_candidates as (

    select
        reverts.change_id,
        changes.change_id as reverts_change_id,
        1 as preference,
        changes.merged_at
    from reverts
    inner join changes on reverts.referenced_change_id = changes.change_id
    union all
    select
        reverts.change_id,
        commit_changes.change_id as reverts_change_id,
        2 as preference,
        changes.merged_at
    from reverts
    inner join commit_changes
        on
            reverts.repository = commit_changes.repository
            and reverts.reverts_sha = commit_changes.sha
    inner join changes on commit_changes.change_id = changes.change_id
    union all
    select
        reverts.change_id,
        changes.change_id as reverts_change_id,
        3 as preference,
        changes.merged_at
    from reverts
    inner join changes
        on
            reverts.repository = changes.repository
            and reverts.reverted_title = changes.title
            and reverts.happened_at >= changes.merged_at

),

reverted as (

    select
        change_id,
        reverts_change_id,
        row_number()
            over (partition by change_id order by preference asc, merged_at desc, reverts_change_id asc)
            as rank
    from reverted_candidates
    where change_id <> reverts_change_id

)

select
    flagged.change_id,
    flagged.source_system,
    flagged.change_kind,
    flagged.repository,
    flagged.number,
    flagged.title,
    flagged.author_id,
    bots.account_id is not null as is_bot,
    flagged.is_draft,
    flagged.state,
    flagged.base_branch,
    flagged.head_branch,
    flagged.is_default_branch,
    flagged.head_sha,
    flagged.merge_sha,
    flagged.first_commit_at,
    flagged.opened_at,
    flagged.first_review_at,
    flagged.merged_at,
    flagged.closed_at,
    flagged.is_pure_merge,
    flagged.is_revert,
    reverted.reverts_change_id,
    flagged.is_hotfix,
    flagged.commit_count
from flagged
left join bots on flagged.author_id = bots.account_id
left join reverted
    on
        flagged.change_id = reverted.change_id
        and reverted.rank = 1
