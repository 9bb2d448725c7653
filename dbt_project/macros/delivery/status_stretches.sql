{#- Select: one row per stay of a work item in a status, from began_at until ended_at (null while it lasts).
    Usage: with told_stretches as ({{ status_stretches() }}) -#}
{% macro status_stretches() -%}
    select
        work_item_id,
        to_state,
        changed_at as began_at,
        lead(changed_at) over (partition by work_item_id order by changed_at asc, change_order asc) as ended_at
    from {{ ref('int_work_item_changes') }}
    where field = 'status'
{%- endmacro %}
