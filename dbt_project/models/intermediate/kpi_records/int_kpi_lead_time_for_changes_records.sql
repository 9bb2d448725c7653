{#- A view: columns of one table, several times over, which are read as fast there as from a copy of them. -#}
{{ config(materialized='view' if target.type == 'duckdb' else 'table') }}

{%- set stages = {
    'lead_time_for_changes': 'lead_time_seconds',
    'lead_time_coding': 'coding_seconds',
    'lead_time_pickup': 'pickup_seconds',
    'lead_time_review': 'review_seconds',
    'lead_time_deploy': 'deploy_seconds',
} -%}

with

changes as (
    select
        change_id,
        service_id,
        {{ business_date('coalesce(deployed_at, merged_at)') }} as event_date,
        lead_time_seconds,
        coding_seconds,
        pickup_seconds,
        review_seconds,
        deploy_seconds,
        exclusion_reason
    from {{ ref('fct_changes') }}
    where merged_at is not null
)

{% for kpi_id, seconds in stages.items() %}
    select
        {{ kpi_record_columns(
            kpi_id, 'change_id', 'event_date', 'exclusion_reason', measured='cast(' ~ seconds ~ ' as double) / 3600'
        ) }}
    from changes
    {%- if kpi_id != 'lead_time_for_changes' %}
        where
            {{ seconds }} is not null
            or exclusion_reason is not null
    {%- endif %}
    {{ "union all" if not loop.last }}
{%- endfor %}
