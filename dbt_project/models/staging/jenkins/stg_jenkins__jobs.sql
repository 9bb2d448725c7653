with named as (

    select
        {{ jenkins_job_name('job') }} as job,
        {{ jenkins_job_name('job_name') }} as job_name,
        job_class,
        coalesce(is_buildable, colour not like 'disabled%', true) as is_buildable,
        primary_sign is not null as is_primary,
        change_request_sign is not null as is_change_request
    from {{ source('raw_jenkins', 'jobs') }}

),

projects as (

    select job
    from named
    where job_class like '%MultiBranchProject'

)

select
    named.job,
    named.job_class,
    case when projects.job is not null or named.is_primary or named.is_change_request then named.job_name end as branch,
    named.is_buildable,
    named.is_primary,
    named.is_change_request
from named
left join projects on named.job = projects.job || '/' || named.job_name
