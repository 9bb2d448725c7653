{#- Condition: is the aggregation one over the measured values of records, rather than over sums? -#}
{% macro is_over_values(aggregation) -%}
    {{ aggregation }} in ('median', 'p85', 'p90', 'maximum')
{%- endmacro %}
