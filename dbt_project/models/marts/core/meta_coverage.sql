{#- Facts that tell of a record of a source system: its word for the record, its day, and what may have stayed unmapped besides
    the service. -#}
{%- set facts = [
    ('fct_changes', 'change', 'change_date', none),
    ('fct_deployments', 'deployment', 'deployment_date', none),
    ('fct_incidents', 'incident', 'began_date', 'severity'),
    ('fct_pipeline_runs', 'pipeline run', 'run_date', none),
    ('fct_vulnerabilities', 'vulnerability', 'first_detected_date', 'severity'),
    ('fct_work_items', 'work item', 'work_item_date', 'work_type'),
] -%}

with placed as (

    {% for fact, record_kind, day, mapped in facts -%}
    select
        source_system as system,
        '{{ record_kind }}' as record_kind,
        cast({{ dbt.date_trunc('month', day) }} as date) as month_start_date,
        case
            when exclusion_reason is not null then exclusion_reason
            {%- if mapped %}
            when {{ mapped }} = 'unmapped' then 'unmapped_{{ mapped }}'
            {%- endif %}
            when service_id = 'unmapped' then 'unmapped_service'
            else 'placed'
        end as reason,
        count(*) as record_count
    from {{ ref(fact) }}
    where {{ day }} <= date '{{ var("as_of_date") }}'
    group by 1, 2, 3, 4
    union all
    {% endfor -%}
    select
        source_system as system,
        'cloud charge' as record_kind,
        cast({{ dbt.date_trunc('month', 'charge_date') }} as date) as month_start_date,
        coalesce(unallocated_reason, 'placed') as reason,
        sum(charge_rows) as record_count
    from {{ ref('fct_cloud_cost_daily') }}
    where charge_date <= date '{{ var("as_of_date") }}'
    group by 1, 2, 3, 4

)

select
    system,
    record_kind,
    month_start_date,
    reason,
    cast(record_count as bigint) as record_count,
    cast(sum(record_count) over (partition by system, record_kind, month_start_date) as bigint) as month_record_count,
    cast(record_count as double)
    / sum(record_count) over (partition by system, record_kind, month_start_date) as record_share
from placed
