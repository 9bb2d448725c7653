{#- The text with each run of digits as one '#', so that texts that differ by counts, hosts or ids are the same.
    Usage: without_numbers('title') -#}
{% macro without_numbers(text) -%}
    {{ return(adapter.dispatch('without_numbers')(text)) }}
{%- endmacro %}

{% macro default__without_numbers(text) -%}
    regexp_replace({{ text }}, '[0-9]+', '#', 'g')
{%- endmacro %}

{% macro duckdb__without_numbers(text) -%}
    {{ return(default__without_numbers(text)) }}
{%- endmacro %}

{% macro spark__without_numbers(text) -%}
    regexp_replace({{ text }}, '[0-9]+', '#')
{%- endmacro %}
