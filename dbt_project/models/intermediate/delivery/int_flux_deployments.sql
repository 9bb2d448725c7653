-- Helm releases are known by their history, Kustomizations by their events alone, which tell the same revision again at
-- every interval: only the first success of a revision deploys it, and it fails at most once before that. A
-- release's events count where its history, which is short, was not seen in time.
with releases as (

    select
        coalesce(cluster, '') as cluster,
        namespace,
        release_name,
        release_version,
        digest,
        object_name,
        coalesce(object_namespace, namespace) as object_namespace,
        service_label,
        environment_label,
        chart_name,
        chart_version,
        app_version,
        config_digest,
        action,
        status,
        last_deployed_at
    from {{ ref('stg_flux__helm_releases') }}

),

rules as (

    select
        rank,
        pattern,
        task
    from {{ ref('deployment_rules') }}
    where system = 'flux' and field = 'reason'

),

status_map as (

    select
        raw_value,
        status
    from {{ ref('status_map') }}
    where system = 'flux' and concept = 'deployment'

),

reasons as (

    select distinct reason
    from {{ ref('stg_flux__events') }}

),

ruled as (

    select
        reasons.reason,
        rules.task,
        status_map.status,
        row_number() over (partition by reasons.reason order by rules.rank asc, rules.pattern asc) as rank
    from reasons
    inner join rules on {{ matches_pattern('reasons.reason', 'rules.pattern') }}
    left join status_map on reasons.reason = status_map.raw_value

),

events as (

    select
        coalesce(events.cluster, '') as cluster,
        events.object_kind,
        coalesce(events.object_namespace, '') as object_namespace,
        events.object_name,
        events.reason,
        events.revision,
        events.sha,
        events.ref,
        events.app_version,
        -- Only an alert's metadata name it; Kubernetes' own event of the same object does not.
        coalesce(
            events.environment,
            max(events.environment) over (
                partition by events.cluster, events.object_kind, events.object_namespace, events.object_name
            )
        ) as environment,
        events.occurred_at,
        ruled.task,
        case when ruled.status = 'success' then 1 else 0 end as is_success
    from {{ ref('stg_flux__events') }} as events
    inner join ruled
        on
            events.reason = ruled.reason
            and ruled.rank = 1
    -- What does not say of which revision it speaks deploys none.
    where ruled.task <> 'none' and events.revision is not null

),

successes as (

    select
        events.*,
        case
            when
                events.is_success = 1
                and events.revision = lag(events.revision) over (
                    partition by
                        events.cluster, events.object_kind, events.object_namespace, events.object_name, events.is_success
                    order by events.occurred_at, events.reason, events.revision
                )
                then 0
            else events.is_success
        end as is_new_revision
    from events

),

running as (

    select
        successes.*,
        sum(successes.is_new_revision) over (
            partition by successes.cluster, successes.object_kind, successes.object_namespace, successes.object_name
            order by successes.occurred_at, successes.reason, successes.revision
            rows between unbounded preceding and current row
        ) as revision_number
    from successes

),

-- The revision that ran when an event came, and which of the failures of another one is the first.
placed as (

    select
        running.*,
        max(case when running.is_new_revision = 1 then running.revision end) over (
            partition by
                running.cluster,
                running.object_kind,
                running.object_namespace,
                running.object_name,
                running.revision_number
        ) as running_revision,
        row_number() over (
            partition by
                running.cluster,
                running.object_kind,
                running.object_namespace,
                running.object_name,
                running.revision_number,
                running.revision,
                running.is_success
            order by running.occurred_at, running.reason
        ) as repetition
    from running

),

told_events as (

    select
        placed.*,
        releases.release_name is not null as is_in_history,
        row_number() over (
            partition by
                placed.cluster,
                placed.object_kind,
                placed.object_namespace,
                placed.object_name,
                placed.reason,
                placed.revision,
                placed.occurred_at
            order by releases.last_deployed_at desc, releases.release_version desc
        ) as match_rank
    from placed
    left join releases
        on
            placed.object_kind = 'helmrelease'
            and placed.cluster = releases.cluster
            and placed.object_namespace = releases.object_namespace
            and placed.object_name = coalesce(releases.object_name, releases.release_name)
            and placed.revision = releases.chart_version
            -- An upgrade waits for its pods: an hour is the longest that anybody waits.
            and releases.last_deployed_at <= placed.occurred_at
            and {{ seconds_between('releases.last_deployed_at', 'placed.occurred_at') }} <= 3600
    where
        placed.is_new_revision = 1
        or (
            placed.is_success = 0
            and placed.repetition = 1
            and placed.revision <> coalesce(placed.running_revision, '')
        )

)

select
    cluster || '/' || namespace || '/' || release_name || '/' || cast(release_version as string) || '/'
    || substring(replace(digest, 'sha256:', ''), 1, 12) as native_id,
    cast(null as string) as repository,
    cast(null as string) as code_repository,
    lower(nullif(regexp_extract(chart_version, '[+]([0-9a-fA-F]{7,40})$', 1), '')) as sha,
    cast(null as string) as ref,
    chart_name || '-' || chart_version || coalesce('/' || config_digest, '') as version,
    '["' || nullif(regexp_extract(chart_version, '^([A-Za-z0-9_./:@+-]+)$', 1), '')
    || coalesce('","' || nullif(regexp_extract(app_version, '^([A-Za-z0-9_./:@+-]+)$', 1), ''), '') || '"]'
        as image_references,
    case when action = 'rollback' then 'rollback' else 'deploy' end as task,
    coalesce(environment_label, case when cluster = '' then namespace else cluster || '/' || namespace end) as environment,
    coalesce(object_name || ' ', '') || release_name as environment_hint,
    cast(null as string) as told_tier,
    cast(null as string) as rollout_id,
    release_name as service_name,
    service_label as second_service_name,
    namespace as third_service_name,
    cast(null as string) as deployer_id,
    cast(null as string) as native_run_id,
    last_deployed_at as created_at,
    last_deployed_at as started_at,
    last_deployed_at as finished_at,
    status as state,
    cast(null as string) as outcome,
    cast(null as string) as unmapped_state,
    cast(null as string) as exclusion_reason
from releases
where action <> 'uninstall'
union all
select
    cluster || '/' || object_kind || '/' || object_namespace || '/' || object_name || '/' || reason
    || '@' || replace(cast(occurred_at as string), ' ', 'T') as native_id,
    cast(null as string) as repository,
    cast(null as string) as code_repository,
    sha,
    ref,
    revision as version,
    '["' || nullif(regexp_extract(app_version, '^([A-Za-z0-9_./:@+-]+)$', 1), '') || '"]' as image_references,
    task,
    coalesce(environment, case when cluster = '' then object_namespace else cluster || '/' || object_namespace end)
        as environment,
    object_name as environment_hint,
    cast(null as string) as told_tier,
    cast(null as string) as rollout_id,
    object_name as service_name,
    cast(null as string) as second_service_name,
    object_namespace as third_service_name,
    cast(null as string) as deployer_id,
    cast(null as string) as native_run_id,
    occurred_at as created_at,
    cast(null as timestamp) as started_at,
    occurred_at as finished_at,
    reason as state,
    cast(null as string) as outcome,
    cast(null as string) as unmapped_state,
    cast(null as string) as exclusion_reason
from told_events
where not is_in_history and match_rank = 1
