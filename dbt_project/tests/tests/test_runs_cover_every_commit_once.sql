{{ config(severity='error', meta={'description': 'One row per commit whose kept test runs are not those of its present reports.'}) }}

-- Test runs are kept from run to run: every commit that a report tells of has those of its present reports, and no others.
with reported as (

    select
        repository,
        commit_key,
        max(fingerprint) as fingerprint,
        sum(telling_count) as tellings
    from {{ ref('int_test_reports') }}
    group by repository, commit_key

),

kept as (

    select
        repository,
        commit_key,
        min(fingerprint) as first_fingerprint,
        max(fingerprint) as last_fingerprint,
        count(*) as test_runs,
        count(distinct test_run_id) as different_test_runs
    from {{ ref('int_test_runs') }}
    group by repository, commit_key

)

select
    coalesce(reported.repository, kept.repository) as repository,
    coalesce(reported.commit_key, kept.commit_key) as commit_key,
    reported.tellings,
    kept.test_runs
from reported
full outer join kept on reported.repository = kept.repository and reported.commit_key = kept.commit_key
where
    reported.repository is null
    or kept.repository is null
    or kept.first_fingerprint <> reported.fingerprint
    or kept.last_fingerprint <> reported.fingerprint
    or kept.test_runs > reported.tellings
    or kept.test_runs <> kept.different_test_runs
