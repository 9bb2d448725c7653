with

test_runs as (

    select *
    from {{ ref('int_test_runs') }}
    where
        exclusion_reason is null
        and test_date <= date '{{ var("as_of_date") }}'
        and test_date > cast({{ dbt.dateadd('day', -var('flaky_test_days'), "date '" ~ var('as_of_date') ~ "'") }} as date)

),

ownership as (

    select * from {{ ref('int_service_ownership') }}

),

tests as (

    select
        test_id,
        max(repository) as repository,
        min(service_id) as service_id,
        max(suite) as suite,
        max(class_name) as class_name,
        max(test_name) as test_name,
        max(project) as project,
        count(*) as test_runs,
        sum(case when is_flaky then 1 else 0 end) as flaky_test_runs,
        count(distinct case when is_flaky then coalesce(job, '') end) as flaky_legs,
        sum(lost_attempt_count) as lost_runs,
        sum(wasted_ms) as wasted_ms,
        min(case when is_flaky then test_date end) as first_flaky_date,
        max(case when is_flaky then test_date end) as last_flaky_date
    from test_runs
    group by test_id

)

select
    tests.test_id,
    cast(row_number() over (
        order by tests.lost_runs desc, tests.wasted_ms desc, tests.flaky_test_runs desc, tests.test_id asc
    ) as bigint) as lost_runs_rank,
    cast(row_number() over (
        order by tests.wasted_ms desc, tests.lost_runs desc, tests.flaky_test_runs desc, tests.test_id asc
    ) as bigint) as wasted_minutes_rank,
    tests.repository,
    tests.service_id,
    coalesce(ownership.team_id, 'unmapped') as team_id,
    coalesce(ownership.group_id, 'unmapped') as group_id,
    coalesce(ownership.tier, 'unmapped') as tier,
    tests.suite,
    tests.class_name,
    tests.test_name,
    tests.project,
    cast(tests.test_runs as bigint) as test_runs,
    cast(tests.flaky_test_runs as bigint) as flaky_test_runs,
    cast(tests.flaky_test_runs as double) / tests.test_runs as flaky_rate,
    cast(tests.flaky_legs as bigint) as flaky_legs,
    cast(tests.lost_runs as bigint) as lost_runs,
    cast(tests.wasted_ms as double) / 60000 as wasted_ci_minutes,
    tests.first_flaky_date,
    tests.last_flaky_date
from tests
left join ownership
    on
        tests.service_id = ownership.service_id
        and tests.last_flaky_date >= ownership.valid_from
        and tests.last_flaky_date < ownership.valid_to
where tests.flaky_test_runs > 0
