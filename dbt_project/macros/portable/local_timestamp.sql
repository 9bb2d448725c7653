{#- Wall-clock time (timestamp) of a UTC instant in a zone. `zone` is SQL: a column that holds IANA names, or a
    quoted literal. Usage: local_timestamp('paged_at', 'user_time_zone'), local_timestamp('at', "'Europe/Berlin'") -#}
{% macro local_timestamp(instant, zone) -%}
    {{ return(adapter.dispatch('local_timestamp')(instant, zone)) }}
{%- endmacro %}

{% macro default__local_timestamp(instant, zone) -%}
    (({{ instant }}) at time zone 'UTC' at time zone {{ zone }})
{%- endmacro %}

{% macro duckdb__local_timestamp(instant, zone) -%}
    timezone({{ zone }}, timezone('UTC', {{ instant }}))
{%- endmacro %}

{% macro spark__local_timestamp(instant, zone) -%}
    from_utc_timestamp({{ instant }}, {{ zone }})
{%- endmacro %}
