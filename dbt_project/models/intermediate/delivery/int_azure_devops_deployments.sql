-- Two ways to deploy: a classic release to a stage, and a YAML pipeline's stage whose jobs name an environment. The
-- jobs of one attempt of a stage are one deployment: it failed if one of them did.
{{ config(materialized='view') }}

with builds as (

    select
        build_key,
        repository,
        sha,
        branch,
        source_ref,
        definition_name,
        requester_id
    from {{ ref('int_azure_devops_builds') }}

),

releases as (

    select
        organization,
        project,
        deployment_id,
        release_name,
        definition_name,
        environment,
        deployment_status,
        artifacts,
        deployer_id,
        queued_at,
        started_at,
        completed_at
    from {{ ref('stg_azure_devops__release_deployments') }}

),

listed as (

    {{ explode_json_array('releases', ['organization', 'project', 'deployment_id'], 'artifacts', 'artifact') }}

),

described as (

    select
        organization,
        project,
        deployment_id,
        lower({{ json_text('artifact', 'type') }}) as artifact_type,
        {{ json_text('artifact', 'definitionReference.version.id') }} as version_id,
        {{ json_text('artifact', 'definitionReference.version.name') }} as version_name,
        lower({{ json_text('artifact', 'definitionReference.sourceVersion.id') }}) as source_sha,
        {{ json_text('artifact', 'definitionReference.branch.id') }} as source_ref,
        -- Without a mark, the first one is the primary artifact.
        row_number() over (
            partition by organization, project, deployment_id
            order by
                case when {{ json_text('artifact', 'isPrimary') }} = 'true' then 0 else 1 end asc, element_index asc
        ) as position
    from listed

),

artifacts as (

    select
        organization,
        project,
        deployment_id,
        version_name,
        source_ref,
        case when artifact_type = 'build' then organization || '/' || version_id end as build_key,
        case when artifact_type in ('git', 'github', 'githubrelease') then lower(version_id) else source_sha end as sha
    from described
    where position = 1

),

told_releases as (

    select
        releases.organization || '/' || releases.project || '/release/' || cast(releases.deployment_id as string)
            as native_id,
        builds.repository,
        coalesce(builds.sha, nullif(regexp_extract(artifacts.sha, '^([0-9a-f]{7,40})$', 1), '')) as sha,
        coalesce(builds.source_ref, artifacts.source_ref) as ref,
        coalesce(artifacts.version_name, releases.release_name) as version_name,
        releases.environment,
        releases.definition_name as service_name,
        builds.definition_name as second_service_name,
        releases.deployer_id,
        artifacts.build_key as native_run_id,
        coalesce(releases.queued_at, releases.started_at) as created_at,
        releases.started_at,
        releases.completed_at as finished_at,
        releases.deployment_status as state
    from releases
    left join artifacts
        on
            releases.organization = artifacts.organization
            and releases.project = artifacts.project
            and releases.deployment_id = artifacts.deployment_id
    left join builds on artifacts.build_key = builds.build_key

),

stages as (

    select
        organization,
        project,
        environment_id,
        max(environment) as environment,
        build_id,
        coalesce(stage_name, '') as stage_name,
        coalesce(stage_attempt, 1) as stage_attempt,
        max(definition_name) as definition_name,
        min(queued_at) as queued_at,
        min(started_at) as started_at,
        max(finished_at) as finished_at,
        case
            when max(case when result = 'failed' then 1 else 0 end) = 1 then 'failed'
            when max(case when result in ('canceled', 'abandoned') then 1 else 0 end) = 1 then 'canceled'
            when max(case when result is null then 1 else 0 end) = 1 then 'inprogress'
            when max(case when result in ('succeeded', 'succeededwithissues') then 1 else 0 end) = 1 then 'succeeded'
            else max(result)
        end as state
    from {{ ref('stg_azure_devops__environment_deployments') }}
    group by
        organization, project, environment_id, build_id, coalesce(stage_name, ''), coalesce(stage_attempt, 1)

),

told_stages as (

    select
        stages.organization || '/' || coalesce(stages.project, '') || '/' || cast(stages.environment_id as string)
        || '/' || coalesce(cast(stages.build_id as string), '') || '/' || stages.stage_name
        || '/' || cast(stages.stage_attempt as string) as native_id,
        builds.repository,
        builds.sha,
        builds.source_ref as ref,
        cast(null as string) as version_name,
        stages.environment,
        stages.definition_name as service_name,
        cast(null as string) as second_service_name,
        builds.requester_id as deployer_id,
        stages.organization || '/' || cast(stages.build_id as string) as native_run_id,
        coalesce(stages.queued_at, stages.started_at) as created_at,
        stages.started_at,
        stages.finished_at,
        stages.state
    from stages
    left join builds on stages.organization || '/' || cast(stages.build_id as string) = builds.build_key

),

told as (

    {% for way in ['told_releases', 'told_stages'] -%}
    select
        native_id,
        repository,
        sha,
        ref,
        version_name,
        environment,
        service_name,
        second_service_name,
        deployer_id,
        native_run_id,
        created_at,
        started_at,
        finished_at,
        state
    from {{ way }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    native_id,
    repository,
    cast(null as string) as code_repository,
    sha,
    ref,
    coalesce(sha, version_name, ref) as version,
    cast(null as string) as image_references,
    'deploy' as task,
    environment,
    service_name as environment_hint,
    cast(null as string) as told_tier,
    cast(null as string) as rollout_id,
    service_name,
    second_service_name,
    cast(null as string) as third_service_name,
    deployer_id,
    native_run_id,
    created_at,
    started_at,
    finished_at,
    state,
    cast(null as string) as outcome,
    cast(null as string) as unmapped_state,
    cast(null as string) as exclusion_reason
from told
