-- Spinnaker has no re-runs: an execution that is started again is another one. A single operation is no pipeline.
select
    execution_id as native_run_id,
    cast(1 as bigint) as attempt,
    repository,
    pipeline_name,
    cast(null as string) as pipeline_path,
    parent_execution_id as native_parent_run_id,
    trigger_type as trigger_event,
    false as is_pull_request,
    cast(null as boolean) as is_primary_branch,
    branch,
    sha,
    cast(null as string) as head_repository,
    status as raw_status,
    build_at as created_at,
    started_at,
    finished_at,
    started_at as work_started_at,
    cast(null as bigint) as duration_seconds
from {{ ref('stg_spinnaker__executions') }}
where coalesce(execution_type, 'pipeline') = 'pipeline' and not is_dry_run
