{#- Between equal records an interpolated percentile may differ from them in its last digit. -#}
{% macro at_most(low, high) -%}
    facts.{{ low }} <= facts.{{ high }} + 1e-12 * abs(facts.{{ high }})
{%- endmacro %}
