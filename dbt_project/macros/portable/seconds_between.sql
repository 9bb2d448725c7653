{#- Whole seconds from one instant to another (bigint; negative where the second is earlier, null where one is null).
    Usage: seconds_between('started_at', 'finished_at') -#}
{% macro seconds_between(first_instant, second_instant) -%}
    {{ dbt.datediff(first_instant, second_instant, 'second') | trim }}
{%- endmacro %}
