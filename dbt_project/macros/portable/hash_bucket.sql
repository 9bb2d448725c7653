{#- A 64-bit hash of the expressions, only for finding candidates fast: values differ between engines, so nothing
    may be stored or shown that depends on them. Usage: hash_bucket(['kpi_id', 'record_id']) -#}
{% macro hash_bucket(expressions) -%}
    {{ return(adapter.dispatch('hash_bucket')(expressions)) }}
{%- endmacro %}

{% macro default__hash_bucket(expressions) -%}
    {{ hash_text(expressions) }}
{%- endmacro %}

{% macro duckdb__hash_bucket(expressions) -%}
    hash({{ expressions | join(', ') }})
{%- endmacro %}

{% macro spark__hash_bucket(expressions) -%}
    xxhash64({{ expressions | join(', ') }})
{%- endmacro %}
