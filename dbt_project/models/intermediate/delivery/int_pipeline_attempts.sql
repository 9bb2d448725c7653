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
