{#- The name of a time zone if it is an IANA name, else null: an engine refuses a whole query for one name that it does
    not know ("Eastern Time (US & Canada)"). Spark has no list to ask; there only the shape is checked.
    Usage: known_time_zone('users.time_zone') -#}
{% macro known_time_zone(name) -%}
    {{ return(adapter.dispatch('known_time_zone')(name)) }}
{%- endmacro %}

{% macro default__known_time_zone(name) -%}
    case when {{ matches_pattern(name, "'^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z0-9_+-]*)+)$'") }} then {{ name }} end
{%- endmacro %}

{% macro duckdb__known_time_zone(name) -%}
    case when {{ name }} in (select zones.name from pg_timezone_names() as zones) then {{ name }} end
{%- endmacro %}
