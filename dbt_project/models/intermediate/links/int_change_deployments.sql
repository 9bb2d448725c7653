with

deployments as (
    select * from {{ ref('int_deployment_commits') }}
),

commits as (
    select * from {{ ref('int_commit_chain') }}
),

reach as (
    select * from {{ ref('int_commit_reach') }}
),

listed as (
    select distinct
        deployment_id,
        repository,
        sha
    from {{ ref('int_deployment_changes_listed') }}
),

merged_changes as (
    select
        change_id,
        repository,
        base_branch,
        is_default_branch,
        merge_sha,
        head_sha,
        merged_at
    from {{ ref('int_changes') }}
    where merged_at is not null
),

change_services as (
    select distinct
        merged_changes.change_id,
        merged_changes.repository,
        change_services.service_id
    from {{ ref('int_change_services') }} as change_services
    inner join merged_changes
        on change_services.change_id = merged_changes.change_id
),

-- A change's commits: what brought it onto its branch, and the head that the branch had.
change_shas as (
    select
        change_id,
        repository,
        merge_sha as sha,
        'merge_sha' as method
    from merged_changes
    where merge_sha is not null
    union all
    select
        change_id,
        repository,
        head_sha as sha,
        'head_sha' as method
    from merged_changes
    where
        head_sha is not null
        and (merge_sha is null or merge_sha <> head_sha)
),

-- 1. The commit graph: contained in a deployment that stands at or beyond the change's entry on one of its axes.
change_entries as (
    select
        change_shas.change_id,
        reach.axis_id,
        min(reach.axis_position) as axis_position
    from change_shas
    inner join commits
        on
            change_shas.repository = commits.repository
            and change_shas.sha = commits.sha
    inner join reach
        on
            commits.commit_number = reach.commit_number
            and reach.role = 'change'
    group by change_shas.change_id, reach.axis_id
),

deployed_positions as (
    select
        deployments.service_id,
        deployments.environment,
        deployments.environment_sequence,
        reach.axis_id,
        reach.axis_position
    from deployments
    inner join reach
        on
            deployments.commit_number = reach.commit_number
            and reach.role = 'deployed'
),

deployed_axes as (
    select distinct
        service_id,
        environment,
        axis_id
    from deployed_positions
),

graph_axis as (
    select
        service_id,
        environment,
        axis_id,
        axis_position,
        environment_sequence,
        cast(null as string) as change_id,
        0 as is_change
    from deployed_positions
    union all
    select
        change_services.service_id,
        deployed_axes.environment,
        change_entries.axis_id,
        change_entries.axis_position,
        cast(null as bigint) as environment_sequence,
        change_entries.change_id,
        1 as is_change
    from change_entries
    inner join change_services
        on change_entries.change_id = change_services.change_id
    inner join deployed_axes
        on
            change_services.service_id = deployed_axes.service_id
            and change_entries.axis_id = deployed_axes.axis_id
),

-- The earliest deployment at or beyond a position: later deployments of older commits and redeployments bring nothing.
graph_walk as (
    select
        service_id,
        environment,
        change_id,
        is_change,
        min(environment_sequence) over (
            partition by service_id, environment, axis_id
            order by axis_position desc, is_change asc
            rows between unbounded preceding and current row
        ) as environment_sequence
    from graph_axis
),

graph_candidates as (
    select
        change_id,
        service_id,
        environment,
        environment_sequence,
        'commit_graph' as method,
        1 as method_rank
    from graph_walk
    where
        is_change = 1
        and environment_sequence is not null
),

placed_changes as (
    select distinct change_id
    from change_entries
),

-- The weaker methods speak only where the graph cannot: of a deployment or a change that is not in it.
listing_deployments as (
    select distinct deployment_id
    from listed
),

listed_candidates as (
    select
        change_services.change_id,
        change_services.service_id,
        deployments.environment,
        deployments.environment_sequence,
        'provider_list' as method,
        2 as method_rank
    from listed
    inner join change_shas
        on
            listed.repository = change_shas.repository
            and listed.sha = change_shas.sha
    inner join deployments
        on listed.deployment_id = deployments.deployment_id
    inner join change_services
        on
            change_shas.change_id = change_services.change_id
            and deployments.service_id = change_services.service_id
    left join placed_changes
        on change_shas.change_id = placed_changes.change_id
    where
        placed_changes.change_id is null
        or deployments.commit_number is null
),

sha_candidates as (
    select
        change_services.change_id,
        change_services.service_id,
        deployments.environment,
        deployments.environment_sequence,
        change_shas.method,
        case when change_shas.method = 'merge_sha' then 3 else 4 end as method_rank
    from {{ ref('int_deployments') }} as deployed_shas
    inner join deployments
        on deployed_shas.deployment_id = deployments.deployment_id
    inner join change_shas
        on
            deployments.repository = change_shas.repository
            and deployed_shas.sha = change_shas.sha
    inner join change_services
        on
            change_shas.change_id = change_services.change_id
            and deployments.service_id = change_services.service_id
    left join placed_changes
        on change_shas.change_id = placed_changes.change_id
    where
        placed_changes.change_id is null
        or deployments.commit_number is null
),

