with

source as (

    select * from {{ source('raw_greenhouse', 'ats_applications') }}

),

-- Two files of one delivery may tell of one application: the state in which more has happened holds.
ranked as (

    select
        application_id,
        candidate_id,
        job_id,
        coalesce(is_prospect, false) as is_prospect,
        {{ slug('status') }} as status,
        stage,
        applied_at,
        rejected_at,
        rejection_reason,
        hired_at,
        row_number() over (
            partition by application_id
            order by
                greatest(coalesce(rejected_at, cast('1900-01-01 00:00:00' as timestamp)), coalesce(hired_at, cast('1900-01-01 00:00:00' as timestamp))) desc,
                coalesce(is_prospect, false) asc,
                coalesce(applied_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                coalesce(hired_at, cast('1900-01-01 00:00:00' as timestamp)) desc,
                coalesce(status, '') asc,
                coalesce(stage, '') asc,
                coalesce(job_id, '') asc,
                coalesce(candidate_id, '') asc,
                coalesce(rejection_reason, '') asc
        ) as state_rank
    from source

)

select
    application_id,
    candidate_id,
    job_id,
    is_prospect,
    status,
    stage,
    applied_at,
    rejected_at,
    rejection_reason,
    hired_at
from ranked
where state_rank = 1
