with catalogued as (

    select
        repository,
        max(default_branch) as default_branch,
        count(distinct service_id) as service_count,
        min(service_id) as first_service_id
    from {{ ref('int_repositories') }}
    group by repository

),

told_branches as (

    select
        repository,
        default_branch,
        row_number() over (
            partition by repository order by updated_at desc, pull_number desc, source_system asc
        ) as rank
    from {{ ref('int_pull_requests') }}
    where default_branch is not null

),

-- A repository whose code nobody exports may be known to its CI system: of several answers the newest run's.
built_branches as (

    select
        repository,
        branch as default_branch,
        row_number() over (
            partition by repository order by created_at desc, source_system asc, native_run_id asc, attempt desc
        ) as rank
    from {{ ref('int_pipeline_attempts') }}
    where is_primary_branch and repository is not null and branch is not null

),

seen as (

    select repository from catalogued
    union
    select repository from {{ ref('int_pull_requests') }}
    union
    select repository from {{ ref('int_commit_tellings') }}
    union
    select repository from {{ ref('int_deployment_tellings') }}
    union
    select repository from {{ ref('int_pipeline_attempts') }}
    union
    select repository from {{ ref('int_told_work_items') }}

)

select
    seen.repository,
    coalesce(
        catalogued.default_branch, told_branches.default_branch, built_branches.default_branch
    ) as default_branch,
    coalesce(catalogued.service_count, 0) as service_count,
    case when catalogued.service_count = 1 then catalogued.first_service_id else 'unmapped' end as service_id
from seen
left join catalogued on seen.repository = catalogued.repository
left join told_branches
    on
        seen.repository = told_branches.repository
        and told_branches.rank = 1
left join built_branches
    on
        seen.repository = built_branches.repository
        and built_branches.rank = 1
where seen.repository is not null
