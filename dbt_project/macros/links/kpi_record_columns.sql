{#
    The columns that every kpi_*_records model yields, in their order and types.
    numerator, denominator, measured: expressions of a record that counts; excluded where `reason` is not null.
    work_type: expression for the models that kpi_own_columns() says have that column; the others leave it out.
#}
{% macro kpi_record_columns(
    kpi_id, record_id, event_date, reason, numerator='null', denominator='null', measured='null', severity='null',
    service_id='service_id', team_id='null', work_type=none
) -%}
    '{{ kpi_id }}' as kpi_id,
    {{ record_id }} as record_id,
    {{ event_date }} as event_date,
    {{ service_id }} as service_id,
    cast({{ team_id }} as string) as team_id,
    cast({{ severity }} as string) as severity,
    cast(null as string) as provider,
    cast(null as string) as customer_id,
    {% if work_type is not none -%}
    cast({{ work_type }} as string) as work_type,
    {% endif -%}
    cast(case when {{ reason }} is null then {{ numerator }} else 0 end as decimal(38, 9)) as numerator,
    cast(case when {{ reason }} is null then {{ denominator }} else 0 end as decimal(38, 9)) as denominator,
    cast(case when {{ reason }} is null then {{ measured }} end as double) as measured,
    {{ reason }} as exclusion_reason
{%- endmacro %}
