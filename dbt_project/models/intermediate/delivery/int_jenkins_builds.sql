-- A pipeline checks out shared libraries too: the repository that the catalogue knows is the build's, else the first.
with recursive builds as (

    select
        job,
        build_number,
        started_at,
        finished_at,
        duration_ms,
        queue_ms,
        is_building,
        result,
        cause,
        replayed_build_number,
        has_timed_out,
        initiator_id,
        upstream_job,
        upstream_build_number,
        first_sha,
        first_branch,
        first_repository,
        second_sha,
        second_branch,
        second_repository,
        third_sha,
        third_branch,
        third_repository,
        row_number() over (partition by job, build_number order by started_at) as incarnation
    from {{ ref('stg_jenkins__builds') }}

),

-- A build that is replayed is the same run once more, and so is the replay of a replay. Of a job that was recreated the
-- newest build of that number is meant.
originals as (

    select
        replays.job,
        replays.build_number,
        replays.started_at,
        builds.started_at as original_started_at,
        builds.build_number as original_build_number,
        row_number() over (
            partition by replays.job, replays.build_number, replays.started_at order by builds.started_at desc
        ) as rank
    from builds as replays
    inner join builds
        on
            replays.job = builds.job
            and replays.replayed_build_number = builds.build_number
            and replays.started_at > builds.started_at

),

replayed as (

    select
        job,
        build_number,
        started_at,
        original_build_number,
        original_started_at
    from originals
    where rank = 1

),

first_builds as (

    select
        builds.job,
        builds.build_number,
        builds.started_at,
        builds.build_number as first_build_number,
        builds.incarnation as first_incarnation,
        builds.started_at as first_started_at
    from builds
    left join replayed
        on
            builds.job = replayed.job
            and builds.build_number = replayed.build_number
            and builds.started_at = replayed.started_at
    where replayed.job is null
    union all
    select
        replayed.job,
        replayed.build_number,
        replayed.started_at,
        first_builds.first_build_number,
        first_builds.first_incarnation,
        first_builds.first_started_at
    from first_builds
    inner join replayed
        on
            first_builds.job = replayed.job
            and first_builds.build_number = replayed.original_build_number
            and first_builds.started_at = replayed.original_started_at

),

catalogued as (

    select distinct repository
    from {{ ref('int_repositories') }}

),

chosen as (

    select
        builds.*,
        first_builds.first_build_number,
        first_builds.first_incarnation,
        first_builds.first_started_at,
        case
            when first_known.repository is not null then 1
            when second_known.repository is not null then 2
            when third_known.repository is not null then 3
            else 1
        end as choice
    from builds
    inner join first_builds
        on
            builds.job = first_builds.job
            and builds.build_number = first_builds.build_number
            and builds.started_at = first_builds.started_at
    left join catalogued as first_known on builds.first_repository = first_known.repository
    left join catalogued as second_known on builds.second_repository = second_known.repository
    left join catalogued as third_known on builds.third_repository = third_known.repository

),

checked_out as (

    select
        chosen.*,
        case choice when 1 then first_repository when 2 then second_repository else third_repository end as repository,
        case choice when 1 then first_sha when 2 then second_sha else third_sha end as sha,
        regexp_extract(
            case choice when 1 then first_branch when 2 then second_branch else third_branch end,
            '^(?:refs/remotes/[^/]+/|refs/heads/|origin/)?(.*)$',
            1
        ) as branch
    from chosen

),

-- A multibranch project has a job per branch; a build that failed before it checked anything out does not say which. The
-- list of jobs does, else what other builds of the job checked out.
named as (

    select
        checked_out.*,
        regexp_extract(checked_out.job, '([^/]+)$', 1) as last_part,
        coalesce(
            jobs.branch,
            max(case when checked_out.job like '%/' || checked_out.branch then checked_out.branch end) over (
                partition by checked_out.job
            )
        ) as job_branch,
        coalesce(jobs.is_change_request, false) as is_told_change_request,
        -- A default branch that was renamed leaves a job behind that is disabled.
        case when jobs.is_primary and jobs.is_buildable then true end as is_primary_branch
    from checked_out
    left join {{ ref('stg_jenkins__jobs') }} as jobs on checked_out.job = jobs.job

),

branched as (

    select
        named.*,
        coalesce(job_branch, case when job like '%/%' and (cause like 'branch%' or is_pull_request) then last_part end)
            as multibranch_part
    from (
        select
            named.*,
            is_told_change_request or {{ matches_pattern('last_part', "'^(PR|MR)-[0-9]+'") }} as is_pull_request
        from named
    ) as named

)

select
    -- A job that is recreated counts from 1 again.
    job || '#' || cast(build_number as string)
    || case when incarnation > 1 then '@' || replace(cast(started_at as string), ' ', 'T') else '' end as native_build_id,
    job || '#' || cast(first_build_number as string)
    || case when first_incarnation > 1 then '@' || replace(cast(first_started_at as string), ' ', 'T') else '' end
        as native_run_id,
    row_number() over (partition by job, first_build_number, first_incarnation order by started_at, build_number) as attempt,
    job,
    build_number,
    case
        when multibranch_part is not null then substring(job, 1, length(job) - length(multibranch_part) - 1)
        else job
    end as project,
    is_pull_request,
    is_primary_branch,
    repository,
    sha,
    coalesce(branch, multibranch_part) as branch,
    cause,
    initiator_id,
    upstream_job || '#' || cast(upstream_build_number as string) as native_parent_run_id,
    case
        when is_building or result is null then 'running'
        when result = 'aborted' and has_timed_out then 'timed_out'
        else result
    end as raw_status,
    {{ dbt.dateadd('second', '-1 * ' ~ whole_quotient('coalesce(queue_ms, 0)', '1000'), 'started_at') }} as created_at,
    started_at,
    finished_at,
    {{ whole_quotient('duration_ms', '1000') }} as duration_seconds
from branched
