with attempts as (

    select
        source_system,
        native_run_id,
        attempt,
        repository,
        pipeline_name,
        pipeline_path,
        native_parent_run_id,
        trigger_event,
        is_pull_request,
        is_primary_branch,
        branch,
        sha,
        head_repository,
        raw_status,
        created_at,
        started_at,
        finished_at,
        work_started_at,
        duration_seconds,
        min(attempt) over (partition by source_system, native_run_id) as first_attempt,
        max(attempt) over (partition by source_system, native_run_id) as final_attempt
    from {{ ref('int_pipeline_attempts') }}

),

statuses as (

    select
        system,
        raw_value,
        status
    from {{ ref('status_map') }}
    where concept = 'pipeline_run'

),

-- What the catalogue says that a tool calls a service may be a pipeline's name.
identifiers as (

    select
        tool,
        identifier,
        service_id
    from {{ ref('int_service_identifiers') }}

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

shared_pipelines as (

    select distinct
        attempts.repository,
        attempts.pipeline_path
    from attempts
    inner join repositories on attempts.repository = repositories.repository
    where repositories.service_count > 1 and attempts.pipeline_path is not null

),

-- In a repository of several services the pipeline's file tells: .github/workflows/checkout.yml, checkout-deploy.yml.
pipeline_services as (

    select
        shared_pipelines.repository,
        shared_pipelines.pipeline_path,
        services.service_id,
        row_number() over (
            partition by shared_pipelines.repository, shared_pipelines.pipeline_path
            order by length(services.service_id) desc, services.service_id asc
        ) as rank
    from shared_pipelines
    inner join repository_services as services
        on
            shared_pipelines.repository = services.repository
            and (
                shared_pipelines.pipeline_path like concat('%/', services.service_id, '.%')
                or shared_pipelines.pipeline_path like concat('%/', services.service_id, '-%')
            )

),

placed as (

    select
        attempts.source_system,
        attempts.native_run_id,
        attempts.attempt,
        attempts.repository,
        case
            when identifiers.service_id is not null then identifiers.service_id
            when repositories.service_count = 1 then repositories.service_id
            else coalesce(pipeline_services.service_id, 'unmapped')
        end as service_id,
        attempts.pipeline_name,
        attempts.native_parent_run_id,
        attempts.trigger_event,
        attempts.branch,
        attempts.sha,
        -- A fork's own main branch is not ours.
        coalesce(
            attempts.branch = repositories.default_branch,
            attempts.is_primary_branch,
            attempts.branch in ('main', 'master'),
            false
        )
        and coalesce(attempts.head_repository, attempts.repository, '') = coalesce(attempts.repository, '')
        and not attempts.is_pull_request as is_default_branch,
        attempts.is_pull_request,
        attempts.created_at,
        attempts.started_at,
        attempts.finished_at,
        coalesce(statuses.status, 'unmapped') as status,
        attempts.attempt = attempts.first_attempt as is_first_attempt,
        attempts.attempt = attempts.final_attempt as is_final_attempt,
        attempts.work_started_at,
        attempts.duration_seconds
    from attempts
    left join repositories on attempts.repository = repositories.repository
    left join identifiers
        on
            attempts.source_system = identifiers.tool
            and lower(attempts.pipeline_name) = identifiers.identifier
    left join pipeline_services
        on
            attempts.repository = pipeline_services.repository
            and attempts.pipeline_path = pipeline_services.pipeline_path
            and pipeline_services.rank = 1
    left join statuses
        on
            attempts.source_system = statuses.system
            and attempts.raw_status = statuses.raw_value

)

select
    source_system || ':' || native_run_id as run_id,
    attempt,
    source_system,
    repository,
    service_id,
    pipeline_name,
    source_system || ':' || native_parent_run_id as parent_run_id,
    branch,
    is_default_branch,
    is_pull_request,
    trigger_event,
    sha,
    created_at,
    started_at,
    finished_at,
    status,
    is_first_attempt,
    is_final_attempt,
    coalesce(duration_seconds, {{ dbt.datediff('started_at', 'finished_at', 'second') }}) as duration_seconds,
    case
        when attempt = 1
            then {{ dbt.datediff('created_at', 'work_started_at', 'second') }}
    end as queue_seconds
from placed
