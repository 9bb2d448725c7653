{#- A select with one row per day (`day`, date) from the first to the last day, both included; both are SQL dates.
    Usage: days as ({{ days_as_rows("date '2026-01-01'", "date '2026-06-30'") }}) -#}
{% macro days_as_rows(first_day, last_day) -%}
    {{ return(adapter.dispatch('days_as_rows')(first_day, last_day)) }}
{%- endmacro %}

{% macro default__days_as_rows(first_day, last_day) -%}
    select cast(series.day as date) as day
    from generate_series(cast({{ first_day }} as timestamp), cast({{ last_day }} as timestamp), interval '1 day') as series (day)
{%- endmacro %}

{% macro duckdb__days_as_rows(first_day, last_day) -%}
    {{ return(default__days_as_rows(first_day, last_day)) }}
{%- endmacro %}

{% macro spark__days_as_rows(first_day, last_day) -%}
    select explode(sequence(cast({{ first_day }} as date), cast({{ last_day }} as date), interval 1 day)) as day
{%- endmacro %}
