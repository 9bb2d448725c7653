{#- UTC instant (timestamp) of a wall-clock time in a zone: the inverse of local_timestamp. `zone` is SQL: a column
    that holds IANA names, or a quoted literal. Usage: utc_timestamp('started_local_at', 'time_zone') -#}
{% macro utc_timestamp(local_time, zone) -%}
    {{ return(adapter.dispatch('utc_timestamp')(local_time, zone)) }}
{%- endmacro %}

{% macro default__utc_timestamp(local_time, zone) -%}
    (({{ local_time }}) at time zone {{ zone }} at time zone 'UTC')
{%- endmacro %}

{% macro duckdb__utc_timestamp(local_time, zone) -%}
    timezone('UTC', timezone({{ zone }}, {{ local_time }}))
{%- endmacro %}

{% macro spark__utc_timestamp(local_time, zone) -%}
    to_utc_timestamp({{ local_time }}, {{ zone }})
{%- endmacro %}
