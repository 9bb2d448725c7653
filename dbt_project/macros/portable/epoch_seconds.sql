{#- Whole seconds (bigint) from 1970-01-01 to a timestamp. Usage: epoch_seconds('started_at') -#}
{% macro epoch_seconds(instant) -%}
    {{ dbt.datediff("cast('1970-01-01 00:00:00' as timestamp)", instant, 'second') }}
{%- endmacro %}
