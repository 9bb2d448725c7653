with

test_runs as (
    select * from {{ ref('int_test_runs') }}
)

select
    {{ kpi_record_columns(
        'test_flakiness', 'test_run_id', 'test_date', 'exclusion_reason',
        numerator='case when is_flaky then 1 else 0 end', denominator='1'
    ) }}
from test_runs
union all
select
    {{ kpi_record_columns(
        'test_flakiness_ci_minutes', 'test_run_id', 'test_date', 'exclusion_reason',
        numerator='cast(wasted_ms as decimal(38, 9)) / 60000'
    ) }}
from test_runs
where is_flaky
