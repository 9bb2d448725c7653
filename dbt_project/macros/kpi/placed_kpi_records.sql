{#- A whole model: the records of that records model that lie in the calendar, each with the group, team and tier that it
    counts for. What makes up a cell of fct_kpi_values is a where clause over it: kpi_id, days of the period, segment.
    A view, except where marts are read as files. -#}
{% macro placed_kpi_records(name) -%}
    {{ config(materialized='view' if target.type == 'duckdb' else 'table') }}
    {%- set own_columns = [] -%}
    {%- for column, models in kpi_own_columns().items() if name in models -%}
        {%- do own_columns.append(column) -%}
    {%- endfor %}

with records as (

    select * from {{ ref(name) }} as told
    where {{ in_calendar('told') }}

),

placed as (

    {{ place_records('records', [
        'kpi_id', 'record_id', 'severity', 'provider', 'customer_id',
    ] + own_columns + ['numerator', 'denominator', 'measured', 'exclusion_reason']) }}

)

select
    kpi_id,
    record_id,
    event_date,
    group_id,
    team_id,
    service_id,
    tier,
    severity,
    provider,
    customer_id,
    {% for column in own_columns -%}
    {{ column }},
    {% endfor -%}
    numerator,
    denominator,
    measured,
    exclusion_reason
from placed
{%- endmacro %}
