with cases as (

    select
        *,
        coalesce(failure_count, 0) + coalesce(error_count, 0) > 0 as has_failed,
        coalesce(skipped_count, 0) > 0
        or coalesce(status, '') in ('notrun', 'disabled', 'skipped')
        or coalesce(result, '') in ('suppressed', 'skipped') as has_not_run,
        coalesce(flaky_failure_count, 0) + coalesce(flaky_error_count, 0)
        + coalesce(rerun_failure_count, 0) + coalesce(rerun_error_count, 0) as other_failed_runs,
        cast(round(duration_seconds * 1000) as bigint) as duration_ms
    from {{ source('raw_test_reports', 'junit_test_cases') }}

)

select
    _file_id as report_key,
    case when run_id is not null then repository end as repository,
    run_id,
    run_attempt,
    job,
    coalesce(bundle, split_part(repository, '/', 1)) as bundle,
    suite,
    coalesce(class_name, test_file) as class_name,
    test_name,
    cast(null as {{ dbt.type_string() }}) as project,
    recorded_at,
    -- A test that failed may be marked as skipped besides: what it was called off for is told by the failure.
    case when has_failed then 'failed' when has_not_run then 'skipped' else 'passed' end as raw_status,
    duration_ms,
    other_failed_runs + case when has_failed then 1 else 0 end as failed_runs,
    -- Of the other runs no time is told: each is taken to have been as long as the one that is.
    duration_ms * (other_failed_runs + case when has_failed then 1 else 0 end) as failed_ms
from cases
