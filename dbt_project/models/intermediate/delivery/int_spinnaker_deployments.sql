-- A stage that deploys is one attempt; the stages that Spinnaker takes it apart into are its parts. One that never
-- began is none.
with rules as (

    select
        rank,
        pattern,
        task
    from {{ ref('deployment_rules') }}
    where system = 'spinnaker' and field = 'stage_type'

),

stage_types as (

    select distinct stage_type
    from {{ ref('stg_spinnaker__stages') }}

),

ruled as (

    select
        stage_types.stage_type,
        rules.task,
        row_number() over (partition by stage_types.stage_type order by rules.rank asc, rules.pattern asc) as rank
    from stage_types
    inner join rules on {{ matches_pattern('stage_types.stage_type', 'rules.pattern') }}

)

select
    stages.stage_id as native_id,
    executions.repository,
    cast(null as string) as code_repository,
    executions.sha,
    executions.branch as ref,
    coalesce(stages.image, executions.image, executions.tag, executions.sha) as version,
    '["' || nullif(
        regexp_extract(coalesce(stages.image, executions.image, executions.tag), '^([A-Za-z0-9_./:@+-]+)$', 1), ''
    ) || '"]' as image_references,
    ruled.task,
    case
        when stages.account is null then stages.location
        else stages.account || coalesce('/' || stages.location, '')
    end as environment,
    coalesce(stages.stage_name || ' ', '') || coalesce(executions.pipeline_name, '') as environment_hint,
    cast(null as string) as told_tier,
    stages.execution_id || '/' || ruled.task as rollout_id,
    stages.moniker_app as service_name,
    executions.application as second_service_name,
    stages.cluster as third_service_name,
    executions.initiator_id as deployer_id,
    stages.execution_id as native_run_id,
    stages.started_at as created_at,
    stages.started_at,
    stages.finished_at,
    stages.status as state,
    cast(null as string) as outcome,
    cast(null as string) as unmapped_state,
    case when executions.is_dry_run then 'dry_run' end as exclusion_reason
from {{ ref('stg_spinnaker__stages') }} as stages
inner join ruled
    on
        stages.stage_type = ruled.stage_type
        and ruled.rank = 1
left join {{ ref('stg_spinnaker__executions') }} as executions on stages.execution_id = executions.execution_id
where
    ruled.task <> 'none'
    and stages.parent_stage_id is null
    and stages.started_at is not null
