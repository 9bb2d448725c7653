-- What GitHub calls a deployment is one attempt by one job. Attempts of one service to one environment follow each
-- other in time; an attempt belongs to the deployment before it where both put the same thing there and (a) one
-- rollout or one pipeline run made both, (b) they overlapped, or (c) the one before had not succeeded: it is a
-- retry. Anything else is a deployment of its own, the same version put there again included.
with deployments as (

    select
        deployment_id,
        repository,
        environment,
        sha,
        ref,
        task,
        payload,
        creator_id,
        state,
        created_at
    from {{ ref('stg_github__deployments') }}

),

statuses as (

    select
        told.deployment_id,
        coalesce(status_map.status, 'unmapped') as status,
        told.state,
        told.log_url,
        told.created_at
    from {{ ref('stg_github__deployment_statuses') }} as told
    left join {{ ref('status_map') }} as status_map
        on
            status_map.system = 'github'
            and status_map.concept = 'deployment'
            and told.state = status_map.raw_value

),

outcomes as (

    select
        deployment_id,
        min(case when status = 'success' then created_at end) as succeeded_at,
        max(case when status in ('failure', 'cancelled') then created_at end) as failed_at,
        max(case when status in ('in_progress', 'queued') then created_at end) as last_active_at,
        min(case when status = 'in_progress' then created_at end) as started_at,
        max(case when status = 'superseded' then 1 else 0 end) as was_superseded,
        max(case when status = 'failure' then created_at end) as last_failure_at,
        max(case when status = 'cancelled' then created_at end) as last_cancelled_at,
        max(nullif(regexp_extract(log_url, '/actions/runs/([0-9]+)', 1), '')) as run_number
    from statuses
    group by deployment_id

),

environments as (

    select distinct environment
    from deployments
    where environment is not null

),

ranked_tiers as (

    select
        environments.environment,
        tiers.environment_tier,
        row_number() over (partition by environments.environment order by tiers.rank asc, tiers.pattern asc) as rank
    from environments
    inner join {{ ref('environment_tiers') }} as tiers
        on {{ matches_pattern('lower(environments.environment)', 'tiers.pattern') }}

),

repositories as (

    select
        repository,
        service_count,
        service_id
    from {{ ref('int_known_repositories') }}

),

-- Names by which a deployment may say whose it is: the service itself, or what the catalogue says GitHub calls it.
service_names as (

    select
        service_id as service_name,
        service_id
    from {{ ref('int_service_ownership') }}
    union
    select
        service_id as service_name,
        service_id
    from {{ ref('int_repositories') }}
    union
    select
        identifier as service_name,
        service_id
    from {{ ref('int_service_identifiers') }}
    where tool = 'github'

),

known_names as (

    select
        service_name,
        min(service_id) as service_id
    from service_names
    group by service_name

),

told as (

    select
        deployment_id,
        coalesce(lower({{ json_text('payload', 'source_repository') }}), repository) as repository,
        repository as told_repository,
        environment,
        coalesce(lower({{ json_text('payload', 'source_sha') }}), sha) as sha,
        ref,
        coalesce(task, 'deploy') as task,
        creator_id,
        state,
        created_at,
        lower({{ json_text('payload', 'service') }}) as payload_service,
        {{ json_text('payload', 'rollout_id') }} as rollout_id,
        {{ json_text('payload', 'image_tag') }} as image_tag,
        lower(nullif(regexp_extract(environment, '^([^/]+)/', 1), '')) as environment_prefix,
        lower(nullif(regexp_extract(task, '[:/]([^:/]+)$', 1), '')) as task_suffix
    from deployments

),

