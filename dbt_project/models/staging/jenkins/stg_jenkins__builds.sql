-- A file without addresses knows a job only by what is displayed: the same build told by the API is the same row.
with named as (

    select
        case
            when job like '% #%' or job like '% » %' then replace(coalesce(display_name, job), ' » ', '/')
            else {{ jenkins_job_name('job') }}
        end as job,
        job like '% #%' or job like '% » %' as is_displayed,
        build_number,
        started_at,
        duration_ms,
        queue_ms,
        is_building,
        result,
        build_class,
        cause,
        replayed_build_number,
        timeout_sign,
        initiator_id,
        upstream,
        upstream_build_number,
        first_sha,
        first_branch,
        first_repository,
        second_sha,
        second_branch,
        second_repository,
        third_sha,
        third_branch,
        third_repository
    from {{ source('raw_jenkins', 'builds') }}

),

ranked as (

    select
        named.*,
        row_number() over (
            partition by named.job, named.build_number, named.started_at
            order by case when named.is_displayed then 2 else 1 end asc, named.duration_ms desc
        ) as rank
    from named

)

select
    job,
    build_number,
    started_at,
    case
        when not coalesce(is_building, false) and result is not null
            then {{ dbt.dateadd('second', whole_quotient('duration_ms', '1000'), 'started_at') }}
    end as finished_at,
    duration_ms,
    queue_ms,
    coalesce(is_building, false) as is_building,
    result,
    build_class,
    cause,
    replayed_build_number,
    timeout_sign is not null as has_timed_out,
    initiator_id,
    {{ jenkins_job_name('upstream') }} as upstream_job,
    upstream_build_number,
    first_sha,
    first_branch,
    first_repository,
    second_sha,
    second_branch,
    second_repository,
    third_sha,
    third_branch,
    third_repository
from ranked
where rank = 1
