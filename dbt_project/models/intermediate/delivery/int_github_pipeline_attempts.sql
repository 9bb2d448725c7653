-- GitHub's start of a run is the instant at which it was asked for; when a machine began to work on it, only its
-- jobs know.
{{ config(materialized='view') }}

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
        updated_at
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

)

select
    cast(runs.run_id as string) as native_run_id,
    runs.attempt,
    runs.repository,
    runs.workflow_name as pipeline_name,
    runs.workflow_path as pipeline_path,
    cast(null as string) as native_parent_run_id,
    runs.trigger_event,
    coalesce(runs.trigger_event, '') in ('pull_request', 'pull_request_target', 'merge_group') as is_pull_request,
    cast(null as boolean) as is_primary_branch,
    runs.head_branch as branch,
    runs.head_sha as sha,
    runs.head_repository,
    case
        when runs.status = 'completed' then coalesce(runs.conclusion, '(completed without conclusion)')
        else runs.status
    end as raw_status,
    runs.created_at,
    runs.started_at,
    case when runs.status = 'completed' then runs.updated_at end as finished_at,
    coalesce(job_starts.first_job_started_at, runs.started_at) as work_started_at,
    cast(null as bigint) as duration_seconds
from runs
left join job_starts
    on
        runs.run_id = job_starts.run_id
        and runs.attempt = job_starts.attempt
