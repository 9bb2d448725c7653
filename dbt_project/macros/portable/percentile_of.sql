{#- Aggregate: the interpolated percentile `fraction` of the expression, one of `fractions`, which the same select asks for.
    DuckDB then keeps and sorts the values of a group once for all of them. Usage: percentile_of('measured', 0.5, [0.5, 0.9]) -#}
{% macro percentile_of(expression, fraction, fractions) -%}
    {{ return(adapter.dispatch('percentile_of')(expression, fraction, fractions)) }}
{%- endmacro %}

{% macro default__percentile_of(expression, fraction, fractions) -%}
    percentile_cont({{ fraction }}) within group (order by {{ expression }})
{%- endmacro %}

{% macro duckdb__percentile_of(expression, fraction, fractions) -%}
    quantile_cont({{ expression }}, {{ fractions }})[{{ fractions.index(fraction) + 1 }}]
{%- endmacro %}

{% macro spark__percentile_of(expression, fraction, fractions) -%}
    {{ return(default__percentile_of(expression, fraction, fractions)) }}
{%- endmacro %}
