{#- A view: columns of one table, several times over, which are read as fast there as from a copy of them. -#}
{{ config(materialized='view' if target.type == 'duckdb' else 'table') }}

{%- set numerators = {
    'change_failure_rate': 'is_failed_change',
    'change_failure_rate_1h': 'is_failed_within_1h',
    'change_failure_rate_4h': 'is_failed_within_4h',
    'change_failure_rate_24h': 'is_failed_within_24h',
    'change_failure_rate_72h': 'is_failed_within_72h',
    'rework_rate': 'is_rework',
} -%}

with

deployments as (
    select
        deployment_id,
        service_id,
        deployment_date,
        is_failed_change,
        is_failed_within_1h,
        is_failed_within_4h,
        is_failed_within_24h,
        is_failed_within_72h,
        is_rework,
        case
            when not ({{ var('cfr_count_failed_attempts') }} and exclusion_reason = 'failed') then exclusion_reason
        end as exclusion_reason
    from {{ ref('fct_deployments') }}
    where is_production
)

{% for kpi_id, flag in numerators.items() %}
    select
        {{ kpi_record_columns(
            kpi_id, 'deployment_id', 'deployment_date', 'exclusion_reason',
            numerator='case when ' ~ flag ~ ' then 1 else 0 end', denominator='1'
        ) }}
    from deployments
    {{ "union all" if not loop.last }}
{%- endfor %}
