-- A run that is started again keeps its id, and its steps count on: of an earlier attempt only those steps are known that
-- were read before they ran again. Where none is, the attempt is not told at all rather than taken for a success.
{{ config(materialized='view') }}

with pipelines as (

    select
        pipeline_uuid,
        repository,
        repository_uuid,
        pipeline_name,
        state,
        result,
        stage,
        trigger_kind,
        target_kind,
        branch,
        sha,
        created_at,
        completed_at,
        duration_seconds
    from {{ ref('stg_bitbucket__pipelines') }}

),

steps as (

    select
        step_uuid,
        run_number,
        pipeline_uuid,
        result,
        started_at,
        completed_at,
        lead(run_number) over (partition by step_uuid order by run_number) is not null as is_repeated
    from {{ ref('stg_bitbucket__pipeline_steps') }}

),

deployed as (

    select
        pipeline_uuid,
        min(repository) as repository
    from {{ ref('stg_bitbucket__deployments') }}
    group by pipeline_uuid

),

-- A run may name its repository by an id only: others of the same id say what it is called.
named_repositories as (

    select
        repository_uuid,
        repository
    from {{ ref('stg_bitbucket__repositories') }}
    union
    select
        repository_uuid,
        repository
    from {{ ref('stg_bitbucket__pull_requests') }}
    where repository_uuid is not null
    union
    select
        pipelines.repository_uuid,
        deployed.repository
    from pipelines
    inner join deployed on pipelines.pipeline_uuid = deployed.pipeline_uuid
    where pipelines.repository_uuid is not null

),

repositories as (

    select
        repository_uuid,
        min(repository) as repository
    from named_repositories
    where repository is not null
    group by repository_uuid

),

numbered as (

    select
        pipeline_uuid,
        max(run_number) as attempt,
        min(started_at) as first_step_started_at
    from steps
    group by pipeline_uuid

),

last_starts as (

    select
        steps.pipeline_uuid,
        min(steps.started_at) as started_at
    from steps
    inner join numbered
        on
            steps.pipeline_uuid = numbered.pipeline_uuid
            and steps.run_number = numbered.attempt
    group by steps.pipeline_uuid

),

earlier as (

    select
        pipeline_uuid,
        run_number as attempt,
        case
            when max(case when result in ('failed', 'error') then 1 else 0 end) = 1 then 'failed'
            when max(case when result = 'expired' then 1 else 0 end) = 1 then 'expired'
            when max(case when result = 'stopped' then 1 else 0 end) = 1 then 'stopped'
            else max(result)
        end as raw_status,
        min(started_at) as started_at,
        max(completed_at) as finished_at
    from steps
    where is_repeated
    group by pipeline_uuid, run_number

),

attempts as (

    select
        pipelines.pipeline_uuid,
        coalesce(numbered.attempt, cast(1 as bigint)) as attempt,
        case
            when pipelines.state = 'completed' then coalesce(pipelines.result, '(completed without result)')
            else coalesce(pipelines.stage, pipelines.state)
        end as raw_status,
        case
            when coalesce(numbered.attempt, 1) = 1 then coalesce(numbered.first_step_started_at, pipelines.created_at)
            else last_starts.started_at
        end as started_at,
        case when pipelines.state = 'completed' then pipelines.completed_at end as finished_at,
        case when coalesce(numbered.attempt, 1) = 1 then numbered.first_step_started_at end as work_started_at,
        case
            when pipelines.state = 'completed' and coalesce(numbered.attempt, 1) = 1 then pipelines.duration_seconds
        end as duration_seconds
    from pipelines
    left join numbered on pipelines.pipeline_uuid = numbered.pipeline_uuid
    left join last_starts on pipelines.pipeline_uuid = last_starts.pipeline_uuid
    union all
    select
        pipeline_uuid,
        attempt,
        raw_status,
        started_at,
        finished_at,
        case when attempt = 1 then started_at end as work_started_at,
        cast(null as bigint) as duration_seconds
    from earlier

)

select
    pipelines.pipeline_uuid as native_run_id,
    attempts.attempt,
    coalesce(
        pipelines.repository, repositories.repository, deployed.repository, pipelines.repository_uuid
    ) as repository,
    pipelines.pipeline_name,
    cast(null as string) as pipeline_path,
    cast(null as string) as native_parent_run_id,
    pipelines.trigger_kind as trigger_event,
    coalesce(pipelines.target_kind like '%pullrequest%', false) as is_pull_request,
    cast(null as boolean) as is_primary_branch,
    pipelines.branch,
    pipelines.sha,
    cast(null as string) as head_repository,
    attempts.raw_status,
    pipelines.created_at,
    attempts.started_at,
    attempts.finished_at,
    attempts.work_started_at,
    attempts.duration_seconds
from attempts
inner join pipelines on attempts.pipeline_uuid = pipelines.pipeline_uuid
left join repositories on pipelines.repository_uuid = repositories.repository_uuid
left join deployed on pipelines.pipeline_uuid = deployed.pipeline_uuid
