with

attempts as (
    select * from {{ ref('int_pipeline_runs') }}
),

ownership as (
    select * from {{ ref('int_service_ownership') }}
),

first_attempts as (
    select
        run_id,
        status,
        created_at,
        started_at,
        queue_seconds
    from attempts
    where is_first_attempt
),

attempt_counts as (
    select
        run_id,
        max(attempt) as attempt_count
    from attempts
    group by run_id
),

runs as (
    select
        last_attempt.run_id,
        last_attempt.source_system,
        last_attempt.repository,
        coalesce(last_attempt.service_id, 'unmapped') as service_id,
        last_attempt.pipeline_name,
        last_attempt.parent_run_id,
        last_attempt.branch,
        last_attempt.is_default_branch,
        last_attempt.is_pull_request,
        last_attempt.trigger_event,
        last_attempt.sha,
        coalesce(first_attempts.created_at, last_attempt.created_at) as created_at,
        coalesce(first_attempts.started_at, last_attempt.started_at) as started_at,
        last_attempt.finished_at,
        first_attempts.status as first_status,
        last_attempt.status as final_status,
        attempt_counts.attempt_count,
        last_attempt.duration_seconds,
        first_attempts.queue_seconds,
        {{ business_date('coalesce(last_attempt.finished_at, last_attempt.started_at, last_attempt.created_at)') }}
            as run_date
    from attempts as last_attempt
    inner join attempt_counts
        on last_attempt.run_id = attempt_counts.run_id
    left join first_attempts
        on last_attempt.run_id = first_attempts.run_id
    where last_attempt.is_final_attempt
),

final as (
    select
        runs.run_id,
        runs.source_system,
        runs.repository,
        runs.service_id,
        coalesce(ownership.team_id, 'unmapped') as team_id,
        coalesce(ownership.group_id, 'unmapped') as group_id,
        coalesce(ownership.tier, 'unmapped') as tier,
        runs.pipeline_name,
        runs.parent_run_id,
        runs.branch,
        runs.is_default_branch,
        runs.is_pull_request,
        runs.trigger_event,
        runs.sha,
        runs.created_at,
        runs.started_at,
        runs.finished_at,
        runs.run_date,
        runs.first_status,
        runs.final_status,
        cast(runs.attempt_count as bigint) as attempt_count,
        runs.duration_seconds,
        runs.queue_seconds,
        case
            when runs.parent_run_id is not null then 'child_pipeline'
            when runs.final_status in ('success', 'failure', 'timed_out') then null
            else runs.final_status
        end as exclusion_reason
    from runs
    left join ownership
        on
            runs.service_id = ownership.service_id
            and runs.run_date >= ownership.valid_from
            and runs.run_date < ownership.valid_to
)

select * from final