-- 5. Merge time, on the deployed branch. A ref that is no branch (a tag, a sha) is taken for the default branch.
branches as (
    select distinct
        repository,
        base_branch,
        case when is_default_branch then '' else base_branch end as branch
    from merged_changes
    where base_branch is not null
),

silent_deployments as (
    select
        deployments.service_id,
        deployments.environment,
        deployments.repository,
        deployments.environment_sequence,
        deployments.requested_at,
        coalesce(branches.branch, '') as branch,
        deployments.commit_number is null as is_outside_graph
    from deployments
    left join listing_deployments
        on deployments.deployment_id = listing_deployments.deployment_id
    left join branches
        on
            deployments.repository = branches.repository
            and case
                when deployments.ref like 'refs/heads/%' then substring(deployments.ref, 12)
                else deployments.ref
            end = branches.base_branch
    where
        listing_deployments.deployment_id is null
        and deployments.repository is not null
),

silent_environments as (
    select
        service_id,
        environment,
        repository,
        branch,
        max(case when is_outside_graph then 1 else 0 end) as has_outsiders
    from silent_deployments
    group by service_id, environment, repository, branch
),

-- A change that the graph places can only have come with a deployment that is not in it.
waiting_changes as (
    select
        change_services.service_id,
        silent_environments.environment,
        merged_changes.repository,
        silent_environments.branch,
        placed_changes.change_id is not null as is_placed,
        merged_changes.merged_at,
        merged_changes.change_id
    from merged_changes
    inner join change_services
        on merged_changes.change_id = change_services.change_id
    inner join silent_environments
        on
            change_services.service_id = silent_environments.service_id
            and merged_changes.repository = silent_environments.repository
            and case when merged_changes.is_default_branch then '' else merged_changes.base_branch end
            = silent_environments.branch
    left join placed_changes
        on merged_changes.change_id = placed_changes.change_id
    where
        placed_changes.change_id is null
        or silent_environments.has_outsiders = 1
),

waiting_environments as (
    select distinct
        service_id,
        environment,
        repository,
        branch,
        is_placed
    from waiting_changes
),

time_axis as (
    select
        silent_deployments.service_id,
        silent_deployments.environment,
        silent_deployments.repository,
        silent_deployments.branch,
        waiting_environments.is_placed,
        silent_deployments.requested_at as occurred_at,
        silent_deployments.environment_sequence,
        cast(null as string) as change_id,
        0 as is_change
    from silent_deployments
    inner join waiting_environments
        on
            silent_deployments.service_id = waiting_environments.service_id
            and silent_deployments.environment = waiting_environments.environment
            and silent_deployments.repository = waiting_environments.repository
            and silent_deployments.branch = waiting_environments.branch
    where
        silent_deployments.is_outside_graph
        or not waiting_environments.is_placed
    union all
    select
        service_id,
        environment,
        repository,
        branch,
        is_placed,
        merged_at as occurred_at,
        cast(null as bigint) as environment_sequence,
        change_id,
        1 as is_change
    from waiting_changes
),

time_walk as (
    select
        service_id,
        environment,
        change_id,
        is_change,
        min(environment_sequence) over (
            partition by service_id, environment, repository, branch, is_placed
            order by occurred_at desc, is_change asc
            rows between unbounded preceding and current row
        ) as environment_sequence
    from time_axis
),

time_candidates as (
    select
        change_id,
        service_id,
        environment,
        environment_sequence,
        'merge_time' as method,
        5 as method_rank
    from time_walk
    where
        is_change = 1
        and environment_sequence is not null
),

candidates as (
    select * from graph_candidates
    union all
    select * from listed_candidates
    union all
    select * from sha_candidates
    union all
    select * from time_candidates
),

first_in_environment as (
    select
        change_id,
        service_id,
        environment,
        environment_sequence,
        method
    from (
        select
            change_id,
            service_id,
            environment,
            environment_sequence,
            method,
            row_number() over (
                partition by change_id, service_id, environment
                order by environment_sequence, method_rank
            ) as candidate_order
        from candidates
    ) as ordered
    where candidate_order = 1
),

final as (
    select
        first_in_environment.change_id,
        first_in_environment.service_id,
        first_in_environment.environment,
        deployments.deployment_id,
        deployments.finished_at as deployed_at,
        first_in_environment.method,
        {{ link_confidence('first_in_environment.method') }} as confidence,
        deployments.service_sequence = 1 as is_first_deployment,
        row_number() over (
            partition by first_in_environment.change_id, first_in_environment.service_id
            order by deployments.finished_at, deployments.deployment_id
        ) = 1 as is_first_in_production
    from first_in_environment
    inner join deployments
        on
            first_in_environment.service_id = deployments.service_id
            and first_in_environment.environment = deployments.environment
            and first_in_environment.environment_sequence = deployments.environment_sequence
)

select
    change_id,
    service_id,
    environment,
    deployment_id,
    deployed_at,
    method,
    confidence,
    is_first_deployment,
    is_first_in_production
from final
