with

source as (

    select * from {{ source('raw_greenhouse', 'ats_openings') }}

),

-- Two files of one delivery may tell of one opening: the state in which more has happened holds.
ranked as (

    select
        opening_id,
        job_id,
        trim(job_name) as job_name,
        trim(department) as department_name,
        {{ slug('status') }} as status,
        {{ tri_state('is_evergreen') }} as is_evergreen,
        opened_at,
        closed_at,
        close_reason,
        application_id,
        hiring_manager_id,
        row_number() over (
            partition by opening_id
            order by
                coalesce(closed_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                case when application_id is null then 1 else 0 end asc,
                coalesce(opened_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                coalesce(status, '') asc,
                coalesce(application_id, '') asc,
                coalesce(job_id, '') asc,
                coalesce(job_name, '') asc,
                coalesce(department, '') asc,
                coalesce(is_evergreen, '') asc,
                coalesce(close_reason, '') asc,
                coalesce(hiring_manager_id, '') asc
        ) as state_rank
    from source

)

select
    opening_id,
    job_id,
    job_name,
    department_name,
    status,
    is_evergreen,
    opened_at,
    closed_at,
    close_reason,
    application_id,
    hiring_manager_id
from ranked
where state_rank = 1
