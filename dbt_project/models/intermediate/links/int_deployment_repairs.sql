with

deployments as (
    select * from {{ ref('int_deployment_commits') }}
),

carried as (
    select
        change_id,
        service_id,
        environment,
        deployment_id
    from {{ ref('int_change_deployments') }}
    where not is_first_deployment
),

changes as (
    select
        change_id,
        is_revert,
        reverts_change_id,
        is_hotfix
    from {{ ref('int_changes') }}
),

version_runs as (
    select
        deployment_id,
        service_id,
        environment,
        environment_sequence,
        finished_at,
        version,
        lower(task) like '%rollback%' as is_called_rollback,
        lag(environment_sequence) over (
            partition by service_id, environment, version
            order by environment_sequence
        ) as previous_run_sequence,
        min(environment_sequence) over (
            partition by service_id, environment, version
        ) as first_run_sequence
    from deployments
),

replacements as (
    select
        deployment_id,
        service_id,
        environment,
        environment_sequence,
        finished_at,
        version,
        is_called_rollback,
        previous_run_sequence,
        first_run_sequence,
        lag(version) over (
            partition by service_id, environment
            order by environment_sequence
        ) as replaced_version,
        lag(first_run_sequence) over (
            partition by service_id, environment
            order by environment_sequence
        ) as replaced_first_run_sequence
    from version_runs
),

-- Back to a version that first ran before the replaced one did. Rolling forward again to what was rolled back is none.
classified as (
    select
        deployment_id,
        service_id,
        environment,
        environment_sequence,
        finished_at,
        previous_run_sequence,
        version is not null
        and previous_run_sequence < environment_sequence - 1
        and first_run_sequence < replaced_first_run_sequence as is_return,
        is_called_rollback
        and environment_sequence > 1
        and (version is null or replaced_version is null or version <> replaced_version) as is_declared
    from replacements
),

rollbacks as (
    select
        deployment_id,
        service_id,
        environment,
        environment_sequence,
        finished_at,
        case when is_return then previous_run_sequence end as restored_sequence,
        coalesce(is_return, false) or coalesce(is_declared, false) as is_rollback
    from classified
),

neighbours as (
    select
        deployment_id,
        service_id,
        environment,
        environment_sequence,
        finished_at,
        restored_sequence,
        is_rollback,
        min(case when not is_rollback then environment_sequence end) over (
            partition by service_id, environment
            order by environment_sequence
            rows between 1 following and unbounded following
        ) as next_forward_sequence,
        max(case when not is_rollback then environment_sequence end) over (
            partition by service_id, environment
            order by environment_sequence
            rows between unbounded preceding and 1 preceding
        ) as last_forward_sequence
    from rollbacks
),

-- The failed change is the first one deployed after the restored version's last run; where only the deployment's own
-- task says that it is a rollback, the last one before it.
rolled_back as (
    select
        neighbours.deployment_id,
        neighbours.service_id,
        neighbours.environment,
        case
            when neighbours.restored_sequence is null then neighbours.last_forward_sequence
            else restored.next_forward_sequence
        end as failed_sequence,
        neighbours.environment_sequence,
        neighbours.finished_at,
        'rollback' as method
    from neighbours
    left join neighbours as restored
        on
            neighbours.service_id = restored.service_id
            and neighbours.environment = restored.environment
            and neighbours.restored_sequence = restored.environment_sequence
    where neighbours.is_rollback
),

carried_repairs as (
    select
        carried.deployment_id,
        carried.service_id,
        carried.environment,
        changes.is_hotfix,
        changes.reverts_change_id
    from carried
    inner join changes
        on carried.change_id = changes.change_id
    where
        changes.is_hotfix
        or (changes.is_revert and changes.reverts_change_id is not null)
),

-- A revert repairs the deployment before it only if that one carried what is reverted; a hotfix says no more than that
-- what runs is broken. What was rolled back meanwhile is looked past: its repair is still for the change before it.
fixed_forward as (
    select
        carried_repairs.deployment_id,
        carried_repairs.service_id,
        carried_repairs.environment,
        neighbours.last_forward_sequence as failed_sequence,
        neighbours.environment_sequence,
        neighbours.finished_at,
        case when reverted.change_id is not null then 'revert' else 'hotfix' end as method
    from carried_repairs
    inner join neighbours
        on carried_repairs.deployment_id = neighbours.deployment_id
    inner join deployments as failed
        on
            neighbours.service_id = failed.service_id
            and neighbours.environment = failed.environment
            and neighbours.last_forward_sequence = failed.environment_sequence
    left join carried as reverted
        on
            failed.deployment_id = reverted.deployment_id
            and carried_repairs.reverts_change_id = reverted.change_id
    where
        not neighbours.is_rollback
        and (reverted.change_id is not null or carried_repairs.is_hotfix)
),

repairs as (
    select * from rolled_back
    where failed_sequence < environment_sequence
    union all
    select * from fixed_forward
),

final as (
    select
        repairs.deployment_id,
        failed.deployment_id as failed_deployment_id,
        repairs.service_id,
        repairs.environment,
        repairs.finished_at as repaired_at,
        max(case when repairs.method = 'rollback' then 1 else 0 end) as by_rollback,
        max(case when repairs.method = 'revert' then 1 else 0 end) as by_revert
    from repairs
    inner join deployments as failed
        on
            repairs.service_id = failed.service_id
            and repairs.environment = failed.environment
            and repairs.failed_sequence = failed.environment_sequence
    group by
        repairs.deployment_id,
        failed.deployment_id,
        repairs.service_id,
        repairs.environment,
        repairs.finished_at
)

select
    deployment_id,
    failed_deployment_id,
    service_id,
    environment,
    repaired_at,
    case when by_rollback = 1 then 'rollback' when by_revert = 1 then 'revert' else 'hotfix' end as method
from final
