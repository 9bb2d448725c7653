{#- Condition: do the data of a KPI, which begin on `first_date`, begin in time for the window that the period `periods`
    closes? A KPI begins with the first record of its family: before that its sources had nothing to say. -#}
{% macro is_begun_in_time(aggregation, periods, first_date) -%}
    {{ dbt.datediff(window_start(aggregation, periods), first_date, 'day') }}
    <= {{ var('lead_in_share') }} * {{ periods }}.period_days
{%- endmacro %}

{#- First day of what a KPI's value of a period sums: of the period, or of the year that ends with it. -#}
{% macro window_start(aggregation, periods) -%}
    case when {{ aggregation }} like 'trailing%' then {{ periods }}.year_start else {{ periods }}.period_start end
{%- endmacro %}
