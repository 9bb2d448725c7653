{#- Read twice, by whole columns: a view costs less than another copy of the largest table. -#}
{{ config(materialized='view') }}

with told as (

    {% for table in ['junit_test_cases', 'playwright_tests', 'jest_tests', 'mochawesome_tests'] -%}
    select
        'test_reports' as source_system,
        report_key,
        repository,
        run_id,
        run_attempt,
        job,
        bundle,
        suite,
        class_name,
        test_name,
        project,
        recorded_at,
        raw_status,
        duration_ms,
        failed_runs,
        failed_ms
    from {{ ref('stg_test_reports__' ~ table) }}
    union all
    {% endfor -%}
    select
        'azure_devops' as source_system,
        report_key,
        repository,
        run_id,
        run_attempt,
        job,
        bundle,
        suite,
        class_name,
        test_name,
        project,
        recorded_at,
        raw_status,
        duration_ms,
        failed_runs,
        failed_ms
    from {{ ref('int_azure_devops_tests') }}

),

statuses as (

    select
        system,
        raw_value,
        status
    from {{ ref('status_map') }}
    where concept = 'test'

)

select
    told.source_system,
    told.report_key,
    told.repository,
    told.run_id,
    told.run_attempt,
    told.job,
    told.bundle,
    told.suite,
    told.class_name,
    told.test_name,
    told.project,
    told.recorded_at,
    told.raw_status,
    coalesce(statuses.status, 'unmapped') as status,
    told.duration_ms,
    coalesce(told.failed_runs, 0) as failed_runs,
    coalesce(told.failed_ms, 0) as failed_ms
from told
left join statuses
    on told.source_system = statuses.system and told.raw_status = statuses.raw_value
