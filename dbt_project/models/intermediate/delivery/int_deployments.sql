with attempts as (

    select
        deployment_id,
        attempt,
        source_system,
        repository,
        service_id,
        environment,
        environment_tier,
        sha,
        ref,
        version,
        task,
        deployer_id,
        run_id,
        created_at,
        started_at,
        finished_at,
        outcome,
        exclusion_reason,
        max(attempt) over (partition by deployment_id) as last_attempt
    from {{ ref('int_deployment_attempts') }}
    where not is_echo

),

folded as (

    select
        deployment_id,
        min(created_at) as created_at,
        min(started_at) as started_at,
        max(case when outcome = 'success' then 1 else 0 end) = 1 as has_succeeded,
        min(case when outcome = 'success' then finished_at end) as succeeded_at,
        max(case when attempt = last_attempt then outcome end) as last_outcome,
        max(case when attempt = last_attempt then finished_at end) as last_finished_at,
        count(*) as attempt_count
    from attempts
    group by deployment_id

)

select
    attempts.deployment_id,
    attempts.source_system,
    attempts.repository,
    attempts.service_id,
    attempts.environment,
    attempts.environment_tier,
    attempts.environment_tier = 'production' as is_production,
    attempts.sha,
    attempts.ref,
    attempts.version,
    attempts.task,
    folded.created_at,
    folded.started_at,
    case when folded.has_succeeded then folded.succeeded_at else folded.last_finished_at end as finished_at,
    case when folded.has_succeeded then 'success' else folded.last_outcome end as outcome,
    attempts.run_id as caused_by_run_id,
    attempts.deployer_id,
    folded.attempt_count,
    case
        when attempts.exclusion_reason is not null then attempts.exclusion_reason
        when folded.has_succeeded and folded.succeeded_at is null then 'finish_unknown'
        when not folded.has_succeeded and folded.last_outcome = 'unmapped' then 'unmapped_state'
    end as exclusion_reason
from attempts
inner join folded on attempts.deployment_id = folded.deployment_id
where attempts.attempt = 1
