-- Runs of pipelines as every CI system tells them: raw statuses, and services not yet looked up.
select
    'github' as source_system,
    native_run_id,
    attempt,
    repository,
    pipeline_name,
    pipeline_path,
    native_parent_run_id,
    trigger_event,
    is_pull_request,
    branch,
    sha,
    head_repository,
    raw_status,
    created_at,
    started_at,
    finished_at,
    work_started_at,
    duration_seconds
from {{ ref('int_github_pipeline_attempts') }}
union all
select
    'azure_devops' as source_system,
    build_key as native_run_id,
    attempt,
    repository,
    definition_name as pipeline_name,
    cast(null as string) as pipeline_path,
    cast(null as string) as native_parent_run_id,
    reason as trigger_event,
    coalesce(reason = 'pullrequest' or source_ref like 'refs/pull/%', false) as is_pull_request,
    branch,
    sha,
    cast(null as string) as head_repository,
    raw_status,
    queued_at as created_at,
    started_at,
    finished_at,
    work_started_at,
    cast(null as bigint) as duration_seconds
from {{ ref('int_azure_devops_builds') }}
union all
select
    'gitlab' as source_system,
    native_run_id,
    attempt,
    repository,
    pipeline_name,
    pipeline_path,
    native_parent_run_id,
    trigger_event,
    is_pull_request,
    branch,
    sha,
    head_repository,
    raw_status,
    created_at,
    started_at,
    finished_at,
    work_started_at,
    duration_seconds
from {{ ref('int_gitlab_pipeline_attempts') }}
