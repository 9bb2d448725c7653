with tests as (

    select
        *,
        coalesce(invocation_count, 1) - case when status = 'failed' then 0 else 1 end as failed_runs
    from {{ source('raw_test_reports', 'jest_tests') }}

)

select
    _file_id as report_key,
    case when run_id is not null then repository end as repository,
    run_id,
    run_attempt,
    job,
    coalesce(bundle, split_part(repository, '/', 1)) as bundle,
    cast(null as {{ dbt.type_string() }}) as suite,
    test_file as class_name,
    test_name,
    cast(null as {{ dbt.type_string() }}) as project,
    recorded_at,
    status as raw_status,
    cast(round(duration_ms) as bigint) as duration_ms,
    case when status in ('passed', 'failed') then failed_runs else 0 end as failed_runs,
    -- The time is that of the last run: the others are taken to have been as long.
    case when status in ('passed', 'failed') then cast(round(duration_ms) as bigint) * failed_runs else 0 end as failed_ms
from tests
