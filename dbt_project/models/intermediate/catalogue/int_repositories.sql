with listed as (

    select
        repository,
        service_id,
        path_glob,
        max(default_branch) as default_branch
    from {{ ref('stg_catalogue__repositories') }}
    group by repository, service_id, path_glob

),

listed_services as (

    select distinct service_id
    from listed

),

annotated as (

    select distinct
        components.project_slug as repository,
        components.entity_name as service_id,
        '**' as path_glob,
        cast(null as string) as default_branch
    from {{ ref('stg_catalogue__backstage_entities') }} as components
    left join listed_services on components.entity_name = listed_services.service_id
    where
        components.kind = 'component'
        and coalesce(components.entity_type, 'service') not in ('library', 'documentation')
        and components.project_slug is not null
        and listed_services.service_id is null

),

candidates as (

    select
        repository,
        service_id,
        path_glob,
        default_branch
    from listed
    union all
    select
        repository,
        service_id,
        path_glob,
        default_branch
    from annotated

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

)

select
    candidates.repository,
    candidates.service_id,
    candidates.path_glob,
    {{ glob_regex('candidates.path_glob') }} as path_regex,
    coalesce(candidates.default_branch, told_branches.default_branch, 'main') as default_branch
from candidates
left join told_branches
    on
        candidates.repository = told_branches.repository
        and told_branches.rank = 1
