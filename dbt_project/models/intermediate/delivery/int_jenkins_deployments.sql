-- Jenkins does not know what a deployment is: a stage whose name says that it deploys is one, else a build of a job whose
-- name does. What follows the word (deploy to production) is the environment.
with builds as (

    select
        native_build_id,
        native_run_id,
        job,
        build_number,
        project,
        repository,
        sha,
        branch,
        initiator_id,
        raw_status,
        created_at,
        started_at,
        finished_at,
        lead(started_at) over (partition by job, build_number order by started_at) as next_started_at
    from {{ ref('int_jenkins_builds') }}

),

rules as (

    select
        rank,
        field,
        pattern,
        task
    from {{ ref('deployment_rules') }}
    where system = 'jenkins'

),

texts as (

    select
        'stage' as field,
        lower(stage_name) as rule_text
    from {{ ref('stg_jenkins__stages') }}
    union
    select
        'job' as field,
        lower(regexp_extract(project, '([^/]+)$', 1)) as rule_text
    from builds

),

ruled as (

    select
        texts.field,
        texts.rule_text,
        rules.task,
        row_number() over (
            partition by texts.field, texts.rule_text order by rules.rank asc, rules.pattern asc
        ) as rank
    from texts
    inner join rules
        on
            texts.field = rules.field
            and {{ matches_pattern('texts.rule_text', 'rules.pattern') }}

),

deploying as (

    select
        field,
        rule_text,
        task,
        lower(nullif(regexp_extract(
            rule_text,
            '(?:deploy[a-z]*|roll[-_ ]?out|roll[-_ ]?back|promote|ship|go[-_ ]?live|release)[-_: ]+(?:(?:to|in|on|into|of)[-_: ]+)?(.+)$',
            1
        ), '')) as named_environment
    from ruled
    where rank = 1 and task <> 'none'

),

stages as (

    select
        told.job,
        told.build_number,
        told.stage_id,
        told.status,
        told.started_at,
        told.finished_at,
        told.pause_ms,
        deploying.task,
        coalesce(deploying.named_environment, deploying.rule_text) as environment
    from {{ ref('stg_jenkins__stages') }} as told
    inner join deploying
        on
            deploying.field = 'stage'
            and lower(told.stage_name) = deploying.rule_text
    where coalesce(told.status, '') <> 'not_executed'

),

attempts as (

    select
        coalesce(builds.native_build_id, stages.job || '#' || cast(stages.build_number as string)) || '/'
        || stages.stage_id as native_id,
        coalesce(builds.native_run_id, stages.job || '#' || cast(stages.build_number as string)) as native_run_id,
        coalesce(builds.project, stages.job) as project,
        builds.repository,
        builds.sha,
        builds.branch,
        builds.initiator_id,
        stages.task,
        stages.environment,
        stages.status as state,
        stages.started_at as created_at,
        {{ dbt.dateadd('second', whole_quotient('coalesce(stages.pause_ms, 0)', '1000'), 'stages.started_at') }}
            as started_at,
        stages.finished_at
    from stages
    -- A job that is recreated has builds of the same numbers.
    left join builds
        on
            stages.job = builds.job
            and stages.build_number = builds.build_number
            and stages.started_at >= builds.started_at
            and (builds.next_started_at is null or stages.started_at < builds.next_started_at)
    union all
    select
        builds.native_build_id as native_id,
        builds.native_run_id,
        builds.project,
        builds.repository,
        builds.sha,
        builds.branch,
        builds.initiator_id,
        deploying.task,
        coalesce(deploying.named_environment, deploying.rule_text) as environment,
        case when builds.raw_status = 'running' then 'in_progress' else builds.raw_status end as state,
        builds.created_at,
        builds.started_at,
        builds.finished_at
    from builds
    inner join deploying
        on
            deploying.field = 'job'
            and lower(regexp_extract(builds.project, '([^/]+)$', 1)) = deploying.rule_text
    left join stages
        on
            builds.job = stages.job
            and builds.build_number = stages.build_number
    where stages.job is null

)

select
    native_id,
    repository,
    cast(null as string) as code_repository,
    sha,
    branch as ref,
    sha as version,
    cast(null as string) as image_references,
    task,
    environment,
    regexp_extract(project, '([^/]+)$', 1) as environment_hint,
    cast(null as string) as told_tier,
    cast(null as string) as rollout_id,
    project as service_name,
    regexp_extract(project, '([^/]+)$', 1) as second_service_name,
    nullif(
        regexp_extract(
            lower(project), '([^/]+?)[-_.](?:deploy[a-z]*|roll-?out|roll-?back|promote|release|cd)(?:[-_.][^/]*)?$', 1
        ),
        ''
    ) as third_service_name,
    initiator_id as deployer_id,
    native_run_id,
    created_at,
    started_at,
    finished_at,
    state,
    cast(null as string) as outcome,
    cast(null as string) as unmapped_state,
    cast(null as string) as exclusion_reason
from attempts
