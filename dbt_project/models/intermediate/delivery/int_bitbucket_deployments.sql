-- A completed deployment is one that is over; whether it succeeded is told beside it or by the step that made it.
with steps as (

    select
        step_uuid,
        result,
        row_number() over (partition by step_uuid order by run_number desc) as rank
    from {{ ref('stg_bitbucket__pipeline_steps') }}

)

select
    deployments.deployment_uuid as native_id,
    deployments.repository,
    cast(null as string) as code_repository,
    deployments.sha,
    cast(null as string) as ref,
    coalesce(deployments.sha, deployments.release_name) as version,
    cast(null as string) as image_references,
    cast(null as string) as task,
    deployments.environment,
    cast(null as string) as environment_hint,
    case deployments.environment_kind when 'test' then 'testing' else deployments.environment_kind end as told_tier,
    cast(null as string) as rollout_id,
    cast(null as string) as service_name,
    lower(nullif(regexp_extract(deployments.environment, '^([^/]+)/', 1), '')) as second_service_name,
    cast(null as string) as third_service_name,
    cast(null as string) as deployer_id,
    deployments.pipeline_uuid as native_run_id,
    deployments.created_at,
    deployments.started_at,
    coalesce(deployments.completed_at, deployments.updated_at) as finished_at,
    case
        when deployments.state = 'completed' then coalesce(deployments.result, steps.result, deployments.state)
        else deployments.state
    end as state,
    cast(null as string) as outcome,
    cast(null as string) as unmapped_state,
    cast(null as string) as exclusion_reason
from {{ ref('stg_bitbucket__deployments') }} as deployments
left join steps
    on
        deployments.step_uuid = steps.step_uuid
        and steps.rank = 1
