with

deployments as (
    select * from {{ ref('int_deployments') }}
),

commits as (
    select * from {{ ref('int_commit_chain') }}
),

service_repositories as (
    select distinct
        service_id,
        repository
    from {{ ref('int_repositories') }}
),

finished as (
    select
        deployment_id,
        service_id,
        environment,
        repository,
        sha,
        version,
        ref,
        task,
        finished_at,
        coalesce(created_at, started_at, finished_at) as requested_at
    from deployments
    where
        is_production
        and outcome = 'success'
        and finished_at is not null
        and exclusion_reason is null
),

direct as (
    select
        finished.deployment_id,
        commits.repository as code_repository,
        commits.commit_number,
        commits.chain_id,
        commits.chain_position,
        'sha' as method
    from finished
    inner join commits
        on
            finished.repository = commits.repository
            and finished.sha = commits.sha
),

unresolved as (
    select
        finished.deployment_id,
        finished.service_id,
        finished.sha,
        finished.version
    from finished
    left join direct
        on finished.deployment_id = direct.deployment_id
    where direct.deployment_id is null
),

-- The repository that was deployed from may only hold configuration: the sha or the version then leads to the code.
pointers as (
    select
        deployment_id,
        service_id,
        sha as pointer,
        1 as pointer_rank,
        'service_sha' as method
    from unresolved
    where sha is not null
    union all
    select
        deployment_id,
        service_id,
        version as pointer,
        2 as pointer_rank,
        'version' as method
    from unresolved
    where version is not null
),

through_version as (
    select
        pointers.deployment_id,
        commits.repository as code_repository,
        commits.commit_number,
        commits.chain_id,
        commits.chain_position,
        pointers.method,
        row_number() over (
            partition by pointers.deployment_id
            order by pointers.pointer_rank, commits.repository
        ) as pointer_order
    from pointers
    inner join service_repositories
        on pointers.service_id = service_repositories.service_id
    inner join commits
        on
            service_repositories.repository = commits.repository
            and pointers.pointer = commits.sha
),

resolved as (
    select
        deployment_id,
        code_repository,
        commit_number,
        chain_id,
        chain_position,
        method
    from direct
    union all
    select
        deployment_id,
        code_repository,
        commit_number,
        chain_id,
        chain_position,
        method
    from through_version
    where pointer_order = 1
),

final as (
    select
        finished.deployment_id,
        finished.service_id,
        finished.environment,
        coalesce(resolved.code_repository, finished.repository) as repository,
        coalesce(finished.version, finished.sha) as version,
        finished.ref,
        finished.task,
        finished.requested_at,
        finished.finished_at,
        cast(row_number() over (
            partition by finished.service_id, finished.environment
            order by finished.finished_at, finished.deployment_id
        ) as bigint) as environment_sequence,
        cast(row_number() over (
            partition by finished.service_id, coalesce(resolved.code_repository, finished.repository)
            order by finished.finished_at, finished.deployment_id
        ) as bigint) as service_sequence,
        resolved.commit_number,
        resolved.chain_id,
        resolved.chain_position,
        coalesce(resolved.method, 'unmapped') as method
    from finished
    left join resolved
        on finished.deployment_id = resolved.deployment_id
)

select * from final
