{#- Condition: is `low` at most `high`? Between equal records an interpolated percentile may differ from them in its last digit. -#}
{% macro at_most(low, high) -%}
    {{ low }} <= {{ high }} + 1e-12 * abs({{ high }})
{%- endmacro %}
