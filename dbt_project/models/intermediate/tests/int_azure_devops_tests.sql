-- A test that was run again within its run tells each attempt as a sub-result; its own outcome is the last one's. Other
-- groups of sub-results (the rows of a data-driven test) are no attempts.
{{ config(materialized='view') }}

with results as (

    select
        organization,
        project,
        run_id,
        result_id,
        title,
        test_name,
        test_storage,
        outcome,
        build_id,
        duration_ms,
        case when result_group = 'rerun' then sub_results end as attempts,
        started_at,
        completed_at
    from {{ ref('stg_azure_devops__test_results') }}

),

listed as (

    {{ explode_json_array('results', ['organization', 'project', 'run_id', 'result_id'], 'attempts', 'attempt') }}

),

rerun as (

    select
        organization,
        project,
        run_id,
        result_id,
        count(*) as failed_runs,
        sum(cast(round(cast({{ json_text('attempt', 'durationInMs') }} as double), 0) as bigint)) as failed_ms
    from listed
    where lower({{ json_text('attempt', 'outcome') }}) in ('failed', 'aborted', 'timeout', 'error')
    group by organization, project, run_id, result_id

),

runs as (

    select
        organization,
        project,
        run_id,
        build_id,
        job_name,
        stage_attempt,
        started_at
    from {{ ref('stg_azure_devops__test_runs') }}

),

told as (

    select
        results.organization || '/' || coalesce(results.project, '') || '/' || cast(results.run_id as string)
            as report_key,
        results.organization || '/' || cast(coalesce(runs.build_id, results.build_id) as string) as build_key,
        coalesce(runs.stage_attempt, 1) as run_attempt,
        runs.job_name,
        results.test_storage,
        results.test_name,
        coalesce(results.title, results.test_name) as title,
        coalesce(results.started_at, runs.started_at, results.completed_at) as recorded_at,
        results.outcome,
        cast(round(results.duration_ms, 0) as bigint) as duration_ms,
        case
            when results.attempts is not null then coalesce(rerun.failed_runs, 0)
            when results.outcome in ('failed', 'aborted', 'timeout', 'error') then 1
            else 0
        end as failed_runs,
        case
            when results.attempts is not null then rerun.failed_ms
            when results.outcome in ('failed', 'aborted', 'timeout', 'error')
                then cast(round(results.duration_ms, 0) as bigint)
        end as failed_ms
    from results
    left join runs
        on
            results.organization = runs.organization
            and results.project = runs.project
            and results.run_id = runs.run_id
    left join rerun
        on
            results.organization = rerun.organization
            and results.project = rerun.project
            and results.run_id = rerun.run_id
            and results.result_id = rerun.result_id

)

select
    told.report_key,
    builds.repository,
    told.build_key as run_id,
    told.run_attempt,
    told.job_name as job,
    cast(null as string) as bundle,
    told.test_storage as suite,
    nullif(regexp_extract(told.test_name, '^([^(]+)[.][^.(]+([(].*)?$', 1), '') as class_name,
    told.title as test_name,
    cast(null as string) as project,
    told.recorded_at,
    told.outcome as raw_status,
    told.duration_ms,
    told.failed_runs,
    told.failed_ms
from told
left join {{ ref('int_azure_devops_builds') }} as builds on told.build_key = builds.build_key
