-- GitHub's start of a run is the instant at which it was asked for; when a machine began to work on it, only its
-- jobs know.
with runs as (

    select
        run_id,
        attempt,
        repository,
        workflow_name,
        workflow_path,
        trigger_event,
        status,
        conclusion,
        head_branch,
        head_sha,
        head_repository,
        created_at,
        started_at,
        updated_at,
        min(attempt) over (partition by run_id) as first_attempt,
        max(attempt) over (partition by run_id) as final_attempt
    from {{ ref('stg_github__workflow_runs') }}

),

job_starts as (

    select
        run_id,
        attempt,
        min(started_at) as first_job_started_at
    from {{ ref('stg_github__workflow_jobs') }}
    where coalesce(conclusion, 'success') <> 'skipped'
    group by run_id, attempt

),

statuses as (

    select
        raw_value,
        status
    from {{ ref('status_map') }}
    where system = 'github' and concept = 'workflow_run'

),

repositories as (

    select
        repository,
        default_branch,
        service_count,
        service_id
    from {{ ref('int_known_repositories') }}

),

repository_services as (

    select distinct
        repository,
        service_id
    from {{ ref('int_repositories') }}

),

shared_workflows as (

    select distinct
        runs.repository,
        runs.workflow_path
    from runs
    inner join repositories on runs.repository = repositories.repository
    where repositories.service_count > 1 and runs.workflow_path is not null

),

-- In a repository of several services the workflow's file tells: .github/workflows/checkout.yml, checkout-deploy.yml.
workflow_services as (

    select
        shared_workflows.repository,
        shared_workflows.workflow_path,
        services.service_id,
        row_number() over (
            partition by shared_workflows.repository, shared_workflows.workflow_path
            order by length(services.service_id) desc, services.service_id asc
        ) as rank
    from shared_workflows
    inner join repository_services as services
        on
            shared_workflows.repository = services.repository
            and (
                shared_workflows.workflow_path like concat('%/', services.service_id, '.%')
                or shared_workflows.workflow_path like concat('%/', services.service_id, '-%')
            )

),

placed as (

    select
        runs.run_id,
        runs.attempt,
        runs.repository,
        case
            when repositories.service_count = 1 then repositories.service_id
            else coalesce(workflow_services.service_id, 'unmapped')
        end as service_id,
        runs.workflow_name,
        runs.trigger_event,
        runs.head_branch,
        runs.head_sha,
        -- A fork's own main branch is not ours.
        coalesce(runs.head_branch = repositories.default_branch, runs.head_branch in ('main', 'master'), false)
        and coalesce(runs.head_repository, runs.repository) = runs.repository
        and coalesce(runs.trigger_event, '') not in ('pull_request', 'pull_request_target') as is_default_branch,
        coalesce(runs.trigger_event, '') in ('pull_request', 'pull_request_target', 'merge_group') as is_pull_request,
        runs.created_at,
        runs.started_at,
        case when runs.status = 'completed' then runs.updated_at end as finished_at,
        coalesce(statuses.status, 'unmapped') as status,
        runs.attempt = runs.first_attempt as is_first_attempt,
        runs.attempt = runs.final_attempt as is_final_attempt,
        coalesce(job_starts.first_job_started_at, runs.started_at) as work_started_at
    from runs
    left join repositories on runs.repository = repositories.repository
    left join workflow_services
        on
            runs.repository = workflow_services.repository
            and runs.workflow_path = workflow_services.workflow_path
            and workflow_services.rank = 1
    left join statuses
        on case when runs.status = 'completed' then runs.conclusion else runs.status end = statuses.raw_value
    left join job_starts
        on
            runs.run_id = job_starts.run_id
            and runs.attempt = job_starts.attempt

)

select
    'github:' || cast(run_id as string) as run_id,
    attempt,
    'github' as source_system,
    repository,
    service_id,
    workflow_name as pipeline_name,
    cast(null as string) as parent_run_id,
    head_branch as branch,
    is_default_branch,
    is_pull_request,
    trigger_event,
    head_sha as sha,
    created_at,
    started_at,
    finished_at,
    status,
    is_first_attempt,
    is_final_attempt,
    {{ dbt.datediff('started_at', 'finished_at', 'second') }}
        as duration_seconds,
    case
        when attempt = 1
            then {{ dbt.datediff('created_at', 'work_started_at', 'second') }}
    end as queue_seconds
from placed
