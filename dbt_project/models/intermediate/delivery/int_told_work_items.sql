{#- A tracker is a relation with these columns and its name here. -#}
{%- set trackers = [
    ref('int_github_work_items'), ref('int_jira_work_items'), ref('int_azure_devops_work_items'),
    ref('int_gitlab_work_items'),
    ref('int_servicenow_work_items'),
] -%}
{%- set columns = [
    'source_system',
    'item_key',
    'repository',
    'project_key',
    'type_raw',
    'status_id',
    'status_name',
    'status_category',
    'resolution',
    'priority',
    'found_in',
    'title',
    'labels',
    'components',
    'linked_types',
    'epic_key',
    'epic_title',
    'points',
    'reporter_id',
    'reporter_group',
    'created_at',
    'told_started_at',
    'told_done_at',
    'told_due_date',
    'logged_seconds',
    'logged_by_count',
    'is_sla_breached',
    'exclusion_reason',
] %}

with told as (
    {% for tracker in trackers %}
    {{ 'union all' if not loop.first }}
    select
        {{ columns | join(',\n        ') }}
    from {{ tracker }}
    {%- endfor %}

)

select
    source_system || ':' || item_key as work_item_id,
    {{ columns | join(',\n    ') }}
from told
