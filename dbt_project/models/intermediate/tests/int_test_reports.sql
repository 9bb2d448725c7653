-- Which commit and CI run a report belongs to. A sidecar wins over the landing path; what neither tells, the run does.
with reports as (

    select
        source_system,
        report_key,
        max(repository) as repository,
        max(run_id) as run_id,
        max(run_attempt) as run_attempt,
        max(job) as job,
        max(bundle) as bundle,
        min(recorded_at) as recorded_at,
        count(*) as telling_count,
        sum(case when status in ('passed', 'flaky') then 1 else 0 end) as passed_count,
        sum(case when status = 'failed' then 1 else 0 end) as failed_count,
        sum(coalesce(duration_ms, 0)) as duration_ms
    from {{ ref('int_test_tellings') }}
    group by source_system, report_key

),

contexts as (

    select
        bundle,
        repository,
        commit_sha,
        run_id,
        run_attempt,
        job,
        finished_at
    from {{ ref('stg_test_reports__report_contexts') }}

),

-- One repository may be known to two systems whose runs have the same number: then none of them is taken for sure.
attempts as (

    select
        repository,
        substr(run_id, length(source_system) + 2) as native_run_id,
        attempt,
        max(started_at) as started_at,
        max(finished_at) as finished_at
    from {{ ref('int_pipeline_runs') }}
    group by repository, substr(run_id, length(source_system) + 2), attempt

),

runs as (

    select
        repository,
        substr(run_id, length(source_system) + 2) as native_run_id,
        case when count(distinct sha) = 1 then max(sha) end as sha,
        case when count(distinct service_id) = 1 then max(service_id) end as service_id,
        min(created_at) as created_at
    from {{ ref('int_pipeline_runs') }}
    group by repository, substr(run_id, length(source_system) + 2)

),

repositories as (

    select
        repository,
        service_id
    from {{ ref('int_known_repositories') }}

),

placed as (

    select
        reports.source_system,
        reports.report_key,
        coalesce(contexts.repository, reports.repository, 'unmapped') as repository,
        coalesce(contexts.run_id, case when contexts.bundle is null then reports.run_id end) as run_id,
        coalesce(contexts.run_attempt, case when contexts.bundle is null then reports.run_attempt end, 1) as run_attempt,
        coalesce(contexts.job, reports.job) as job,
        coalesce(
            contexts.run_id,
            case when contexts.bundle is null then reports.run_id else 'bundle ' || contexts.bundle end,
            'report ' || reports.report_key
        ) as run_key,
        contexts.commit_sha,
        contexts.finished_at as context_finished_at,
        reports.bundle,
        reports.recorded_at,
        reports.telling_count,
        reports.passed_count,
        reports.failed_count,
        reports.duration_ms
    from reports
    left join contexts on reports.source_system = 'test_reports' and reports.bundle = contexts.bundle

),

dated as (

    select
        placed.source_system,
        placed.report_key,
        placed.bundle,
        placed.repository,
        placed.run_id,
        placed.run_attempt,
        placed.job,
        coalesce(placed.commit_sha, runs.sha) as commit_sha,
        coalesce(placed.commit_sha, runs.sha, 'run ' || placed.run_id, 'report ' || placed.report_key) as commit_key,
        coalesce(runs.service_id, repositories.service_id, 'unmapped') as service_id,
        coalesce(attempts.started_at, attempts.finished_at, placed.context_finished_at, placed.recorded_at, runs.created_at)
            as observed_at,
        {{ hash_text(['placed.repository', 'placed.run_key', 'placed.run_attempt', 'placed.job']) }} as job_attempt_id,
        placed.telling_count,
        placed.passed_count,
        placed.failed_count,
        placed.duration_ms
    from placed
    left join runs on placed.repository = runs.repository and placed.run_id = runs.native_run_id
    left join attempts
        on
            placed.repository = attempts.repository
            and placed.run_id = attempts.native_run_id
            and placed.run_attempt = attempts.attempt
    left join repositories on placed.repository = repositories.repository

),

job_attempts as (

    select
        job_attempt_id,
        sum(passed_count) = 0 and sum(failed_count) > 0 as is_infrastructure_failure,
        sum(duration_ms) as duration_ms
    from dated
    group by job_attempt_id

),

-- What decides the test runs of a commit besides the reports' own content. Raise the number when int_test_runs reads
-- tellings differently: stored test runs are then made anew.
commits as (

    select
        dated.repository,
        dated.commit_key,
        md5({{ sorted_list_text(
            "dated.source_system || dated.report_key || dated.job_attempt_id || dated.service_id"
            ~ " || coalesce(cast(dated.observed_at as " ~ dbt.type_string() ~ "), '')"
            ~ " || cast(dated.passed_count as " ~ dbt.type_string() ~ ") || cast(dated.failed_count as " ~ dbt.type_string() ~ ")"
        ) }} || 'reading 1, days in {{ var("business_timezone") }}') as fingerprint
    from dated
    group by dated.repository, dated.commit_key

)

select
    dated.source_system,
    dated.report_key,
    dated.bundle,
    dated.repository,
    dated.run_id,
    dated.run_attempt,
    dated.job,
    dated.commit_sha,
    dated.commit_key,
    dated.service_id,
    dated.observed_at,
    dated.job_attempt_id,
    job_attempts.is_infrastructure_failure,
    cast(job_attempts.duration_ms as bigint) as job_attempt_ms,
    cast(dated.telling_count as bigint) as telling_count,
    cast(dated.passed_count as bigint) as passed_count,
    cast(dated.failed_count as bigint) as failed_count,
    commits.fingerprint
from dated
inner join job_attempts on dated.job_attempt_id = job_attempts.job_attempt_id
inner join commits on dated.repository = commits.repository and dated.commit_key = commits.commit_key
