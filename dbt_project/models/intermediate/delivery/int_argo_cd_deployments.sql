-- A successful sync stands in the application's history, any sync in its operation until the next one begins: both know
-- when it started, and an application runs one at a time.
with history as (

    select
        application_uid,
        history_id,
        application,
        service_label,
        environment_label,
        destination_cluster,
        destination_namespace,
        deploy_started_at as started_at,
        deployed_at,
        is_automated,
        initiator_id,
        revision,
        revisions,
        repository,
        kustomize_images,
        helm_image_tag,
        row_number() over (partition by application_uid, deploy_started_at order by history_id desc) as rank
    from {{ ref('stg_argo_cd__application_history') }}

),

operations as (

    select
        application_uid,
        application,
        service_label,
        environment_label,
        destination_cluster,
        destination_namespace,
        operation_started_at as started_at,
        operation_finished_at,
        operation_phase,
        operation_is_automated,
        operation_initiator_id,
        operation_revision,
        operation_revisions,
        operation_repository,
        images
    from {{ ref('stg_argo_cd__applications') }}
    where operation_started_at is not null

),

syncs as (

    select
        application_uid,
        started_at
    from history
    union
    select
        application_uid,
        started_at
    from operations

),

told as (

    select
        syncs.application_uid,
        syncs.started_at,
        coalesce(history.application, operations.application) as application,
        coalesce(history.service_label, operations.service_label) as service_label,
        coalesce(history.environment_label, operations.environment_label) as environment_label,
        coalesce(history.destination_cluster, operations.destination_cluster) as destination_cluster,
        coalesce(history.destination_namespace, operations.destination_namespace) as destination_namespace,
        coalesce(history.deployed_at, operations.operation_finished_at) as finished_at,
        case when history.application_uid is not null then 'succeeded' else operations.operation_phase end as state,
        coalesce(history.is_automated, operations.operation_is_automated, false) as is_automated,
        coalesce(history.initiator_id, operations.operation_initiator_id) as initiator_id,
        coalesce(history.revision, operations.operation_revision) as revision,
        coalesce(
            history.kustomize_images,
            history.helm_image_tag,
            history.revisions,
            history.revision,
            operations.operation_revisions,
            operations.operation_revision
        ) as version,
        coalesce(history.revisions, history.revision, operations.operation_revisions, operations.operation_revision)
            as all_revisions,
        coalesce(history.repository, operations.operation_repository) as repository,
        coalesce(
            history.kustomize_images,
            '["' || nullif(regexp_extract(history.helm_image_tag, '^([A-Za-z0-9_./:@+-]+)$', 1), '') || '"]',
            case when operations.operation_phase = 'succeeded' then operations.images end
        ) as image_references
    from syncs
    left join history
        on
            syncs.application_uid = history.application_uid
            and syncs.started_at = history.started_at
            and history.rank = 1
    left join operations
        on
            syncs.application_uid = operations.application_uid
            and syncs.started_at = operations.started_at

),

compared as (

    select
        told.*,
        lag(told.version) over (
            partition by told.application_uid, told.state order by told.started_at
        ) as previous_version,
        lag(told.all_revisions) over (
            partition by told.application_uid, told.state order by told.started_at
        ) as previous_revisions
    from told

)

select
    application_uid || '@' || replace(cast(started_at as string), ' ', 'T') as native_id,
    repository,
    cast(null as string) as code_repository,
    revision as sha,
    cast(null as string) as ref,
    version,
    image_references,
    'deploy' as task,
    coalesce(
        environment_label,
        case
            when destination_cluster in ('in-cluster', 'https://kubernetes.default.svc') or destination_cluster is null
                then destination_namespace
            else destination_cluster || coalesce('/' || destination_namespace, '')
        end
    ) as environment,
    application as environment_hint,
    cast(null as string) as told_tier,
    cast(null as string) as rollout_id,
    application as service_name,
    service_label as second_service_name,
    destination_namespace as third_service_name,
    initiator_id as deployer_id,
    cast(null as string) as native_run_id,
    started_at as created_at,
    started_at,
    finished_at,
    state,
    cast(null as string) as outcome,
    cast(null as string) as unmapped_state,
    -- Self-healing puts back what had drifted.
    case
        when state = 'succeeded' and is_automated and version = previous_version and all_revisions = previous_revisions
            then 'resync'
    end as exclusion_reason
from compared
