{#- Aggregate: the group's texts in ascending order, joined by commas; the same text whatever the order of rows.
    Usage: sorted_list_text('file_part') -#}
{% macro sorted_list_text(expression) -%}
    {{ return(adapter.dispatch('sorted_list_text')(expression)) }}
{%- endmacro %}

{% macro default__sorted_list_text(expression) -%}
    string_agg({{ expression }}, ',' order by {{ expression }})
{%- endmacro %}

{% macro duckdb__sorted_list_text(expression) -%}
    {{ return(default__sorted_list_text(expression)) }}
{%- endmacro %}

{% macro spark__sorted_list_text(expression) -%}
    array_join(sort_array(collect_list({{ expression }})), ',')
{%- endmacro %}
