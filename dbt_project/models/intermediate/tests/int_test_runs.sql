{#- Only commits of which something new was told are rolled up again: their kept test runs are deleted first, then made anew. Killed in between, the
    next run finds them missing. Engines without delete rebuild the table. -#}
{{ config(
    materialized='incremental' if target.type == 'duckdb' else 'table',
    incremental_strategy='append' if target.type == 'duckdb' else none,
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}
        delete from {{ this }} as kept
        where not exists (
            select 1
            from {{ ref('int_test_reports') }} as reports
            where
                reports.repository = kept.repository
                and reports.commit_key = kept.commit_key
                and reports.fingerprint = kept.fingerprint
        )
    {% endif %}",
) }}

with tellings as (

    select * from {{ ref('int_test_tellings') }}

),

reports as (

    select told.*
    from {{ ref('int_test_reports') }} as told
    {%- if is_incremental() %}
    where not exists (
        select 1
        from {{ this }} as kept
        where
            kept.repository = told.repository
            and kept.commit_key = told.commit_key
            and kept.fingerprint = told.fingerprint
    )
    {%- endif %}

),

-- One row per test and attempt of a job at one commit.
attempts as (

    select
        {{ hash_text(['reports.repository', 'tellings.suite', 'tellings.class_name', 'tellings.test_name', 'tellings.project']) }}
            as test_id,
        reports.job_attempt_id,
        reports.repository,
        reports.commit_key,
        reports.job,
        tellings.suite,
        tellings.class_name,
        tellings.test_name,
        tellings.project,
        max(reports.commit_sha) as commit_sha,
        min(reports.service_id) as service_id,
        min(reports.observed_at) as observed_at,
        max(reports.fingerprint) as fingerprint,
        max(reports.job_attempt_ms) as job_attempt_ms,
        max(case when reports.is_infrastructure_failure then 1 else 0 end) as is_infrastructure,
        max(case when tellings.status in ('passed', 'flaky') then 1 else 0 end) as has_passed,
        max(case when tellings.status in ('failed', 'flaky') or tellings.failed_runs > 0 then 1 else 0 end) as has_failed,
        max(case when tellings.status = 'unmapped' then 1 else 0 end) as is_unmapped,
        sum(tellings.failed_ms) as failed_ms
    from tellings
    inner join reports
        on tellings.source_system = reports.source_system and tellings.report_key = reports.report_key
    group by
        reports.job_attempt_id,
        reports.repository,
        reports.commit_key,
        reports.job,
        tellings.suite,
        tellings.class_name,
        tellings.test_name,
        tellings.project

),

lost as (

    select
        job_attempt_id,
        count(*) as lost_tests
    from attempts
    where has_failed = 1 and has_passed = 0 and is_infrastructure = 0
    group by job_attempt_id

),

-- A job that a test failed costs what its tests took, shared by the tests that failed it; a run that failed within a
-- job that went on costs its own time.
costed as (

    select
        attempts.*,
        case when attempts.is_infrastructure = 0 then attempts.has_passed else 0 end as counts_as_pass,
        case when attempts.is_infrastructure = 0 then attempts.has_failed else 0 end as counts_as_fail,
        case when attempts.is_infrastructure = 0 and attempts.has_failed = 1 and attempts.has_passed = 0 then 1 else 0 end
            as is_lost,
        case
            when attempts.is_infrastructure = 1 or attempts.has_failed = 0 then 0
            when attempts.has_passed = 0
                then {{ whole_quotient('attempts.job_attempt_ms', 'lost.lost_tests') }}
            else attempts.failed_ms
        end as cost_ms
    from attempts
    left join lost on attempts.job_attempt_id = lost.job_attempt_id

),

test_runs as (

    select
        {{ hash_text(['test_id', 'commit_key', 'job']) }} as test_run_id,
        test_id,
        repository,
        commit_key,
        job,
        suite,
        class_name,
        test_name,
        project,
        max(commit_sha) as commit_sha,
        min(service_id) as service_id,
        min(observed_at) as first_observed_at,
        max(fingerprint) as fingerprint,
        count(*) as attempt_count,
        max(counts_as_pass) as has_passed,
        max(counts_as_fail) as has_failed,
        max(case when is_infrastructure = 1 and has_failed = 1 then 1 else 0 end) as has_failed_with_all,
        max(is_unmapped) as is_unmapped,
        sum(is_lost) as lost_attempts,
        sum(cost_ms) as cost_ms
    from costed
    group by test_id, repository, commit_key, job, suite, class_name, test_name, project

)

select
    test_run_id,
    test_id,
    repository,
    service_id,
    commit_key,
    commit_sha,
    job,
    suite,
    class_name,
    test_name,
    project,
    first_observed_at,
    {{ business_date('first_observed_at') }} as test_date,
    cast(attempt_count as bigint) as attempt_count,
    has_passed = 1 as has_passed,
    has_failed = 1 as has_failed,
    has_passed = 1 and has_failed = 1 as is_flaky,
    cast(case when has_passed = 1 and has_failed = 1 then lost_attempts else 0 end as bigint) as lost_attempt_count,
    cast(case when has_passed = 1 and has_failed = 1 then cost_ms else 0 end as bigint) as wasted_ms,
    case
        when has_passed = 0 and has_failed = 0 and has_failed_with_all = 1 then 'infrastructure_failure'
        when has_passed = 0 and has_failed = 0 and is_unmapped = 1 then 'unmapped_status'
        when has_passed = 0 and has_failed = 0 then 'skipped'
        when commit_key like 'report %' then 'no_commit'
    end as exclusion_reason,
    fingerprint
from test_runs
