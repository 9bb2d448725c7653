with runs as (

    select
        *,
        coalesce(fifth_duration_ms, fourth_duration_ms, third_duration_ms, second_duration_ms, duration_ms, 0) as last_ms,
        coalesce(duration_ms, 0) + coalesce(second_duration_ms, 0) + coalesce(third_duration_ms, 0)
        + coalesce(fourth_duration_ms, 0) + coalesce(fifth_duration_ms, 0) as all_ms,
        case when duration_ms is null then 0 else 1 end + case when second_duration_ms is null then 0 else 1 end
        + case when third_duration_ms is null then 0 else 1 end + case when fourth_duration_ms is null then 0 else 1 end
        + case when fifth_duration_ms is null then 0 else 1 end as run_count
    from {{ source('raw_test_reports', 'playwright_tests') }}

)

select
    _file_id as report_key,
    case when run_id is not null then repository end as repository,
    run_id,
    run_attempt,
    job,
    coalesce(bundle, split_part(repository, '/', 1)) as bundle,
    nullif(concat_ws(' > ', outer_suite, suite), '') as suite,
    test_file as class_name,
    test_name,
    project,
    recorded_at,
    status as raw_status,
    cast(round(all_ms) as bigint) as duration_ms,
    cast(case status when 'unexpected' then run_count when 'flaky' then run_count - 1 else 0 end as bigint) as failed_runs,
    cast(round(case status when 'unexpected' then all_ms when 'flaky' then all_ms - last_ms else 0 end) as bigint) as failed_ms
from runs
