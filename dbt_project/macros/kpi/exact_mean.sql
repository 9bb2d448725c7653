{#- Mean of a double as an aggregate, summed in decimals: sums of doubles differ in their last bits with the order in
    which threads deliver them, and a rerun must give the same bytes. Twelve decimals of the KPI's unit. -#}
{% macro exact_mean(expression) -%}
    cast(sum(cast({{ expression }} as decimal(38, 12))) as double) / nullif(count({{ expression }}), 0)
{%- endmacro %}
