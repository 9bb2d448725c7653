{#- The UTC instant (timestamp) at which a day begins in the business timezone (var business_timezone); `day` is SQL.
    Usage: business_day_start('event_date') -#}
{% macro business_day_start(day) -%}
    {%- set zone = var('business_timezone') -%}
    {%- if zone | upper == 'UTC' -%}
        cast({{ day }} as timestamp)
    {%- else -%}
        {{ utc_timestamp('cast(' ~ day ~ ' as timestamp)', "'" ~ zone ~ "'") }}
    {%- endif -%}
{%- endmacro %}

{#- The UTC instant (timestamp) of a wall-clock time in a zone; `zone` is SQL, as in local_timestamp.
    Usage: utc_timestamp('local_time', "'Europe/Berlin'") -#}
{% macro utc_timestamp(wall_clock, zone) -%}
    {{ return(adapter.dispatch('utc_timestamp')(wall_clock, zone)) }}
{%- endmacro %}

{% macro default__utc_timestamp(wall_clock, zone) -%}
    (({{ wall_clock }}) at time zone {{ zone }} at time zone 'UTC')
{%- endmacro %}

{% macro duckdb__utc_timestamp(wall_clock, zone) -%}
    timezone('UTC', timezone({{ zone }}, {{ wall_clock }}))
{%- endmacro %}

{% macro spark__utc_timestamp(wall_clock, zone) -%}
    to_utc_timestamp({{ wall_clock }}, {{ zone }})
{%- endmacro %}
