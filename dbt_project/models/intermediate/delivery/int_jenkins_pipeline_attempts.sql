-- Jenkins gives a run that is replayed a build of its own: another attempt at the same.
select
    native_run_id,
    cast(attempt as bigint) as attempt,
    repository,
    project as pipeline_name,
    '/' || project || '.' as pipeline_path,
    native_parent_run_id,
    cause as trigger_event,
    is_pull_request,
    is_primary_branch,
    branch,
    sha,
    cast(null as string) as head_repository,
    raw_status,
    created_at,
    started_at,
    finished_at,
    started_at as work_started_at,
    case when finished_at is not null then duration_seconds end as duration_seconds
from {{ ref('int_jenkins_builds') }}
