{#- 32 hex digits (md5) over one expression or a list of them; null and '' differ, and so do ['a', 'bc'] and
    ['ab', 'c']. An identity for joins, not a protection of personal data.
    Usage: hash_text('title'), hash_text(['repository', 'sha']) -#}
{% macro hash_text(expressions) -%}
    {{ return(adapter.dispatch('hash_text')([expressions] if expressions is string else expressions)) }}
{%- endmacro %}

{% macro default__hash_text(expressions) -%}
    md5({% for expression in expressions %}coalesce(cast(length(cast({{ expression }} as {{ dbt.type_string() }})) as {{ dbt.type_string() }}) || ':' || cast({{ expression }} as {{ dbt.type_string() }}), '-'){% if not loop.last %} || {% endif %}{% endfor %})
{%- endmacro %}

{% macro duckdb__hash_text(expressions) -%}
    {{ return(default__hash_text(expressions)) }}
{%- endmacro %}

{% macro spark__hash_text(expressions) -%}
    {{ return(default__hash_text(expressions)) }}
{%- endmacro %}
