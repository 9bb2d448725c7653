-- Measures name their project by the folder that they landed in, where the colon of a key is an underscore, so projects
-- are told apart by their keys written so. The catalogue says whose a project is; else the repository that gave its
-- key (owner_name at SonarCloud), where it is one service's alone; else a service of that name.
with keys as (

    select project_key from {{ ref('stg_sonarqube__issues') }}
    union
    select project_key from {{ ref('stg_sonarqube__hotspots') }}
    union
    select project_key from {{ ref('stg_sonarqube__measures') }}

),

projects as (

    select distinct replace(lower(project_key), ':', '_') as project_id
    from keys

),

listed as (

    select
        replace(identifier, ':', '_') as project_id,
        min(service_id) as service_id
    from {{ ref('int_service_identifiers') }}
    where tool = 'sonarqube'
    group by replace(identifier, ':', '_')

),

repositories as (

    select
        replace(repository, '/', '_') as project_id,
        min(repository) as repository,
        case when min(service_id) = max(service_id) then min(service_id) end as service_id
    from {{ ref('int_repositories') }}
    group by replace(repository, '/', '_')

),

services as (

    select distinct service_id
    from {{ ref('int_service_ownership') }}

)

select
    'sonarqube' as source_system,
    projects.project_id,
    -- A project that the catalogue gives to another service only has the name of that repository.
    case
        when coalesce(listed.service_id, repositories.service_id, '') = coalesce(repositories.service_id, listed.service_id, '')
            then repositories.repository
    end as repository,
    coalesce(listed.service_id, repositories.service_id, services.service_id, 'unmapped') as service_id
from projects
left join listed on projects.project_id = listed.project_id
left join repositories on projects.project_id = repositories.project_id
left join services on projects.project_id = services.service_id
