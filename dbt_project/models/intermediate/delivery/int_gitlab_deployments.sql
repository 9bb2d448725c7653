-- A deployment that a job made is timed by the job; one that was only told over the API, by its own last change.
select
    cast(deployments.deployment_id as string) as native_id,
    coalesce(deployments.repository, projects.repository) as repository,
    cast(null as string) as code_repository,
    deployments.sha,
    deployments.ref,
    coalesce(deployments.sha, deployments.ref) as version,
    cast(null as string) as image_references,
    cast(null as string) as task,
    deployments.environment,
    cast(null as string) as environment_hint,
    case when deployments.environment_tier <> 'other' then deployments.environment_tier end as told_tier,
    cast(null as string) as rollout_id,
    cast(null as string) as service_name,
    lower(nullif(regexp_extract(deployments.environment, '^([^/]+)/', 1), '')) as second_service_name,
    cast(null as string) as third_service_name,
    deployments.deployer_id,
    cast(deployments.pipeline_id as string) as native_run_id,
    deployments.created_at,
    deployments.started_at,
    coalesce(deployments.finished_at, deployments.updated_at) as finished_at,
    deployments.status as state,
    cast(null as string) as outcome,
    cast(null as string) as unmapped_state,
    cast(null as string) as exclusion_reason
from {{ ref('stg_gitlab__deployments') }} as deployments
left join {{ ref('stg_gitlab__projects') }} as projects on deployments.project_id = projects.project_id
