{%- set systems = ['argo_cd', 'azure_devops', 'bitbucket', 'flux', 'github', 'gitlab', 'jenkins', 'spinnaker'] -%}
-- Another system is another relation int_<system>_deployments with these columns, and its rows of status_map (concept
-- deployment) unless it tells the outcome itself. Everything behind this model knows deployments, not systems.
with told as (

    {% for system in systems -%}
    select
        '{{ system }}' as source_system,
        native_id,
        repository,
        code_repository,
        sha,
        ref,
        version,
        image_references,
        task,
        environment,
        environment_hint,
        told_tier,
        rollout_id,
        service_name,
        second_service_name,
        third_service_name,
        deployer_id,
        native_run_id,
        created_at,
        started_at,
        finished_at,
        state,
        outcome,
        unmapped_state,
        exclusion_reason
    from {{ ref('int_' ~ system ~ '_deployments') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

status_map as (

    select
        system,
        raw_value,
        status
    from {{ ref('status_map') }}
    where concept = 'deployment'

),

mapped as (

    select
        told.*,
        case
            when told.outcome is not null then told.outcome
            when status_map.status in ('success', 'superseded') then 'success'
            when status_map.status in ('failure', 'timed_out') then 'failure'
            when status_map.status in ('cancelled', 'skipped') then 'cancelled'
            when status_map.status in ('in_progress', 'queued', 'running') then 'running'
            when told.state is null then 'running'
            else 'unmapped'
        end as mapped_outcome,
        status_map.raw_value is not null as is_known_state
    from told
    left join status_map
        on
            told.source_system = status_map.system
            and lower(told.state) = status_map.raw_value

)

select
    source_system,
    source_system || ':' || native_id as attempt_id,
    native_id,
    repository,
    code_repository,
    sha,
    ref,
    version,
    image_references,
    coalesce(task, 'deploy') as task,
    environment,
    environment_hint,
    told_tier,
    rollout_id,
    lower(service_name) as service_name,
    lower(second_service_name) as second_service_name,
    lower(third_service_name) as third_service_name,
    deployer_id,
    source_system || ':' || native_run_id as run_id,
    created_at,
    started_at,
    case when mapped_outcome not in ('running', 'unmapped') then finished_at end as finished_at,
    mapped_outcome as outcome,
    case when unmapped_state is null and not is_known_state and outcome is null then state else unmapped_state end
        as unmapped_state,
    exclusion_reason
from mapped
