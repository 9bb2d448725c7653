{#- The text of a column where it is well-formed JSON, else null: what a source calls JSON may be plain text, and a
    JSON function must not stop on it. Usage: valid_json('payload') -#}
{% macro valid_json(column) -%}
    {{ return(adapter.dispatch('valid_json')(column)) }}
{%- endmacro %}

{% macro default__valid_json(column) -%}
    {{ exceptions.raise_compiler_error("valid_json is not written for " ~ target.type ~ ": add " ~ target.type ~ "__valid_json") }}
{%- endmacro %}

{% macro duckdb__valid_json(column) -%}
    case when json_valid({{ column }}) then {{ column }} end
{%- endmacro %}

{#- Spark's JSON functions give null on malformed text of their own accord. -#}
{% macro spark__valid_json(column) -%}
    {{ column }}
{%- endmacro %}
