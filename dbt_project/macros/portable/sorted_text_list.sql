{#- Aggregate: the distinct texts of a group in alphabetical order, joined by '|'. Usage: sorted_text_list('label') -#}
{% macro sorted_text_list(expression) -%}
    {{ return(adapter.dispatch('sorted_text_list')(expression)) }}
{%- endmacro %}

{% macro default__sorted_text_list(expression) -%}
    string_agg(distinct {{ expression }}, '|' order by {{ expression }})
{%- endmacro %}

{% macro duckdb__sorted_text_list(expression) -%}
    {{ return(default__sorted_text_list(expression)) }}
{%- endmacro %}

{% macro spark__sorted_text_list(expression) -%}
    nullif(array_join(array_sort(collect_set({{ expression }})), '|'), '')
{%- endmacro %}