placed as (

    select
        told.deployment_id,
        told.repository,
        told.environment,
        told.sha,
        told.ref,
        told.task,
        told.creator_id,
        told.created_at,
        told.rollout_id,
        coalesce(told.sha, told.image_tag, told.ref) as version,
        coalesce(
            by_payload.service_id,
            by_environment.service_id,
            by_task.service_id,
            repositories.service_id,
            'unmapped'
        ) as service_id,
        coalesce(ranked_tiers.environment_tier, 'unmapped') as environment_tier,
        outcomes.run_number,
        outcomes.started_at,
        outcomes.succeeded_at,
        case
            when outcomes.succeeded_at is not null then 'success'
            -- GitHub retires only what had succeeded: that it did is known, when it did is not.
            when outcomes.was_superseded = 1 or told.state in ('active', 'inactive') then 'success'
            when outcomes.failed_at is null or outcomes.last_active_at > outcomes.failed_at then 'running'
            when outcomes.last_cancelled_at = outcomes.failed_at and outcomes.last_failure_at is null then 'cancelled'
            else 'failure'
        end as outcome,
        outcomes.failed_at
    from told
    left join outcomes on told.deployment_id = outcomes.deployment_id
    left join repositories on told.told_repository = repositories.repository
    left join known_names as by_payload on told.payload_service = by_payload.service_name
    left join known_names as by_environment on told.environment_prefix = by_environment.service_name
    left join known_names as by_task on told.task_suffix = by_task.service_name
    left join ranked_tiers
        on
            told.environment = ranked_tiers.environment
            and ranked_tiers.rank = 1

),

finished as (

    select
        placed.*,
        case
            when placed.outcome = 'success' then placed.succeeded_at
            when placed.outcome in ('failure', 'cancelled') then placed.failed_at
        end as finished_at,
        case
            when placed.service_id = 'unmapped' then 'repository ' || placed.repository else
                'service ' || placed.service_id
        end
        || ' ' || lower(coalesce(placed.environment, '')) as sequence_key
    from placed

),

compared as (

    select
        finished.*,
        lag(finished.version)
            over (partition by finished.sequence_key order by finished.created_at, finished.deployment_id)
            as previous_version,
        lag(finished.task)
            over (partition by finished.sequence_key order by finished.created_at, finished.deployment_id)
            as previous_task,
        lag(finished.rollout_id)
            over (partition by finished.sequence_key order by finished.created_at, finished.deployment_id)
            as previous_rollout_id,
        lag(finished.run_number)
            over (partition by finished.sequence_key order by finished.created_at, finished.deployment_id)
            as previous_run_number,
        lag(finished.outcome)
            over (partition by finished.sequence_key order by finished.created_at, finished.deployment_id)
            as previous_outcome,
        max(finished.finished_at) over (
            partition by finished.sequence_key, finished.version
            order by finished.created_at, finished.deployment_id
            rows between unbounded preceding and 1 preceding
        ) as version_finished_at
    from finished

),

linked as (

    select
        compared.*,
        case
            when compared.rollout_id = compared.previous_rollout_id then 0
            when compared.rollout_id is not null and compared.previous_rollout_id is not null then 1
            when
                compared.version is null
                or compared.previous_version is null
                or compared.version <> compared.previous_version
                or compared.task <> compared.previous_task
                then 1
            when compared.run_number = compared.previous_run_number then 0
            when compared.previous_outcome in ('failure', 'cancelled', 'running') then 0
            when compared.created_at < compared.version_finished_at then 0
            else 1
        end as begins
    from compared

),

numbered as (

    select
        linked.*,
        sum(linked.begins) over (
            partition by linked.sequence_key
            order by linked.created_at, linked.deployment_id
            rows between unbounded preceding and current row
        ) as deployment_number
    from linked

)

select
    'github:' || cast(deployment_id as string) as attempt_id,
    'github:' || cast(first_value(deployment_id) over (
        partition by sequence_key, deployment_number
        order by created_at, deployment_id
        rows between unbounded preceding and current row
    ) as string) as deployment_id,
    row_number() over (partition by sequence_key, deployment_number order by created_at, deployment_id) as attempt,
    repository,
    service_id,
    environment,
    environment_tier,
    sha,
    ref,
    version,
    task,
    creator_id as deployer_id,
    case when run_number is not null then 'github:' || run_number end as run_id,
    created_at,
    started_at,
    finished_at,
    outcome
from numbered
