-- A build of a repository that lies elsewhere (GitHub, Bitbucket) names it by owner/name, one of Azure Repos by its id.
{{ config(materialized='view') }}

with builds as (

    select
        organization,
        build_id,
        status,
        result,
        reason,
        definition_name,
        source_ref,
        sha,
        repository_id,
        repository_type,
        requester_id,
        queued_at,
        started_at,
        finished_at
    from {{ ref('stg_azure_devops__builds') }}

),

timelines as (

    select
        organization,
        build_id,
        max(attempt) as attempt,
        min(case when record_type = 'job' and coalesce(result, '') <> 'skipped' then started_at end) as work_started_at
    from {{ ref('stg_azure_devops__timeline_records') }}
    group by organization, build_id

)

select
    builds.organization || '/' || cast(builds.build_id as string) as build_key,
    coalesce(
        repositories.repository,
        case
            when builds.repository_type = 'TfsGit' then cast(null as string)
            else nullif(regexp_extract(builds.repository_id, '^(?:https?://[^/]+/)?([^/:]+/[^:]+?)(?:[.]git)?$', 1), '')
        end
    ) as repository,
    coalesce(timelines.attempt, 1) as attempt,
    builds.definition_name,
    builds.reason,
    builds.source_ref,
    nullif(regexp_extract(builds.source_ref, '^refs/heads/(.+)$', 1), '') as branch,
    builds.sha,
    builds.requester_id,
    case
        when builds.status = 'completed' then coalesce(builds.result, '(completed without result)')
        else builds.status
    end as raw_status,
    builds.queued_at,
    builds.started_at,
    builds.finished_at,
    -- The timeline is the last attempt's: only of a build that was not run again does it tell the first wait.
    case
        when coalesce(timelines.attempt, 1) = 1 then coalesce(timelines.work_started_at, builds.started_at)
        else builds.started_at
    end as work_started_at
from builds
left join {{ ref('int_azure_devops_repositories') }} as repositories
    on
        builds.organization = repositories.organization
        and builds.repository_id = repositories.repository_id
left join timelines
    on
        builds.organization = timelines.organization
        and builds.build_id = timelines.build_id
