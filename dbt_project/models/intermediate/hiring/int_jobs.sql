with

greenhouse_jobs as (

    select * from {{ ref('stg_greenhouse__jobs') }}

),

job_departments as (

    select * from {{ ref('stg_greenhouse__job_departments') }}

),

departments as (

    select * from {{ ref('stg_greenhouse__departments') }}

),

postings as (

    select * from {{ ref('stg_lever__postings') }}

),

requisitions as (

    select * from {{ ref('stg_lever__requisitions') }}

),

ats_openings as (

    select * from {{ ref('stg_greenhouse__ats_openings') }}

),

evergreen_patterns as (

    select * from {{ ref('hiring_evergreen_patterns') }}

),

mapped_departments as (

    select * from {{ ref('hiring_departments') }}

),

teams as (

    select distinct
        team_id,
        team_name,
        hr_organization_id
    from {{ ref('int_team_groups') }}

),

jobs as (

    select
        'greenhouse' as source_system,
        greenhouse_jobs.job_id,
        greenhouse_jobs.job_name,
        coalesce(greenhouse_jobs.department_id, job_departments.department_id) as department_id,
        coalesce(greenhouse_jobs.department_name, departments.department_name) as department_name,
        coalesce(greenhouse_jobs.department_external_id, departments.external_id) as hr_organization_id,
        greenhouse_jobs.hiring_manager_id,
        greenhouse_jobs.is_evergreen
    from greenhouse_jobs
    left join job_departments
        on greenhouse_jobs.job_id = job_departments.job_id
    left join departments
        on coalesce(greenhouse_jobs.department_id, job_departments.department_id) = departments.department_id

    union all

    select
        'lever' as source_system,
        posting_id as job_id,
        posting_name as job_name,
        cast(null as {{ dbt.type_string() }}) as department_id,
        department_name,
        cast(null as {{ dbt.type_string() }}) as hr_organization_id,
        cast(null as {{ dbt.type_string() }}) as hiring_manager_id,
        cast(null as boolean) as is_evergreen
    from postings

    union all

    select
        'lever' as source_system,
        requisition_id as job_id,
        requisition_name as job_name,
        cast(null as {{ dbt.type_string() }}) as department_id,
        department_name,
        cast(null as {{ dbt.type_string() }}) as hr_organization_id,
        hiring_manager_id,
        case when is_headcount_unlimited then true end as is_evergreen
    from requisitions

    union all

    -- The neutral openings repeat their job; where they disagree the greatest text stands, so that order does not matter.
    select
        'ats' as source_system,
        job_id,
        max(job_name) as job_name,
        cast(null as {{ dbt.type_string() }}) as department_id,
        max(department_name) as department_name,
        max(department_name) as hr_organization_id,
        max(hiring_manager_id) as hiring_manager_id,
        cast(null as boolean) as is_evergreen
    from ats_openings
    where job_id is not null
    group by job_id

),

evergreen_names as (

    select distinct jobs.job_name
    from jobs
    inner join evergreen_patterns
        on {{ matches_pattern('lower(jobs.job_name)', 'evergreen_patterns.pattern') }}

),

claims as (

    select
        jobs.source_system,
        jobs.job_id,
        mapped_departments.team_id,
        'seed' as team_method,
        1 as preference
    from jobs
    inner join mapped_departments
        on
            jobs.source_system = mapped_departments.source_system
            and (
                jobs.department_id = mapped_departments.department
                or jobs.department_name = mapped_departments.department
            )

    union all

    select
        jobs.source_system,
        jobs.job_id,
        teams.team_id,
        'hr_organization' as team_method,
        2 as preference
    from jobs
    inner join teams
        on jobs.hr_organization_id = teams.hr_organization_id

    union all

    select
        jobs.source_system,
        jobs.job_id,
        teams.team_id,
        'name' as team_method,
        3 as preference
    from jobs
    inner join teams
        on
            {{ slug('jobs.department_name') }} = {{ slug('teams.team_id') }}
            or {{ slug('jobs.department_name') }} = {{ slug('teams.team_name') }}

),

ranked_claims as (

    select
        *,
        row_number() over (partition by source_system, job_id order by preference, team_id) as claim_rank
    from claims

)

select
    jobs.source_system,
    jobs.job_id,
    jobs.job_name,
    jobs.department_name,
    coalesce(ranked_claims.team_id, 'unmapped') as team_id,
    case
        when ranked_claims.team_id is not null then ranked_claims.team_method
        when coalesce(jobs.department_id, jobs.department_name) is null then 'no_department'
        else 'department_unmapped'
    end as team_method,
    jobs.hiring_manager_id,
    coalesce(jobs.is_evergreen, evergreen_names.job_name is not null) as is_evergreen
from jobs
left join evergreen_names
    on jobs.job_name = evergreen_names.job_name
left join ranked_claims
    on
        jobs.source_system = ranked_claims.source_system
        and jobs.job_id = ranked_claims.job_id
        and ranked_claims.claim_rank = 1
