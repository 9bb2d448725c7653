{#- Aggregate: the distinct texts of a group in alphabetical order, joined by '|'. Usage: distinct_list_text('label') -#}
{% macro distinct_list_text(expression) -%}
    {{ return(adapter.dispatch('distinct_list_text')(expression)) }}
{%- endmacro %}

{% macro default__distinct_list_text(expression) -%}
    string_agg(distinct {{ expression }}, '|' order by {{ expression }})
{%- endmacro %}

{% macro duckdb__distinct_list_text(expression) -%}
    {{ return(default__distinct_list_text(expression)) }}
{%- endmacro %}

{% macro spark__distinct_list_text(expression) -%}
    nullif(array_join(array_sort(collect_set({{ expression }})), '|'), '')
{%- endmacro %}
