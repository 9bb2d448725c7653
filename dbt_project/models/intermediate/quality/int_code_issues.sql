-- Closed issues are purged at the source after 30 days: what was told last of one stays.
with ranked as (

    select
        issue_key,
        replace(lower(project_key), ':', '_') as project_id,
        issue_type,
        impacts,
        severity,
        status,
        resolution,
        effort_minutes,
        created_at,
        updated_at,
        closed_at,
        row_number() over (
            partition by issue_key order by updated_at desc, status asc, resolution asc
        ) as newest_first
    from {{ ref('stg_sonarqube__issues') }}

),

newest as (

    select
        issue_key,
        project_id,
        coalesce(
            issue_type,
            -- Newer versions tell what an issue endangers instead of what it is.
            case
                when impacts like '%"SECURITY"%' then 'vulnerability'
                when impacts like '%"RELIABILITY"%' then 'bug'
                when impacts like '%"MAINTAINABILITY"%' then 'code_smell'
            end,
            'unmapped'
        ) as issue_kind,
        severity,
        status,
        resolution,
        effort_minutes,
        created_at,
        case
            when status in ('resolved', 'closed', 'accepted', 'false_positive', 'fixed')
                then coalesce(closed_at, updated_at)
        end as closed_at
    from ranked
    where newest_first = 1

)

select
    'sonarqube' as source_system,
    'sonarqube:' || newest.issue_key as issue_id,
    newest.project_id,
    coalesce(projects.service_id, 'unmapped') as service_id,
    newest.issue_kind,
    newest.severity,
    newest.status,
    newest.resolution,
    newest.effort_minutes,
    newest.created_at,
    newest.closed_at
from newest
left join {{ ref('int_code_projects') }} as projects on newest.project_id = projects.project_id
