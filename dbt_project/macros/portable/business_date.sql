{#- The day (date) on which a UTC instant falls in the business timezone (var business_timezone).
    Usage: business_date('finished_at') -#}
{% macro business_date(instant) -%}
    {%- set zone = var('business_timezone') -%}
    {%- if zone | upper == 'UTC' -%}
        cast({{ instant }} as date)
    {%- else -%}
        cast({{ local_timestamp(instant, "'" ~ zone ~ "'") }} as date)
    {%- endif -%}
{%- endmacro %}
