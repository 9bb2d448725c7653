-- Answers name a repository by its id, and some of them by its name and project as well.
{{ config(materialized='view') }}

with told as (

    select
        organization,
        repository_id,
        project || '/' || repository_name as repository,
        created_at as told_at
    from {{ ref('stg_azure_devops__pull_requests') }}
    where repository_name is not null and project is not null
    union all
    select
        organization,
        repository_id,
        project || '/' || repository_name as repository,
        queued_at as told_at
    from {{ ref('stg_azure_devops__builds') }}
    where repository_type = 'TfsGit' and repository_name is not null and project is not null

),

newest as (

    select
        organization,
        repository_id,
        repository,
        row_number() over (
            partition by organization, repository_id order by told_at desc, repository asc
        ) as rank
    from told
    where repository_id is not null

)

select
    organization,
    repository_id,
    repository
from newest
where rank = 1
