{#- A view: columns of one table, several times over, which are read as fast there as from a copy of them. -#}
{{ config(materialized='view' if target.type == 'duckdb' else 'table') }}

with

deployments as (
    select
        deployment_id,
        service_id,
        deployment_date,
        exclusion_reason
    from {{ ref('fct_deployments') }}
    where
        is_production
        or environment_tier = 'unmapped'
)

{% for kpi_id in ['deployment_frequency', 'deployment_days'] %}
    select
        {{ kpi_record_columns(
            kpi_id, 'deployment_id', 'deployment_date', 'exclusion_reason', numerator='1', denominator='1'
        ) }}
    from deployments
    {{ "union all" if not loop.last }}
{%- endfor %}
