with

deployments as (
    select * from {{ ref('int_deployments') }}
),

failures as (
    select * from {{ ref('int_failed_changes') }}
),

repairs as (
    select * from {{ ref('int_deployment_repairs') }}
),

ownership as (
    select * from {{ ref('int_service_ownership') }}
),

carried as (
    select
        deployment_id,
        count(distinct change_id) as change_count
    from {{ ref('int_change_deployments') }}
    where
        is_first_in_production
        and not is_first_deployment
    group by deployment_id
),

repairing as (
    select
        deployment_id,
        failed_deployment_id as repairs_deployment_id,
        method as repair_method
    from (
        select
            deployment_id,
            failed_deployment_id,
            method,
            row_number() over (
                partition by deployment_id
                order by
                    case method when 'rollback' then 1 when 'revert' then 2 else 3 end,
                    failed_deployment_id
            ) as repair_order
        from repairs
    ) as ordered
    where repair_order = 1
),

dated as (
    select
        deployment_id,
        source_system,
        repository,
        service_id,
        environment,
        environment_tier,
        is_production,
        sha,
        ref,
        version,
        task,
        created_at,
        started_at,
        finished_at,
        outcome,
        attempt_count,
        caused_by_run_id,
        deployer_id,
        {{ business_date('coalesce(finished_at, started_at, created_at)') }} as deployment_date,
        case
            when exclusion_reason is not null then exclusion_reason
            when environment_tier = 'unmapped' then 'unmapped_environment'
            when not is_production then 'not_production'
            when outcome = 'success' and finished_at is not null then null
            when outcome in ('running', 'cancelled') then outcome
            when outcome = 'failure' then 'failed'
            else 'running'
        end as exclusion_reason
    from deployments
),

final as (
    select
        dated.deployment_id,
        dated.source_system,
        dated.repository,
        dated.service_id,
        coalesce(ownership.team_id, 'unmapped') as team_id,
        coalesce(ownership.group_id, 'unmapped') as group_id,
        coalesce(ownership.tier, 'unmapped') as tier,
        dated.environment,
        dated.environment_tier,
        dated.is_production,
        dated.sha,
        dated.ref,
        dated.version,
        dated.task,
        dated.created_at,
        dated.started_at,
        dated.finished_at,
        dated.deployment_date,
        dated.outcome,
        dated.attempt_count,
        {{ seconds_between('dated.created_at', 'dated.started_at') }}
            as wait_seconds,
        {{ seconds_between('dated.started_at', 'dated.finished_at') }}
            as duration_seconds,
        dated.caused_by_run_id,
        dated.deployer_id,
        cast(coalesce(carried.change_count, 0) as bigint) as change_count,
        coalesce(repairing.repair_method = 'rollback', false) as is_rollback,
        repairing.repairs_deployment_id is not null as is_rework,
        repairing.repairs_deployment_id,
        repairing.repair_method,
        coalesce(failures.is_failed_change, false) as is_failed_change,
        case when failures.is_failed_change then failures.method end as failure_method,
        case when failures.is_failed_change then failures.confidence end as failure_confidence,
        coalesce(failures.is_failed_within_1h, false) as is_failed_within_1h,
        coalesce(failures.is_failed_within_4h, false) as is_failed_within_4h,
        coalesce(failures.is_failed_within_24h, false) as is_failed_within_24h,
        coalesce(failures.is_failed_within_72h, false) as is_failed_within_72h,
        coalesce(failures.incident_count, 0) as incident_count,
        failures.repaired_by_deployment_id,
        case when failures.is_failed_change then failures.restored_at end as restored_at,
        case when failures.is_failed_change then failures.recovery_seconds end as recovery_seconds,
        dated.exclusion_reason
    from dated
    left join ownership
        on
            dated.service_id = ownership.service_id
            and dated.deployment_date >= ownership.valid_from
            and dated.deployment_date < ownership.valid_to
    left join carried
        on dated.deployment_id = carried.deployment_id
    left join repairing
        on dated.deployment_id = repairing.deployment_id
    left join failures
        on dated.deployment_id = failures.deployment_id
)

select * from final
