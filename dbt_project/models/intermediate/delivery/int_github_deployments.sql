-- GitHub tells a deployment by its statuses: any success counts, whatever came after it.
with deployments as (

    select
        deployment_id,
        repository,
        environment,
        sha,
        ref,
        task,
        payload,
        creator_id,
        state,
        created_at
    from {{ ref('stg_github__deployments') }}

),

statuses as (

    select
        told.deployment_id,
        coalesce(status_map.status, 'unmapped') as status,
        told.state,
        told.log_url,
        told.created_at
    from {{ ref('stg_github__deployment_statuses') }} as told
    left join {{ ref('status_map') }} as status_map
        on
            status_map.system = 'github'
            and status_map.concept = 'deployment'
            and told.state = status_map.raw_value

),

outcomes as (

    select
        deployment_id,
        min(case when status = 'success' then created_at end) as succeeded_at,
        max(case when status in ('failure', 'cancelled') then created_at end) as failed_at,
        max(case when status in ('in_progress', 'queued') then created_at end) as last_active_at,
        min(case when status = 'in_progress' then created_at end) as started_at,
        max(case when status = 'superseded' then 1 else 0 end) as was_superseded,
        max(case when status = 'failure' then created_at end) as last_failure_at,
        max(case when status = 'cancelled' then created_at end) as last_cancelled_at,
        max(nullif(regexp_extract(log_url, '/actions/runs/([0-9]+)', 1), '')) as run_number,
        max(case when status = 'unmapped' then state end) as unmapped_state
    from statuses
    group by deployment_id

),

told as (

    select
        deployments.deployment_id,
        deployments.repository,
        lower({{ json_text('deployments.payload', 'source_repository') }}) as code_repository,
        coalesce(lower({{ json_text('deployments.payload', 'source_sha') }}), deployments.sha) as sha,
        deployments.ref,
        {{ json_text('deployments.payload', 'image_tag') }} as image_tag,
        coalesce(deployments.task, 'deploy') as task,
        deployments.environment,
        {{ json_text('deployments.payload', 'rollout_id') }} as rollout_id,
        lower({{ json_text('deployments.payload', 'service') }}) as payload_service,
        lower(nullif(regexp_extract(deployments.environment, '^([^/]+)/', 1), '')) as environment_prefix,
        lower(nullif(regexp_extract(deployments.task, '[:/]([^:/]+)$', 1), '')) as task_suffix,
        deployments.creator_id,
        outcomes.run_number,
        deployments.created_at,
        outcomes.started_at,
        outcomes.succeeded_at,
        outcomes.failed_at,
        outcomes.unmapped_state,
        case
            when outcomes.succeeded_at is not null then 'success'
            -- GitHub retires only what had succeeded: that it did is known, when it did is not.
            when outcomes.was_superseded = 1 or deployments.state in ('active', 'inactive') then 'success'
            when outcomes.failed_at is null or outcomes.last_active_at > outcomes.failed_at then 'running'
            when outcomes.last_cancelled_at = outcomes.failed_at and outcomes.last_failure_at is null then 'cancelled'
            else 'failure'
        end as outcome
    from deployments
    left join outcomes on deployments.deployment_id = outcomes.deployment_id

)

select
    cast(deployment_id as string) as native_id,
    repository,
    code_repository,
    sha,
    ref,
    coalesce(sha, image_tag, ref) as version,
    '["' || nullif(regexp_extract(image_tag, '^([A-Za-z0-9_./:@+-]+)$', 1), '') || '"]' as image_references,
    task,
    environment,
    cast(null as string) as environment_hint,
    cast(null as string) as told_tier,
    rollout_id,
    payload_service as service_name,
    environment_prefix as second_service_name,
    task_suffix as third_service_name,
    creator_id as deployer_id,
    run_number as native_run_id,
    created_at,
    started_at,
    case when outcome = 'success' then succeeded_at when outcome in ('failure', 'cancelled') then failed_at end
        as finished_at,
    cast(null as string) as state,
    outcome,
    unmapped_state,
    cast(null as string) as exclusion_reason
from told
