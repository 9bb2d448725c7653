{#- Another system is another relation int_<system>_pipeline_attempts with these columns, and its rows of status_map (concept
    pipeline_run): statuses as the systems tell them, and services not yet looked up. -#}
{%- set systems = ['bitbucket', 'github', 'gitlab', 'jenkins', 'spinnaker'] -%}

{% for system in systems -%}
select
    '{{ system }}' as source_system,
    native_run_id,
    attempt,
    repository,
    pipeline_name,
    pipeline_path,
    native_parent_run_id,
    trigger_event,
    is_pull_request,
    is_primary_branch,
    branch,
    sha,
    head_repository,
    raw_status,
    created_at,
    started_at,
    finished_at,
    work_started_at,
    duration_seconds
from {{ ref('int_' ~ system ~ '_pipeline_attempts') }}
union all
{% endfor -%}
select
    'azure_devops' as source_system,
    build_key as native_run_id,
    attempt,
    repository,
    definition_name as pipeline_name,
    cast(null as string) as pipeline_path,
    cast(null as string) as native_parent_run_id,
    reason as trigger_event,
    coalesce(reason = 'pullrequest' or source_ref like 'refs/pull/%', false) as is_pull_request,
    cast(null as boolean) as is_primary_branch,
    branch,
    sha,
    cast(null as string) as head_repository,
    raw_status,
    queued_at as created_at,
    started_at,
    finished_at,
    work_started_at,
    cast(null as bigint) as duration_seconds
from {{ ref('int_azure_devops_builds') }}
