with tests as (

    select
        *,
        case when is_pending then 'pending' when is_skipped then 'skipped' else state end as raw_status,
        cast(round(duration_ms) as bigint) as whole_ms
    from {{ source('raw_test_reports', 'mochawesome_tests') }}

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
    raw_status,
    whole_ms as duration_ms,
    cast(case raw_status when 'failed' then 1 else 0 end as bigint) as failed_runs,
    case raw_status when 'failed' then whole_ms else 0 end as failed_ms
from tests
