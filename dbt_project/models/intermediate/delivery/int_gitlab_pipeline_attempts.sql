-- GitLab retries jobs, not pipelines: a retry puts a second job of the same name into the pipeline and moves its end. The
-- n-th attempt of a pipeline is what stood there when the first job was retried for the n-th time; the last one is the
-- pipeline as it is told now.
{{ config(materialized='view') }}

with details as (

    select
        pipeline_id,
        repository,
        sha,
        ref,
        pipeline_name,
        status,
        source,
        created_at,
        updated_at,
        started_at,
        finished_at,
        duration_seconds
    from {{ ref('stg_gitlab__pipeline_details') }}

),

told as (

    select
        pipeline_id,
        repository,
        sha,
        ref,
        pipeline_name,
        status,
        source,
        created_at,
        updated_at,
        1 as preference
    from details
    union all
    select
        pipeline_id,
        repository,
        sha,
        ref,
        pipeline_name,
        status,
        source,
        created_at,
        updated_at,
        2 as preference
    from {{ ref('stg_gitlab__pipelines') }}

),

ranked as (

    select
        told.*,
        row_number() over (
            partition by pipeline_id
            order by case when updated_at is null then 1 else 0 end asc, updated_at desc, preference asc
        ) as rank
    from told

),

pipelines as (

    select
        pipeline_id,
        repository,
        sha,
        ref,
        pipeline_name,
        status,
        source,
        created_at,
        updated_at
    from ranked
    where rank = 1

),

-- No answer names the parent of a child pipeline; it runs for the same commit and came before.
parents as (

    select
        children.pipeline_id,
        max(pipelines.pipeline_id) as parent_pipeline_id
    from pipelines as children
    inner join pipelines
        on
            children.repository = pipelines.repository
            and children.sha = pipelines.sha
            and children.pipeline_id > pipelines.pipeline_id
    where children.source = 'parent_pipeline' and coalesce(pipelines.source, '') <> 'parent_pipeline'
    group by children.pipeline_id

),

jobs as (

    select
        pipeline_id,
        job_id,
        job_name,
        status,
        may_fail,
        failure_reason,
        created_at,
        started_at,
        finished_at,
        row_number() over (partition by pipeline_id, job_name order by job_id) as occurrence,
        lead(job_id) over (partition by pipeline_id, job_name order by job_id) is not null as is_retried
    from {{ ref('stg_gitlab__jobs') }}

),

rounds as (

    select
        pipeline_id,
        occurrence,
        min(created_at) as begins_at,
        min(started_at) as started_at
    from jobs
    group by pipeline_id, occurrence

),

numbered_rounds as (

    select
        pipeline_id,
        occurrence as attempt,
        started_at,
        lead(begins_at) over (partition by pipeline_id order by occurrence) as next_begins_at,
        max(occurrence) over (partition by pipeline_id) as attempt_count
    from rounds

),

-- The newest job of each name when an attempt gave way to the next.
standing_jobs as (

    select
        numbered_rounds.pipeline_id,
        numbered_rounds.attempt,
        jobs.status,
        jobs.may_fail,
        jobs.failure_reason,
        jobs.finished_at,
        row_number() over (
            partition by numbered_rounds.pipeline_id, numbered_rounds.attempt, jobs.job_name
            order by jobs.occurrence desc
        ) as rank
    from numbered_rounds
    inner join jobs
        on
            numbered_rounds.pipeline_id = jobs.pipeline_id
            and numbered_rounds.attempt >= jobs.occurrence
            and (jobs.is_retried or numbered_rounds.next_begins_at >= jobs.finished_at)
    where numbered_rounds.next_begins_at is not null

),

earlier_outcomes as (

    select
        pipeline_id,
        attempt,
        max(case when status = 'failed' and not may_fail then 1 else 0 end) as has_failed,
        min(
            case
                when status = 'failed' and not may_fail
                    then case when failure_reason = 'job_execution_timeout' then 1 else 0 end
            end
        ) as has_timed_out,
        max(case when status = 'canceled' then 1 else 0 end) as is_canceled,
        max(finished_at) as finished_at
    from standing_jobs
    where rank = 1
    group by pipeline_id, attempt

),

last_jobs as (

    select
        pipeline_id,
        min(case when failure_reason = 'job_execution_timeout' then 1 else 0 end) as has_timed_out
    from jobs
    where status = 'failed' and not may_fail and not is_retried
    group by pipeline_id

)

select
    cast(pipelines.pipeline_id as string) as native_run_id,
    coalesce(numbered_rounds.attempt, cast(1 as bigint)) as attempt,
    pipelines.repository,
    pipelines.pipeline_name,
    cast(null as string) as pipeline_path,
    case
        when pipelines.source = 'parent_pipeline'
            then coalesce(cast(parents.parent_pipeline_id as string), 'unknown')
    end as native_parent_run_id,
    pipelines.source as trigger_event,
    coalesce(pipelines.source, '') in ('merge_request_event', 'external_pull_request_event')
    or coalesce(pipelines.ref, '') like 'refs/merge-requests/%' as is_pull_request,
    cast(null as boolean) as is_primary_branch,
    pipelines.ref as branch,
    pipelines.sha,
    cast(null as string) as head_repository,
    case
        when earlier_outcomes.has_failed = 1 and earlier_outcomes.has_timed_out = 1 then 'job_execution_timeout'
        when earlier_outcomes.has_failed = 1 then 'failed'
        when earlier_outcomes.is_canceled = 1 then 'canceled'
        when earlier_outcomes.pipeline_id is not null then 'success'
        when pipelines.status = 'failed' and last_jobs.has_timed_out = 1 then 'job_execution_timeout'
        else pipelines.status
    end as raw_status,
    pipelines.created_at,
    case
        when coalesce(numbered_rounds.attempt, 1) = 1 then coalesce(details.started_at, numbered_rounds.started_at)
        else numbered_rounds.started_at
    end as started_at,
    case
        when earlier_outcomes.pipeline_id is not null then earlier_outcomes.finished_at
        when pipelines.status in ('success', 'failed', 'canceled', 'skipped')
            then coalesce(details.finished_at, pipelines.updated_at)
    end as finished_at,
    case
        when coalesce(numbered_rounds.attempt, 1) = 1 then coalesce(details.started_at, numbered_rounds.started_at)
        else numbered_rounds.started_at
    end as work_started_at,
    case when coalesce(numbered_rounds.attempt_count, 1) = 1 then cast(round(details.duration_seconds) as bigint) end
        as duration_seconds
from pipelines
left join details on pipelines.pipeline_id = details.pipeline_id
left join parents on pipelines.pipeline_id = parents.pipeline_id
left join numbered_rounds on pipelines.pipeline_id = numbered_rounds.pipeline_id
left join earlier_outcomes
    on
        numbered_rounds.pipeline_id = earlier_outcomes.pipeline_id
        and numbered_rounds.attempt = earlier_outcomes.attempt
left join last_jobs on pipelines.pipeline_id = last_jobs.pipeline_id
